import assert from "node:assert/strict";
import type { BeatEntry } from "../database/beat.ts";
import type { Ending } from "../database/finish.ts";
import { RelayError } from "../protocol/errors.ts";
import { MAX_PIECE_UNITS, STORAGE_GIVE_UP_MS } from "../protocol/limits.ts";
import { away, makeDatabase } from "../testing/database.ts";
import { JOB_FIELDS, makeJob } from "../testing/job.ts";
import { makePlatform } from "../testing/platform.ts";
import { storeEnding } from "./store.ts";
import { createTranscript } from "./transcript.ts";

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  usage: null,
  firstTokenMs: 5,
  overheadMs: null,
};

const OUTCOME = {
  status: "completed",
  finish_reason: "stop",
  error_code: null,
  message_id: "message-of-stream-1",
  is_complete: true,
};

const CAUSE = "RelayError: Cannot reach the database; caused by " +
  "relay_x was answered with status 0, no code: refused";

function make(text = "A secret text") {
  const platform = makePlatform();
  const database = makeDatabase();
  database.admit("stream-1");
  const transcript = createTranscript();
  transcript.append(text);
  const start = platform.clock.now();
  return {
    ...platform,
    database,
    transcript,
    store: () => storeEnding(platform, database, makeJob(), ENDING, transcript),
    /** The calls by name, with where what they brought begins and ends. */
    brought: () =>
      database.calls.map(([name, ...args]) => {
        if (name === "finish") {
          const { start, content } = args[3] as Record<string, never>;
          return [name, start, start + String(content).length];
        }
        const [{ piece }] = args[0] as BeatEntry[];
        return [name, piece.start, piece.end];
      }),
    /** Log lines without their time. */
    logged: () => platform.lines.map(({ timestamp: _, ...line }) => line),
    elapsed: () => platform.clock.now() - start,
  };
}

Deno.test("what is stored at the first attempt is no news", async () => {
  const { clock, database, lines, store } = make();
  assert.deepEqual(await store(), OUTCOME);
  assert.deepEqual(database.calls, [["finish", "stream-1", "fence-1", ENDING, { start: 0, content: "A secret text" }]]);
  assert.equal(database.contentOf("stream-1"), "A secret text");
  assert.deepEqual(lines, []);
  assert.equal(clock.pending, 0);
});

Deno.test("a generation that is gone is null", async () => {
  const { database, store } = make();
  database.rows.clear();
  assert.equal(await store(), null);
});

Deno.test("an ending that was stored before is told as it is", async () => {
  const { database, store } = make();
  const { finish } = database;
  const failed = { ...ENDING, status: "failed", errorCode: "timeout" } as const;
  await finish("stream-1", "fence-1", failed, createTranscript());
  const { outcome } = database.rows.get("stream-1")!;
  assert.equal(outcome!.status, "failed");
  assert.deepEqual(await store(), outcome);
  assert.equal(database.contentOf("stream-1"), null);
});

Deno.test("attempts are 100 ms apart, then twice as long each, at most 2 s", async () => {
  const { clock, database, elapsed, store } = make();
  database.failure = away();
  const at: number[] = [];
  const finish = database.finish;
  database.finish = (...args) => {
    at.push(elapsed());
    return finish(...args);
  };
  const stored = store();
  await clock.run(10_000);
  assert.deepEqual(at, [0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100, 9_100]);
  database.failure = null;
  await clock.run(2_000);
  assert.deepEqual(await stored, OUTCOME);
  assert.equal(clock.pending, 0);
});

Deno.test("an outage is one line at its begin and one at its end", async () => {
  const { clock, database, logged, store } = make();
  database.failure = away();
  const stored = store();
  await clock.run(1_000);
  assert.deepEqual(logged(), [{
    level: "warn",
    event: "message_not_stored_yet",
    ...JOB_FIELDS,
    attempts: 1,
    cause: CAUSE,
  }]);
  database.failure = null;
  await clock.run(500);
  await stored;
  assert.deepEqual(logged().slice(1), [{
    level: "info",
    event: "message_stored_late",
    ...JOB_FIELDS,
    attempts: 5,
    latency_ms: 1_500,
  }]);
});

Deno.test("an answer that was lost does no harm", async () => {
  const { clock, database, store } = make();
  const finish = database.finish;
  let lost = false;
  database.finish = async (...args) => {
    const outcome = await finish(...args);
    if (lost) return outcome;
    lost = true;
    throw away();
  };
  const stored = store();
  await clock.run(100);
  assert.deepEqual(await stored, OUTCOME);
  assert.equal(database.calls.length, 2);
});

Deno.test("it is given up after its time, with the last failure and without the text", async () => {
  const { clock, database, logged, store } = make();
  const failure = away();
  database.failure = failure;
  const stored = assert.rejects(store(), (error) => error === failure);
  await clock.run(STORAGE_GIVE_UP_MS - 1_000);
  assert.equal(logged().length, 1);
  await clock.run(3_000);
  await stored;
  const attempts = database.calls.length;
  assert.deepEqual(logged().slice(1), [{
    level: "error",
    event: "message_lost",
    ...JOB_FIELDS,
    attempts,
    cause: CAUSE,
  }]);
  assert.doesNotMatch(JSON.stringify(logged()), /secret/);
  await clock.run(10_000);
  assert.equal(database.calls.length, attempts);
  assert.equal(clock.pending, 0);
});

