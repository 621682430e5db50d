import assert from "node:assert/strict";
import type { View } from "../_relay/database/read.ts";
import { createWatchers } from "../_relay/generation/remote_readers.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_CLIENT_QUEUE_BYTES, MAX_WATCHED_STREAMS } from "../_relay/protocol/limits.ts";
import { away } from "../_relay/testing/database.ts";
import { watch } from "../_relay/testing/events.ts";
import { makeWorker } from "../_relay/testing/worker.ts";
import { createResume } from "./resume.ts";

/** A worker that runs `here`, and a database that knows `elsewhere`, which another worker runs. */
async function make() {
  const worker = makeWorker();
  const { call, client } = await worker.watched({ streamId: "here" });
  worker.database.admit("elsewhere");
  worker.database.calls.length = 0;
  const resume = createResume({
    database: worker.database,
    generations: worker.generations,
    watchers: createWatchers(worker, worker.database),
  });
  return {
    ...worker,
    call,
    client,
    resume,
    /** What was asked of the database. */
    reads: () => worker.database.calls.filter(([name]) => name === "read"),
    /** Ends all that runs, so that nothing is left of the worker. */
    async end() {
      worker.shutdown.begin("the test ends");
      await worker.keepAlive.settled();
      await worker.clock.run(0);
      assert.equal(worker.clock.pending, 0);
    },
  };
}

async function codeOf(resumed: Promise<unknown>): Promise<string> {
  try {
    await resumed;
  } catch (error) {
    assert.ok(error instanceof RelayError, String(error));
    return error.code;
  }
  return "resumed";
}

/** Takes this many seats of user-1. */
async function takeSeats(
  resume: Awaited<ReturnType<typeof make>>["resume"],
  streamId: string,
  count = MAX_WATCHED_STREAMS,
) {
  const clients = [];
  for (let seat = 0; seat < count; seat++) {
    clients.push(watch(await resume("user-1", streamId, null)));
  }
  return clients;
}

Deno.test("what runs here is read here, and the database is not asked", async () => {
  const { call, clock, end, reads, resume } = await make();
  call.send("Once");
  const client = watch(await resume("user-1", "here", 2));
  await clock.run(0);
  assert.deepEqual(client.events, [{ event: "token", id: "4", data: "ce" }]);
  assert.deepEqual(reads(), []);
  await end();
});

Deno.test("what runs elsewhere is watched from the offset on", async () => {
  const { clock, database, end, reads, resume } = await make();
  const piece = { start: 0, end: 4, text: "Once" };
  await database.beat([{ streamId: "elsewhere", fence: "fence-1", piece }]);
  const client = watch(await resume("user-1", "elsewhere", 2));
  const whole = watch(await resume("user-1", "elsewhere", null));
  await clock.run(0);
  assert.deepEqual(client.events, [{ event: "token", id: "4", data: "ce" }]);
  assert.deepEqual(whole.events.map(({ event }) => event), ["start", "token"]);
  assert.deepEqual(reads(), [["read", [{
    userId: "user-1",
    streamId: "elsewhere",
    from: 2,
  }]], ["read", [{ userId: "user-1", streamId: "elsewhere", from: 0 }]]]);
  await end();
});

Deno.test("for a stranger's stream that runs here the database is asked all the same, as for one that is unknown", async () => {
  const { end, reads, resume } = await make();
  for (const streamId of ["here", "elsewhere", "unknown"]) {
    assert.equal(await codeOf(resume("user-2", streamId, 3)), "stream_not_found");
    assert.deepEqual(reads().at(-1), ["read", [{ userId: "user-2", streamId, from: 3 }]]);
  }
  assert.equal(reads().length, 3);
  await end();
});

Deno.test("one more than the limit of streams is refused, before the database is asked", async () => {
  const { end, reads, resume } = await make();
  for (const [place, streamId] of ["here", "elsewhere"].entries()) {
    await takeSeats(resume, streamId, MAX_WATCHED_STREAMS / 2);
    assert.equal(reads().length, place * MAX_WATCHED_STREAMS / 2);
  }
  const asked = reads().length;
  for (const streamId of ["here", "elsewhere", "unknown"]) {
    await assert.rejects(resume("user-1", streamId, null), (error) => {
      assert.ok(error instanceof RelayError);
      assert.deepEqual([error.code, error.status, error.message, error.retryAfter], [
        "too_many_streams",
        429,
        `Cannot watch the stream: the limit is ${MAX_WATCHED_STREAMS} at once`,
        5,
      ]);
      return true;
    });
  }
  assert.equal(reads().length, asked);
  // Of another user nobody has taken a seat.
  assert.equal(await codeOf(resume("user-2", "x", null)), "stream_not_found");
  await end();
});

type World = Awaited<ReturnType<typeof make>>;

