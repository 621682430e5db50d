import assert from "node:assert/strict";
import { MAX_CLIENT_QUEUE_BYTES, MAX_PIECE_UNITS } from "../protocol/limits.ts";
import { away, makeDatabase } from "../testing/database.ts";
import { watch } from "../testing/events.ts";
import { makePlatform } from "../testing/platform.ts";
import { assertEnded } from "../testing/worker.ts";
import { interruption } from "./stop.ts";
import { createTranscript } from "./transcript.ts";
import { createWatchers } from "./remote_readers.ts";

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

/** A worker that watches what another one runs, which the test plays through `database`. */
function make() {
  const platform = makePlatform({ configuration: { beatMs: 1_000 } });
  const database = makeDatabase();
  const watchers = createWatchers(platform, database);
  const ends: string[] = [];
  const transcripts = new Map<string, ReturnType<typeof createTranscript>>();
  const { clock } = platform;
  const start = clock.now();
  const { read } = database;
  const reads: { at: number; streams: string[] }[] = [];
  database.read = (readings) => {
    reads.push({ at: clock.now() - start, streams: readings.map(({ streamId, from }) => `${streamId}@${from}`) });
    return read(readings);
  };
  async function beat(streamId: string, text: string) {
    const transcript = transcripts.get(streamId) ?? createTranscript();
    transcripts.set(streamId, transcript);
    transcript.append(text);
    const piece = transcript.unstored(MAX_PIECE_UNITS);
    const answer = await database.beat([{ streamId, fence: "fence-1", piece }]);
    transcript.stored(answer.stored[streamId]);
  }
  return {
    ...platform,
    database,
    ends,
    /** When each shared read began, and what it asked for. */
    reads,
    /** Puts in a running generation with this text. */
    async run(streamId: string, text = "") {
      database.admit(streamId);
      await beat(streamId, text);
    },
    /** The other worker's next beat. */
    beat,
    finish: (streamId: string, more = "") => {
      const transcript = transcripts.get(streamId)!;
      transcript.append(more);
      return database.finish(streamId, "fence-1", {
        status: "completed",
        finishReason: "stop",
        errorCode: null,
        usage: USAGE,
        firstTokenMs: null,
        overheadMs: null,
      }, transcript);
    },
    /** A client's stream, as resuming opens it. */
    async open(streamId: string, from: number | null = null) {
      const reading = { userId: "user-1", streamId, from: from ?? 0 };
      const [view] = await read([reading]);
      assert.ok(view);
      return watchers.watch("user-1", streamId, from, view, () => {
        ends.push(streamId);
      });
    },
    async openWatched(streamId: string, from: number | null = null) {
      const client = watch(await this.open(streamId, from));
      await clock.run(0);
      return client;
    },
    logged: () => platform.lines.map(({ timestamp: _, ...line }) => line),
  };
}

const token = (id: number, data: string) => ({ event: "token", id: String(id), data });

const done = (streamId: string) => ({
  event: "done",
  data: JSON.stringify({
    stream_id: streamId,
    message_id: `message-of-${streamId}`,
    is_complete: true,
    finish_reason: "stop",
    usage: USAGE,
  }),
});

const START = {
  event: "start",
  id: "0",
  data: JSON.stringify({
    stream_id: "a",
    conversation_id: "conversation-1",
    bot_id: "bot-1",
    model: "model-1",
    user_message_id: "message-of-user",
    parent_id: "message-of-user",
  }),
};

