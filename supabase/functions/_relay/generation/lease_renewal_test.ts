import assert from "node:assert/strict";
import type { BeatEntry } from "../database/database.ts";
import { RelayError } from "../protocol/errors.ts";
import { MAX_BEAT_GENERATIONS, MAX_CHUNK_UNITS } from "../protocol/limits.ts";
import { AWAY, away, makeDatabase, type TestDatabase } from "../testing/database.ts";
import { makePlatform } from "../testing/platform.ts";
import { createLeaseRenewal } from "./lease_renewal.ts";
import { Transcript } from "./transcript.ts";

/** Units that go with the leases. */
const SHORT = MAX_CHUNK_UNITS / 4;

const nothing = (start: number) => ({ start, end: start, text: "" });

function make() {
  const platform = makePlatform({ configuration: { beatMs: 1_000 } });
  const database = makeDatabase();
  const renew = createLeaseRenewal(platform, database);
  const stops: [string, string][] = [];
  return {
    ...platform,
    database,
    stops,
    add: (streamId: string, transcript = new Transcript()) =>
      renew({
        streamId,
        fence: `fence-${streamId}`,
        transcript,
        readers: { sent: () => ({ units: transcript.length, toOthers: transcript.storedUnits }) },
        stop: ({ kind }) => stops.push([streamId, kind]),
      }),
    /** Which generations were in each beat so far. */
    beats: () => database.calls.map(([, entries]) => (entries as BeatEntry[]).map(({ streamId }) => streamId)),
    /** What each beat so far brought of a generation. */
    chunks: (streamId: string) =>
      database.calls.map(([, entries]) => (entries as BeatEntry[]).find((entry) => entry.streamId === streamId)?.chunk),
    /** Holds the answers of beats until it is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      database.gate = promise;
      return () => {
        database.gate = null;
        resolve();
      };
    },
  };
}

Deno.test("all generations of a worker share one beat, and without any there is none", async () => {
  const { add, beats, clock, database } = make();
  const removeA = add("a");
  await clock.run(900);
  const removeB = add("b");
  assert.equal(clock.pending, 1);
  await clock.run(100);
  assert.deepEqual(database.calls, [["beat", [
    { streamId: "a", fence: "fence-a", chunk: nothing(0) },
    { streamId: "b", fence: "fence-b", chunk: nothing(0) },
  ]]]);
  removeA();
  await clock.run(1_000);
  removeB();
  assert.equal(clock.pending, 0);
  await clock.run(5_000);
  const removeC = add("c");
  await clock.run(1_000);
  assert.deepEqual(beats(), [["a", "b"], ["b"], ["c"]]);
  removeC();
});

Deno.test("a beat says what the readers were sent, so that a sweep knows it", async () => {
  const { add, clock, database } = make();
  const transcript = new Transcript();
  transcript.append("Once upon");
  transcript.markStored(4);
  const remove = add("a", transcript);
  await clock.run(1_000);
  assert.deepEqual(database.sent.get("a"), { units: 9, toOthers: 4 });
  remove();
});

Deno.test("what a beat says of a generation that was removed during it changes nothing", async () => {
  const { add, clock, database, hold, stops } = make();
  const transcript = new Transcript();
  const remove = add("a", transcript);
  transcript.append("Once");
  database.cancelled.add("a");
  const release = hold();
  await clock.run(1_000);
  remove();
  release();
  await clock.run(0);
  assert.equal(transcript.storedUnits, 0);
  assert.deepEqual(stops, []);
  assert.equal(clock.pending, 0);
});

Deno.test("each beat brings the text since the last one, also what was written during it", async () => {
  const { add, clock, chunks, hold } = make();
  const transcript = new Transcript();
  const remove = add("a", transcript);
  transcript.append("Once");
  const release = hold();
  await clock.run(1_000);
  transcript.append(" upon");
  release();
  await clock.run(0);
  assert.equal(transcript.storedUnits, 4);
  transcript.append(" a 🐉");
  await clock.run(2_000);
  assert.deepEqual(chunks("a"), [
    { start: 0, end: 4, text: "Once" },
    { start: 4, end: 14, text: " upon a 🐉" },
    nothing(14),
  ]);
  remove();
});

Deno.test("a beat that failed is sent again with what came since, from where the database says the text ends", async () => {
  for (const stored of [0, 4]) {
    const { add, clock, chunks, database } = make();
    const transcript = new Transcript();
    const remove = add("a", transcript);
    transcript.append("Once");
    database.failure = away();
    await clock.run(1_000);
    transcript.append(" upon");
    database.failure = null;
    // 4: the failed beat was stored, and only its answer got lost.
    const { beat } = database.answers;
    if (stored > 0) database.answers.beat = () => ({ stored: new Map([["a", stored]]), cancelled: [], lost: [] });
    await clock.run(1_000);
    database.answers.beat = beat;
    await clock.run(1_000);
    const whole = { start: 0, end: 9, text: "Once upon" };
    const rest = stored > 0 ? { start: 4, end: 9, text: " upon" } : nothing(9);
    assert.deepEqual(chunks("a"), [{ start: 0, end: 4, text: "Once" }, whole, rest]);
    remove();
    assert.equal(clock.pending, 0);
  }
});

Deno.test("an outage is one line at its begin and one at its end, and stops nothing", async () => {
  const { add, clock, database, logged, stops, workerId } = make();
  const remove = add("a");
  for (const failure of [away(), null, away(), null]) {
    database.failure = failure;
    await clock.run(3_000);
  }
  const began = { level: "warn", event: "beats_failing", worker_id: workerId, generations: 1, cause: AWAY };
  const ended = { level: "info", event: "beats_recovered", worker_id: workerId };
  assert.deepEqual([logged(), stops], [[began, ended, began, ended], []]);
  remove();
});

const BAD = "\x01";

/** A database that refuses every call with this text in it. */
function refusing(database: TestDatabase) {
  const { beat } = database.answers;
  database.answers.beat = (entries) => {
    if (entries.some(({ chunk }) => chunk.text.includes(BAD))) throw new RelayError("internal", "Cannot take it");
    return beat(entries);
  };
  return () => database.answers.beat = beat;
}

Deno.test("the text that the database refuses goes alone, and its lease and all else with the others", async () => {
  const { add, beats, chunks, clock, database, logged, stops, workerId } = make();
  const transcripts = new Map(["a", "b", "c", "d", "e"].map((id) => [id, new Transcript()]));
  const removals = [...transcripts].map(([id, transcript]) => add(id, transcript));
  for (const transcript of transcripts.values()) transcript.append("Once");
  transcripts.get("c")!.append(BAD);
  const accept = refusing(database);
  const storedUnits = () => [...transcripts.values()].map((transcript) => transcript.storedUnits);
  await clock.run(1_000);
  await clock.run(0);
  assert.deepEqual(storedUnits(), [4, 4, 0, 4, 4]);
  for (const transcript of transcripts.values()) transcript.append(" upon");
  let before = database.calls.length;
  await clock.run(1_000);
  // One call with all leases, and one with what is refused again.
  assert.deepEqual(beats().slice(before).map((ids) => ids.toSorted()), [["a", "b", "c", "d", "e"], ["c"]]);
  assert.deepEqual(chunks("c").slice(before), [nothing(0), { start: 0, end: 10, text: `Once${BAD} upon` }]);
  assert.deepEqual(storedUnits(), [9, 9, 0, 9, 9]);
  const line = { level: "error", event: "text_refused", worker_id: workerId, stream_id: "c" };
  assert.deepEqual(logged(), [{ ...line, cause: "RelayError: Cannot take it" }]);
  accept();
  await clock.run(1_000);
  before = database.calls.length;
  await clock.run(1_000);
  // It was taken, and goes with the others again.
  assert.deepEqual([storedUnits(), beats().slice(before).length], [[9, 9, 10, 9, 9], 1]);
  assert.deepEqual(stops, []);
  for (const remove of removals) remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a text that is refused after its generation was removed is no news", async () => {
  const { add, clock, database, hold, logged } = make();
  const transcript = new Transcript();
  const remove = add("a", transcript);
  transcript.append(BAD);
  refusing(database);
  const release = hold();
  await clock.run(1_000);
  remove();
  release();
  await clock.run(0);
  assert.deepEqual([logged(), clock.pending], [[], 0]);
});

Deno.test("a beat goes in calls of bounded size, the shortest texts first", async () => {
  const { add, beats, clock, database } = make();
  const texts: Record<string, number> = { a: SHORT, b: SHORT - 1, c: SHORT - 2, d: SHORT - 3, e: 7, f: 0 };
  const removals = Object.entries(texts).map(([id, units]) => {
    const transcript = new Transcript();
    transcript.append("x".repeat(units));
    return add(id, transcript);
  });
  for (let index = 0; index < MAX_BEAT_GENERATIONS; index++) removals.push(add(`idle-${index}`));
  await clock.run(1_000);
  const calls = beats();
  assert.deepEqual(calls.map(({ length }) => length), [MAX_BEAT_GENERATIONS, 5, 1]);
  assert.deepEqual(calls.slice(1), [["idle-249", "e", "d", "c", "b"], ["a"]]);
  for (const [, entries] of database.calls as [string, BeatEntry[]][]) {
    assert.ok(entries.reduce((sum, { chunk }) => sum + chunk.text.length, 0) <= MAX_CHUNK_UNITS);
  }
  for (const remove of removals) remove();
});

Deno.test("a long text goes alone, call after call, and no lease waits for it", async () => {
  const { add, chunks, clock, database } = make();
  const [long, short] = [new Transcript(), new Transcript()];
  const removals = [add("long", long), add("short", short)];
  long.append("x".repeat(3 * MAX_CHUNK_UNITS + 1));
  short.append("Once");
  // Calls with a long text hang.
  const { promise, resolve } = Promise.withResolvers<void>();
  const { beat } = database;
  database.beat = async (entries) => {
    if (entries.some(({ chunk }) => chunk.text.length > SHORT)) await promise;
    return beat(entries);
  };
  await clock.run(1_000);
  short.append(" upon");
  await clock.run(2_000);
  assert.deepEqual([short.storedUnits, long.storedUnits], [9, 0]);
  assert.deepEqual(chunks("long"), Array(3).fill(nothing(0)));
  resolve();
  await clock.run(0);
  // What is left is short, and waits for the next beat.
  assert.equal(long.storedUnits, 3 * MAX_CHUNK_UNITS);
  await clock.run(1_000);
  assert.deepEqual(chunks("long").at(-1), { start: 3 * MAX_CHUNK_UNITS, end: long.length, text: "x" });
  for (const remove of removals) remove();
  assert.equal(clock.pending, 0);
});

Deno.test("few long texts go at once, each generation's turn comes, and one that fails waits for the next beat", async () => {
  const { add, clock, database, logged } = make();
  const transcripts = Array.from({ length: 6 }, () => new Transcript());
  const removals = transcripts.map((transcript, index) => add(`s${index}`, transcript));
  for (const transcript of transcripts) transcript.append("x".repeat(2 * MAX_CHUNK_UNITS));
  let [under, most] = [0, 0];
  const { beat } = database;
  database.beat = async (entries) => {
    most = Math.max(most, ++under);
    try {
      if (entries[0].streamId === "s0" && entries[0].chunk.text !== "") throw away();
      return await beat(entries);
    } finally {
      under--;
    }
  };
  await clock.run(1_000);
  await clock.run(0);
  assert.deepEqual(transcripts.map(({ storedUnits }) => storedUnits > 0), [false, ...Array(5).fill(true)]);
  assert.equal(most, 2);
  await clock.run(1_000);
  assert.deepEqual(logged().map(({ event }) => event), ["beats_failing"]);
  database.beat = beat;
  await clock.run(2_000);
  assert.deepEqual(transcripts.map(({ storedUnits }) => storedUnits), Array(6).fill(2 * MAX_CHUNK_UNITS));
  assert.deepEqual(logged().map(({ event }) => event), ["beats_failing", "beats_recovered"]);
  for (const remove of removals) remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a long text that the database does not take is sent once a beat", async () => {
  const { add, clock, database } = make();
  const transcript = new Transcript();
  const remove = add("a", transcript);
  transcript.append("x".repeat(2 * MAX_CHUNK_UNITS));
  // Swept, or another's: neither stored nor lost.
  database.answers.beat = () => ({ stored: new Map(), cancelled: [], lost: [] });
  await clock.run(3_000);
  assert.equal(database.calls.length, 6);
  remove();
});