Deno.test("only what the beats did not bring is stored at the end", async () => {
  const { brought, database, store, transcript } = make();
  await beatIn(database, transcript, 8);
  assert.deepEqual(await store(), OUTCOME);
  assert.deepEqual(brought().slice(1), [["finish", 8, 13]]);
  assert.equal(database.contentOf("stream-1"), "A secret text");
});

/** Stores the beginning of the text, as an earlier beat. */
async function beatIn(
  database: ReturnType<typeof makeDatabase>,
  transcript: ReturnType<typeof createTranscript>,
  units: number,
) {
  const piece = transcript.unstored(units);
  const entry = { streamId: "stream-1", fence: "fence-1", piece };
  transcript.stored((await database.beat([entry])).stored["stream-1"]);
}

Deno.test("a text of one piece goes with the finish, one of more goes in pieces before it", async () => {
  const piece = MAX_PIECE_UNITS;
  const cases: [number, unknown[]][] = [[piece, [["finish", 0, piece]]], [
    piece + 1,
    [["beat", 0, piece], ["finish", piece, piece + 1]],
  ], [3 * piece, [["beat", 0, piece], ["beat", piece, 2 * piece], ["finish", 2 * piece, 3 * piece]]]];
  for (const [units, wanted] of cases) {
    const { brought, database, store } = make("x".repeat(units));
    assert.deepEqual(await store(), OUTCOME);
    assert.deepEqual(brought(), wanted);
    assert.equal(database.contentOf("stream-1")?.length, units);
  }
});

Deno.test("no piece is larger than the limit, and none cuts a surrogate pair", async () => {
  const text = `x${"🐉".repeat(MAX_PIECE_UNITS)}`;
  const { brought, database, store } = make(text);
  assert.deepEqual(await store(), OUTCOME);
  const piece = MAX_PIECE_UNITS;
  assert.deepEqual(brought(), [["beat", 0, piece - 1], [
    "beat",
    piece - 1,
    2 * piece - 1,
  ], ["finish", 2 * piece - 1, 2 * piece + 1]]);
  assert.ok(database.contentOf("stream-1") === text);
});

Deno.test("pieces that make no progress end, and the finish brings the whole text", async () => {
  const text = "x".repeat(2 * MAX_PIECE_UNITS);
  const { brought, database, store } = make(text);
  database.sweep("stream-1");
  assert.equal((await store())?.status, "completed");
  assert.deepEqual(brought(), [["beat", 0, MAX_PIECE_UNITS], ["finish", 0, 2 * MAX_PIECE_UNITS]]);
  assert.equal(database.contentOf("stream-1")?.length, text.length);
});

Deno.test("a sweep amid the pieces costs nothing of the text", async () => {
  const text = "x".repeat(2 * MAX_PIECE_UNITS) + "end";
  const { database, store } = make(text);
  const { beat } = database;
  database.beat = async (entries) => {
    const answer = await beat(entries);
    database.sweep("stream-1");
    return answer;
  };
  assert.equal((await store())?.status, "completed");
  assert.ok(database.contentOf("stream-1") === text);
});

Deno.test("pieces that were stored are not sent again when the rest fails", async () => {
  const piece = MAX_PIECE_UNITS;
  const { brought, clock, database, store } = make("x".repeat(2 * piece + 1));
  const { beat } = database;
  let beats = 0;
  database.beat = (entries) => ++beats === 2 ? Promise.reject(away()) : beat(entries);
  const stored = store();
  await clock.run(100);
  assert.deepEqual(await stored, OUTCOME);
  assert.deepEqual(brought(), [["beat", 0, piece], ["beat", piece, 2 * piece], ["finish", 2 * piece, 2 * piece + 1]]);
  assert.equal(clock.pending, 0);
});

Deno.test("a beat of the worker between piece and finish is no harm", async () => {
  const { clock, database, store, transcript } = make("Once upon");
  const { finish } = database;
  database.finish = async (...args) => {
    database.finish = finish;
    await beatIn(database, createdFrom(transcript.from(0)), 4);
    return finish(...args);
  };
  assert.deepEqual(await store(), OUTCOME);
  assert.equal(database.contentOf("stream-1"), "Once upon");
  assert.equal(clock.pending, 0);
});

/** The same text, of which nothing is known to be stored. */
function createdFrom(text: string) {
  const transcript = createTranscript();
  transcript.append(text);
  return transcript;
}

Deno.test("a beginning that keeps moving is an attempt that failed, and the next one may store it", async () => {
  const { clock, database, logged, store } = make();
  const { finish } = database;
  database.finish = () => {
    database.finish = finish;
    return Promise.reject(new RelayError("unavailable", "Cannot store the message: its beginning moves"));
  };
  const stored = store();
  await clock.run(100);
  assert.deepEqual(await stored, OUTCOME);
  assert.deepEqual(logged().map(({ event }) => event), ["message_not_stored_yet", "message_stored_late"]);
});