Deno.test("a watcher gets start, the text so far, what each beat brings, and the end", async () => {
  for (const from of [null, 0]) {
    const world = make();
    const { beat, clock, ends, finish, run } = world;
    await run("a", "Once");
    const client = await world.openWatched("a", from);
    assert.deepEqual(client.events, [START, token(4, "Once")]);
    await beat("a", " upon");
    await clock.run(1_000);
    await beat("a", " a 🐉");
    await beat("a", "!");
    await clock.run(1_000);
    await clock.run(1_000);
    await finish("a", " The end");
    await clock.run(1_000);
    assert.deepEqual(client.events.slice(2), [
      token(9, " upon"),
      token(15, " a 🐉!"),
      token(23, " The end"),
      done("a"),
    ]);
    assertEnded(client);
    assert.deepEqual(ends, ["a"]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a watcher who has seen some of it gets the rest, without a start", async () => {
  const world = make();
  await world.run("a", "Once upon");
  const client = await world.openWatched("a", 4);
  assert.deepEqual(client.events, [token(9, " upon")]);
  await client.leave();
  assert.equal(world.clock.pending, 0);
});

Deno.test("what has ended is replayed at once, and nothing is asked afterwards", async () => {
  const world = make();
  const { clock, ends, finish, reads, run } = world;
  await run("a", "Once");
  await finish("a", " upon");
  const whole = await world.openWatched("a");
  const rest = await world.openWatched("a", 4);
  const nothing = await world.openWatched("a", 9);
  assert.deepEqual(whole.events, [START, token(9, "Once upon"), done("a")]);
  assert.deepEqual(rest.events, [token(9, " upon"), done("a")]);
  assert.deepEqual(nothing.events, [done("a")]);
  for (const client of [whole, rest, nothing]) assertEnded(client);
  assert.deepEqual(ends, ["a", "a", "a"]);
  assert.equal(clock.pending, 0);
  await clock.run(5_000);
  assert.deepEqual(reads, []);
});

Deno.test("a replay that is larger than the queue arrives whole, from the beginning and from an offset", async () => {
  const text = "x".repeat(MAX_CLIENT_QUEUE_BYTES) + "end";
  for (const from of [null, 1]) {
    const world = make();
    await world.run("a", text.slice(0, 9));
    await world.finish("a", text.slice(9));
    const client = await world.openWatched("a", from);
    assert.equal(client.text.length, text.length - (from ?? 0));
    assertEnded(client);
  }
});

Deno.test("a text so far that is larger than the queue arrives whole, and the watcher stays", async () => {
  const world = make();
  await world.run("a", "x".repeat(MAX_PIECE_UNITS));
  await world.beat("a", "y");
  const client = await world.openWatched("a");
  assert.equal(client.text.length, MAX_PIECE_UNITS + 1);
  await world.finish("a");
  await world.clock.run(1_000);
  assertEnded(client);
  assert.equal(world.clock.pending, 0);
});

Deno.test("all watchers of a worker share one read", async () => {
  const world = make();
  const { beat, clock, reads, run } = world;
  for (const id of ["a", "b"]) await run(id, "Once");
  const clients = [await world.openWatched("a"), await world.openWatched("b", 2), await world.openWatched("a", 1)];
  assert.equal(clock.pending, 4);
  await beat("a", " upon");
  await clock.run(1_000);
  await clock.run(1_000);
  assert.deepEqual(reads, [{ at: 1_000, streams: ["a@4", "b@4", "a@4"] }, {
    at: 2_000,
    streams: ["a@9", "b@4", "a@9"],
  }]);
  assert.deepEqual(clients.map(({ text }) => text), ["Once upon", "ce", "nce upon"]);
  for (const client of clients) await client.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("reads are timed from start to start, and never overlap", async () => {
  const world = make();
  const { clock, database, reads, run } = world;
  await run("a");
  const client = await world.openWatched("a");
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    database.gate = promise;
    return () => {
      database.gate = null;
      resolve();
    };
  };
  let release = hold();
  await clock.run(1_700);
  release();
  await clock.run(1_000);
  assert.deepEqual(reads.map(({ at }) => at), [1_000, 2_000]);
  // One that takes longer than a beat is followed at once, and by no other before.
  release = hold();
  await clock.run(3_300);
  assert.deepEqual(reads.map(({ at }) => at), [1_000, 2_000, 3_000]);
  release();
  await clock.run(0);
  await clock.run(0);
  assert.deepEqual(reads.map(({ at }) => at), [1_000, 2_000, 3_000, 6_000]);
  await client.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("without watchers nothing is asked, and it begins again with the next", async () => {
  const world = make();
  const { clock, reads, run } = world;
  await run("a");
  await (await world.openWatched("a")).leave();
  assert.equal(clock.pending, 0);
  await clock.run(5_000);
  assert.deepEqual(reads, []);
  const client = await world.openWatched("a");
  await clock.run(1_000);
  assert.deepEqual(reads, [{ at: 6_000, streams: ["a@0"] }]);
  await client.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("a watcher who leaves during a read is told nothing by it", async () => {
  const world = make();
  const { beat, clock, database, ends, reads, run } = world;
  await run("a");
  const client = await world.openWatched("a");
  await beat("a", "Once");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_000);
  assert.equal(reads.length, 1);
  await client.leave();
  resolve();
  database.gate = null;
  await clock.run(5_000);
  assert.deepEqual(client.events, [START]);
  assert.deepEqual(ends, ["a"]);
  assert.equal(reads.length, 1);
  assert.equal(clock.pending, 0);
});

Deno.test("a watcher who comes during a read begins no second one", async () => {
  const world = make();
  const { clock, database, reads, run } = world;
  for (const id of ["a", "b"]) await run(id);
  const one = await world.openWatched("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const { read } = database;
  database.read = async (readings) => {
    const views = await read(readings);
    await promise;
    return views;
  };
  await clock.run(1_000);
  const two = await world.openWatched("b");
  await clock.run(3_000);
  assert.deepEqual(reads.map(({ streams }) => streams), [["a@0"]]);
  resolve();
  await clock.run(0);
  await clock.run(0);
  assert.deepEqual(reads.at(-1), { at: 4_000, streams: ["a@0", "b@0"] });
  await one.leave();
  await two.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("a watcher who is ahead of the database waits until that has got further", async () => {
  const world = make();
  const { beat, clock, run } = world;
  await run("a", "Once");
  // The worker that died had sent more than it had beaten in.
  const client = await world.openWatched("a", 11);
  assert.deepEqual(client.events, []);
  await beat("a", " upon");
  await clock.run(1_000);
  assert.deepEqual(client.events, []);
  await beat("a", " a time");
  await clock.run(1_000);
  assert.deepEqual(client.events, [token(16, " time")]);
  await client.leave();
});

Deno.test("a watcher who is ahead of what was left when its worker died is told the end alone", async () => {
  const world = make();
  await world.run("a", "Once");
  world.database.sweep("a");
  const client = await world.openWatched("a", 9);
  assert.deepEqual(client.json("error"), {
    code: "interrupted",
    message: interruption("lost").error!.message,
    retryable: true,
    stream_id: "a",
    message_id: "message-of-a",
  });
  assert.equal(client.events.length, 1);
  assertEnded(client);
});

Deno.test("a generation whose lease runs out while it is watched ends with its text and an error", async () => {
  const world = make();
  const { beat, clock, database, run } = world;
  await run("a", "Once");
  const client = await world.openWatched("a");
  await beat("a", " upon");
  database.expire("a");
  await clock.run(1_000);
  assert.deepEqual(client.events[2], token(9, " upon"));
  assert.equal((client.json("error") as { code: string }).code, "interrupted");
  assertEnded(client);
  assert.equal(database.contentOf("a"), "Once upon");
  assert.equal(clock.pending, 0);
});

Deno.test("a generation that is deleted with its user's story ends with an error without a message", async () => {
  const world = make();
  const { clock, database, ends, run } = world;
  for (const id of ["a", "b"]) await run(id, "Once");
  const gone = await world.openWatched("a");
  const other = await world.openWatched("b");
  database.rows.delete("a");
  await clock.run(1_000);
  assert.deepEqual(gone.json("error"), {
    code: "interrupted",
    message: interruption("lost").error!.message,
    retryable: true,
    stream_id: "a",
    message_id: null,
  });
  assertEnded(gone);
  assert.equal(other.ended, false);
  assert.deepEqual(ends, ["a"]);
  await other.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("an outage ends nobody, is one line, and what was written meanwhile comes after it", async () => {
  const world = make();
  const { beat, clock, database, logged, run, workerId } = world;
  await run("a", "Once");
  const client = await world.openWatched("a");
  for (let outage = 1; outage <= 2; outage++) {
    database.failure = away();
    await clock.run(5_000);
    database.failure = null;
    await beat("a", `-${outage}`);
    await clock.run(1_000);
    assert.deepEqual(
      logged(),
      Array(outage).fill({
        level: "warn",
        event: "reads_failing",
        worker_id: workerId,
        cause: "RelayError: Cannot reach the database; caused by " +
          "relay_x was answered with status 0, no code: refused",
      }),
    );
  }
  assert.deepEqual(
    client.events.filter(({ event }) => event !== "ping").slice(1),
    [token(4, "Once"), token(6, "-1"), token(8, "-2")],
  );
  await client.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("a silence is filled with pings", async () => {
  const world = make();
  await world.run("a");
  const client = await world.openWatched("a");
  await world.clock.run(20_000);
  assert.deepEqual(client.events.map(({ event }) => event), ["start", "ping", "ping"]);
  await client.leave();
});

Deno.test("a shutdown closes every watcher without a last event, for its generation goes on elsewhere", async () => {
  const world = make();
  const { clock, database, ends, reads, run, shutdown } = world;
  for (const id of ["a", "b"]) await run(id, "Once");
  const clients = [await world.openWatched("a"), await world.openWatched("b")];
  shutdown.begin("early_drop");
  await clock.run(5_000);
  for (const client of clients) {
    assert.equal(client.ended, true);
    assert.deepEqual(client.events.map(({ event }) => event), ["start", "token"]);
  }
  assert.deepEqual(ends, ["a", "b"]);
  assert.deepEqual(reads, []);
  assert.equal(database.rows.get("a")!.status, "running");
  assert.equal(clock.pending, 0);
});

Deno.test("a watcher that does not read is detached, and the others go on", async () => {
  const world = make();
  const { beat, clock, ends, run } = world;
  await run("a");
  const slow = await world.open("a");
  const quick = await world.openWatched("a");
  const quarter = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 4);
  for (let round = 0; round < 8; round++) {
    await beat("a", quarter);
    await clock.run(1_000);
  }
  assert.equal(quick.text.length, 8 * quarter.length);
  assert.deepEqual(ends, []);
  const late = watch(slow);
  await clock.run(0);
  assert.equal(late.ended, true);
  assert.deepEqual(ends, ["a"]);
  assert.deepEqual(new Set(late.events.map(({ event }) => event)), new Set(["start", "token"]));
  // It resumes where it was, and misses nothing.
  const again = await world.openWatched("a", late.text.length);
  assert.equal(late.text.length + again.text.length, quick.text.length);
  await quick.leave();
  await again.leave();
  assert.equal(clock.pending, 0);
});