/** The ends that a stream can have, each for all of the seats that were taken. */
const ENDS: [
  string,
  string,
  (world: World, leave: () => Promise<void>) => unknown,
][] = [["its reader leaves", "here", (_, leave) => leave()], [
  "its reader leaves",
  "elsewhere",
  (_, leave) => leave(),
], ["its generation ends", "here", async ({ call, keepAlive }) => {
  call.finish();
  await keepAlive.settled();
}], ["its generation ends", "elsewhere", async ({ clock, database }) => {
  database.expire("elsewhere");
  await clock.run(1_000);
}], ["its generation is deleted", "elsewhere", async ({ clock, database }) => {
  database.rows.delete("elsewhere");
  await clock.run(1_000);
}]];

for (const [how, streamId, end] of ENDS) {
  Deno.test(`a seat of a stream from ${streamId} is given back exactly once when ${how}`, async () => {
    const world = await make();
    const clients = await takeSeats(world.resume, streamId);
    assert.equal(await codeOf(world.resume("user-1", "unknown", null)), "too_many_streams");
    await end(world, async () => {
      for (const client of clients) await client.leave();
    });
    await world.clock.run(0);
    // Leaving after the end gives nothing back a second time.
    for (const client of clients) await client.leave();
    world.database.admit("another");
    await takeSeats(world.resume, "another");
    assert.equal(await codeOf(world.resume("user-1", "another", null)), "too_many_streams");
    await world.end();
  });
}

Deno.test("a seat of a detached reader is given back once it has read what waits for it", async () => {
  const { call, clock, end, resume } = await make();
  const unread = [];
  for (let seat = 0; seat < MAX_WATCHED_STREAMS; seat++) {
    unread.push(await resume("user-1", "here", null));
  }
  call.send("x".repeat(MAX_CLIENT_QUEUE_BYTES));
  assert.equal(await codeOf(resume("user-1", "here", null)), "too_many_streams");
  unread.forEach(watch);
  await clock.run(0);
  await takeSeats(resume, "here");
  assert.equal(await codeOf(resume("user-1", "here", null)), "too_many_streams");
  await end();
});

Deno.test("a replay that nobody reads keeps its seat, for its text waits in memory", async () => {
  const { clock, database, end, resume } = await make();
  database.sweep("elsewhere");
  const unread = [];
  for (let seat = 0; seat < MAX_WATCHED_STREAMS; seat++) {
    unread.push(await resume("user-1", "elsewhere", null));
  }
  assert.equal(await codeOf(resume("user-1", "elsewhere", null)), "too_many_streams");
  unread.forEach(watch);
  await clock.run(0);
  assert.equal(await codeOf(resume("user-1", "elsewhere", null)), "resumed");
  await end();
});

Deno.test("a replay that was read keeps no seat", async () => {
  const { clock, database, end, resume } = await make();
  database.sweep("elsewhere");
  for (let round = 0; round < 2 * MAX_WATCHED_STREAMS; round++) {
    const client = watch(await resume("user-1", "elsewhere", null));
    await clock.run(0);
    assert.equal(client.ended, true);
    assert.deepEqual(client.events.map(({ event }) => event), ["start", "error"]);
  }
  await end();
});

Deno.test("a seat is given back when there is no such stream, the database is away, or watching fails", async () => {
  const world = await make();
  const failing = createResume({
    database: world.database,
    generations: world.generations,
    watchers: {
      watch: (_user, _stream, _from, _view: View): never => {
        throw new TypeError("broken");
      },
    },
  });
  for (let round = 0; round < 2 * MAX_WATCHED_STREAMS; round++) {
    assert.equal(await codeOf(failing("user-1", "unknown", null)), "stream_not_found");
    world.database.failure = away();
    assert.equal(await codeOf(failing("user-1", "elsewhere", null)), "unavailable");
    world.database.failure = null;
    await assert.rejects(failing("user-1", "elsewhere", null), TypeError);
  }
  await world.end();
});

Deno.test("a seat that is given back by its end and by a failure is given back once", async () => {
  const world = await make();
  const failing = createResume({
    database: world.database,
    generations: world.generations,
    watchers: {
      watch: (_user, _stream, _from, _view: View, onEnd): never => {
        onEnd();
        throw new TypeError("broken");
      },
    },
  });
  await takeSeats(failing, "here", MAX_WATCHED_STREAMS - 1);
  for (let round = 0; round < 3; round++) {
    await assert.rejects(failing("user-1", "elsewhere", null), TypeError);
  }
  await takeSeats(failing, "here", 1);
  assert.equal(await codeOf(failing("user-1", "here", null)), "too_many_streams");
  await world.end();
});

Deno.test("seats are taken while the database is asked, so that many at once stay within the limit", async () => {
  const { end, resume } = await make();
  const results = await Promise.allSettled(
    Array.from({ length: 3 * MAX_WATCHED_STREAMS }, () => resume("user-1", "elsewhere", null)),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, MAX_WATCHED_STREAMS);
  await end();
});
