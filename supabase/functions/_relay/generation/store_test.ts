import assert from "node:assert/strict";
import type { BeatEntry } from "../database/database.ts";
import type { Ending, StoredEnding } from "../database/finish.ts";
import { MAX_CHUNK_UNITS } from "../protocol/limits.ts";
import { AWAY, away, makeDatabase, makeStored } from "../testing/database.ts";
import { LOG_FIELDS, makeGeneration } from "../testing/generation.ts";
import { makePlatform } from "../testing/platform.ts";
import { storeEnding } from "./store.ts";

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  usage: null,
  firstTokenMs: 5,
  overheadMs: null,
};
const STORED = makeStored("stream-1", ENDING, "text");

function make(text = "A secret text") {
  const platform = makePlatform();
  const database = makeDatabase();
  const generation = makeGeneration(platform, text);
  const start = platform.clock.now();
  const at: number[] = [];
  const { finish } = database;
  database.finish = (...args) => {
    at.push(platform.clock.now() - start);
    return finish(...args);
  };
  return {
    ...platform,
    /** When finishes came. */
    at,
    database,
    generation,
    store: (ending = ENDING) => storeEnding(platform, database, generation, ending),
    /** The calls by name, with where what they brought begins and ends. */
    brought: () =>
      database.calls.map(([name, ...args]) => {
        if (name === "beat") {
          const [{ chunk }] = args[0] as BeatEntry[];
          return [name, chunk.start, chunk.end];
        }
        const { start, content } = args[3] as { start: number; content: string };
        return [name, start, start + content.length];
      }),
  };
}

Deno.test("what is stored at the first attempt is no news", async () => {
  const { clock, database, lines, store } = make();
  assert.deepEqual(await store(), STORED);
  assert.deepEqual(database.calls, [["finish", "stream-1", "fence-1", ENDING, { start: 0, content: "A secret text" }]]);
  assert.deepEqual(lines, []);
  assert.equal(clock.pending, 0);
});

Deno.test("the answer is given as the database has it: null, or another ending", async () => {
  const failed: StoredEnding = { ...STORED, status: "failed", error_code: "timeout", is_complete: false };
  for (const stored of [null, failed]) {
    const { database, lines, store } = make();
    database.answers.finish = () => stored;
    assert.deepEqual(await store(), stored);
    assert.deepEqual(lines, []);
  }
});

Deno.test("a code that the database stored as internal is a warning with the code", async () => {
  const failed: Ending = { ...ENDING, status: "failed", finishReason: "error", errorCode: "provider_auth" };
  const internal = makeStored("stream-1", { ...failed, errorCode: "internal" }, "text");
  for (const [ending, warns] of [[failed, true], [{ ...failed, errorCode: "internal" } as Ending, false]] as const) {
    const { database, logged, store } = make();
    database.answers.finish = () => internal;
    assert.deepEqual(await store(ending), internal);
    const line = { level: "warn", event: "ending_code_unknown", ...LOG_FIELDS, code: "provider_auth" };
    assert.deepEqual(logged(), warns ? [line] : []);
  }
});

Deno.test("attempts are 100 ms apart, then twice as long each, at most 2 s; an outage is one line at each end", async () => {
  const { at, clock, database, logged, store } = make();
  database.failure = away();
  const stored = store();
  await clock.run(10_000);
  assert.deepEqual(at, [0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100, 9_100]);
  database.failure = null;
  await clock.run(2_000);
  assert.deepEqual(await stored, STORED);
  assert.deepEqual(logged(), [
    { level: "warn", event: "message_not_stored_yet", ...LOG_FIELDS, attempts: 1, cause: AWAY },
    { level: "info", event: "message_stored_late", ...LOG_FIELDS, attempts: 10, latency_ms: 11_100 },
  ]);
  assert.equal(clock.pending, 0);
});

const CHUNK = MAX_CHUNK_UNITS;

/** Each text, with how much of it is stored already, and the calls that store the rest. */
const TEXTS: [title: string, text: string, stored: number, calls: unknown[]][] = [
  ["what the beats brought is not sent again", "A secret text", 8, [["finish", 8, 13]]],
  ["a text of one chunk goes with the finish", "x".repeat(CHUNK), 0, [["finish", 0, CHUNK]]],
  ["a longer one goes in chunks before it", "x".repeat(CHUNK + 1), 0, [["beat", 0, CHUNK], [
    "finish",
    CHUNK,
    CHUNK + 1,
  ]]],
  ["no chunk cuts a surrogate pair", `x${"🐉".repeat(CHUNK)}`, 0, [
    ["beat", 0, CHUNK - 1],
    ["beat", CHUNK - 1, 2 * CHUNK - 1],
    ["finish", 2 * CHUNK - 1, 2 * CHUNK + 1],
  ]],
];

for (const [title, text, stored, calls] of TEXTS) {
  Deno.test(title, async () => {
    const { brought, database, generation, store } = make(text);
    generation.transcript.markStored(stored);
    assert.deepEqual(await store(), STORED);
    assert.deepEqual(brought(), calls);
    assert.ok(database.endings.get("stream-1")!.text === text);
  });
}

Deno.test("chunks that make no progress end, and the finish brings the rest", async () => {
  const { brought, database, store } = make("x".repeat(2 * CHUNK));
  database.answers.beat = () => ({ stored: new Map(), cancelled: [], lost: [] });
  await store();
  assert.deepEqual(brought(), [["beat", 0, CHUNK], ["finish", 0, 2 * CHUNK]]);
});

Deno.test("chunks that were stored are not sent again when the rest fails", async () => {
  const { brought, clock, database, store } = make("x".repeat(2 * CHUNK + 1));
  const { beat } = database.answers;
  let beats = 0;
  database.answers.beat = (entries) => {
    if (++beats === 2) throw away();
    return beat(entries);
  };
  const stored = store();
  await clock.run(100);
  assert.deepEqual(await stored, STORED);
  const [first, second, finish] = [["beat", 0, CHUNK], ["beat", CHUNK, 2 * CHUNK], [
    "finish",
    2 * CHUNK,
    2 * CHUNK + 1,
  ]];
  assert.deepEqual(brought(), [first, second, second, finish]);
  assert.equal(clock.pending, 0);
});
