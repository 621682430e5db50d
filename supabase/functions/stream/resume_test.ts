import assert from "node:assert/strict";
import type { RemoteReaders } from "../_relay/generation/remote_readers.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_READ_STREAMS, READER_IDLE_MS } from "../_relay/protocol/limits.ts";
import { away } from "../_relay/testing/database.ts";
import { readEvents } from "../_relay/testing/events.ts";
import { INTERRUPTED, makeView } from "../_relay/testing/generation.ts";
import { makeDependencies, makeWorker } from "../_relay/testing/worker.ts";
import { lastEventId, type Resume } from "./resume.ts";

const RUNNING = makeView("Once");
const ENDED = makeView("Once", INTERRUPTED);

/** A worker that runs `here`, and a database that knows `elsewhere`, which another worker runs. */
async function make(remoteReaders?: RemoteReaders) {
  const worker = makeWorker();
  const { database, clock, keepAlive, shutdown } = worker;
  const { call } = await worker.withClient({ streamId: "here" });
  database.views.set("elsewhere", RUNNING);
  database.views.set("ended", ENDED);
  return {
    ...worker,
    call,
    resume: makeDependencies(worker, remoteReaders && { remoteReaders }).resume,
    /** What was asked of the database. */
    reads: () => database.calls.filter(([name]) => name === "read").map(([, readings]) => readings),
    /** Ends all that runs, so that nothing is left of the worker. */
    async end() {
      shutdown.begin("the test ends");
      await keepAlive.settled();
      // What waits for clients that do not read is let go.
      await clock.run(READER_IDLE_MS);
      assert.equal(clock.pending, 0);
    },
  };
}

async function codeOf(resumed: Promise<unknown>): Promise<string> {
  try {
    await resumed;
  } catch (error) {
    return error instanceof RelayError ? error.code : String(error);
  }
  return "resumed";
}

/** Takes this many seats of user-1. */
async function takeSeats(resume: Resume, streamId: string, count = MAX_READ_STREAMS) {
  const bodies = [];
  for (let seat = 0; seat < count; seat++) bodies.push(await resume("user-1", streamId, null));
  return bodies;
}

const isFull = async (resume: Resume) => await codeOf(resume("user-1", "elsewhere", null)) === "too_many_streams";

Deno.test("what runs here is read here, what runs elsewhere from the database, both from the offset on", async () => {
  const { call, clock, end, reads, resume } = await make();
  call.send("Once");
  for (const [streamId, from, events] of [["here", 2, 1], ["elsewhere", 2, 1], ["elsewhere", null, 2]] as const) {
    const client = readEvents(await resume("user-1", streamId, from));
    await clock.run(0);
    assert.equal(client.text, "Once".slice(from ?? 0));
    assert.equal(client.events.length, events);
  }
  assert.deepEqual(reads(), [2, 0].map((from) => [{ userId: "user-1", streamId: "elsewhere", from }]));
  await end();
});

Deno.test("what is admitted here while the database is asked is read here", async () => {
  const attach = () => assert.fail("It runs here");
  const { database, end, resume, withClient } = await make({ attach } as unknown as RemoteReaders);
  database.read = async () => {
    await withClient({ streamId: "begun" });
    return [RUNNING];
  };
  await (await resume("user-1", "begun", null)).cancel();
  await end();
});

Deno.test("one more than the limit of streams is refused, before the database is asked; another user has seats", async () => {
  const { end, reads, resume } = await make();
  await takeSeats(resume, "here", MAX_READ_STREAMS / 2);
  assert.equal(reads().length, 0);
  await takeSeats(resume, "elsewhere", MAX_READ_STREAMS / 2);
  const asked = reads().length;
  for (const streamId of ["here", "elsewhere", "unknown"]) {
    await assert.rejects(resume("user-1", streamId, null), {
      code: "too_many_streams",
      message: `Cannot read the stream: the limit is ${MAX_READ_STREAMS} at once`,
      retryAfter: 5,
    });
  }
  assert.equal(reads().length, asked);
  assert.equal(await codeOf(resume("user-2", "elsewhere", null)), "resumed");
  await end();
});

Deno.test("seats are taken while the database is asked, so that many at once stay within the limit", async () => {
  const { end, resume } = await make();
  const asked = Array.from({ length: 3 * MAX_READ_STREAMS }, () => resume("user-1", "elsewhere", null));
  const results = await Promise.allSettled(asked);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, MAX_READ_STREAMS);
  await end();
});

Deno.test("a seat is given back, once, when there is no such stream, the database is away, or attaching fails", async () => {
  for (const ends of [false, true]) {
    const lab = await make({
      attach(_user, _stream, _from, _view, seat): never {
        if (ends) seat.end();
        throw new TypeError("broken");
      },
    });
    await takeSeats(lab.resume, "here", MAX_READ_STREAMS - 1);
    for (let round = 0; round < 3; round++) {
      assert.equal(await codeOf(lab.resume("user-1", "unknown", null)), "stream_not_found");
      lab.database.failure = away();
      assert.equal(await codeOf(lab.resume("user-1", "elsewhere", null)), "unavailable");
      lab.database.failure = null;
      assert.equal(await codeOf(lab.resume("user-1", "elsewhere", null)), "TypeError: broken");
    }
    await takeSeats(lab.resume, "here", 1);
    assert.ok(await isFull(lab.resume));
    await lab.end();
  }
});

/** What requests with this header and with this query say. */
function* read(text: string): Generator<() => number | null> {
  const url = "http://edge.internal/stream/a";
  yield () => lastEventId(new Request(`${url}?last_event_id=${encodeURIComponent(text)}`));
  yield () => lastEventId(new Request(`${url}?lastEventId=${encodeURIComponent(text)}`));
  yield () => lastEventId(new Request(`${url}?last_event_id=${encodeURIComponent(text)}&lastEventId=4`));
  yield () => lastEventId(new Request(`${url}?last_event_id=4&lastEventId=5`, { headers: { "last-event-id": text } }));
}

Deno.test("the last event id is that of the header, else of the query; empty is none, and what is no offset is refused", () => {
  assert.equal(lastEventId(new Request("http://edge.internal/stream/a?other=17")), null);
  const offsets = { "17": 17, "0": 0, "007": 7, "999999999": 999_999_999, "": null };
  for (const [text, wanted] of Object.entries(offsets)) {
    for (const offset of read(text)) assert.equal(offset(), wanted);
  }
  const issues = [{ path: "last_event_id", message: "Must be the id of an event, a number of at most 9 digits" }];
  for (const text of ["-1", "+1", "1.5", "1e3", "0x1", "a", "1 2", "1,2", "1234567890", "9".repeat(400)]) {
    for (const offset of read(text)) assert.throws(offset, { code: "invalid_request", issues });
  }
});
