import assert from "node:assert/strict";
import type { BeatEntry } from "../database/database.ts";
import { AWAY, away, makeDatabase } from "../testing/database.ts";
import { makePlatform } from "../testing/platform.ts";
import { createLeaseRenewal } from "./lease_renewal.ts";
import { createTranscript } from "./transcript.ts";

const nothing = (start: number) => ({ start, end: start, text: "" });

function make() {
  const platform = makePlatform({ configuration: { beatMs: 1_000 } });
  const database = makeDatabase();
  const leases = createLeaseRenewal(platform, database);
  const stops: [string, string][] = [];
  return {
    ...platform,
    database,
    stops,
    add: (streamId: string, transcript = createTranscript()) =>
      leases.add({
        streamId,
        fence: `fence-${streamId}`,
        transcript,
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

Deno.test("a beat says which generations to stop, and why", async () => {
  const { add, clock, database, stops } = make();
  const removals = ["a", "b", "c"].map((id) => add(id));
  database.cancelled.add("b");
  database.lost.add("c");
  await clock.run(1_000);
  assert.deepEqual(stops, [["b", "cancelled"], ["c", "lost"]]);
  for (const remove of removals) remove();
});

Deno.test("what a beat says of a generation that was removed during it changes nothing", async () => {
  const { add, clock, database, hold, stops } = make();
  const transcript = createTranscript();
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
  const transcript = createTranscript();
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
    const transcript = createTranscript();
    const remove = add("a", transcript);
    transcript.append("Once");
    database.failure = away();
    await clock.run(1_000);
    transcript.append(" upon");
    database.failure = null;
    // 4: the failed beat was stored, and only its answer got lost.
    const { beat } = database.answers;
    if (stored > 0) database.answers.beat = () => ({ stored: { a: stored }, cancelled: [], lost: [] });
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
