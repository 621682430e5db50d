import assert from "node:assert/strict";
import type { Ending } from "../database/finish.ts";
import { STORAGE_GIVE_UP_MS } from "../protocol/limits.ts";
import { away, makeDatabase } from "../testing/database.ts";
import { JOB_FIELDS, makeJob } from "../testing/job.ts";
import { makePlatform } from "../testing/platform.ts";
import { storeEnding } from "./store.ts";

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  content: "A secret text",
  usage: null,
  firstTokenMs: 5,
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

function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  database.admit("stream-1");
  const start = platform.clock.now();
  return {
    ...platform,
    database,
    store: () => storeEnding(platform, database, makeJob(), ENDING),
    /** Log lines without their time. */
    logged: () => platform.lines.map(({ timestamp: _, ...line }) => line),
    elapsed: () => platform.clock.now() - start,
  };
}

Deno.test("what is stored at the first attempt is no news", async () => {
  const { clock, database, lines, store } = make();
  assert.deepEqual(await store(), OUTCOME);
  assert.deepEqual(database.calls, [["finish", "stream-1", "fence-1", ENDING]]);
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
  database.sweep("stream-1");
  assert.deepEqual(await store(), database.rows.get("stream-1")!.outcome);
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
  assert.deepEqual(
    at,
    [0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100, 9_100],
  );
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
