import assert from "node:assert/strict";
import type { BeatEntry } from "../database/beat.ts";
import { MAX_PIECE_UNITS } from "../protocol/limits.ts";
import { away, makeDatabase } from "../testing/database.ts";
import { makePlatform } from "../testing/platform.ts";
import { createHeartbeat } from "./lease_renewal.ts";
import type { Stop } from "./stop.ts";
import { createTranscript } from "./transcript.ts";

/** The end of a generation without a word, as its database takes it. */
const ENDING = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  usage: null,
  firstTokenMs: null,
  overheadMs: null,
} as const;

/** What a beat says of a generation without new text. */
const nothing = (start: number) => ({ start, end: start, text: "" });

function make() {
  const platform = makePlatform({ configuration: { beatMs: 1_000 } });
  const database = makeDatabase();
  const heartbeat = createHeartbeat(platform, database);
  const stops: [string, string, string | undefined][] = [];
  const start = platform.clock.now();
  return {
    ...platform,
    database,
    stops,
    /** Adds a generation that the database knows. */
    add(streamId: string, fence = "fence-1", transcript = createTranscript()) {
      if (!database.rows.has(streamId)) database.admit(streamId);
      return heartbeat.add({
        streamId,
        fence,
        transcript,
        stop: ({ kind, error }: Stop) => stops.push([streamId, kind, error?.code]),
      });
    },
    /** Who was in each beat so far. */
    beats: () =>
      database.calls.map(([, generations]) => (generations as { streamId: string }[]).map(({ streamId }) => streamId)),
    /** The pieces that each beat so far brought of a generation. */
    pieces: (streamId: string) =>
      database.calls.map(([, entries]) =>
        (entries as BeatEntry[]).find((entry) => entry.streamId === streamId)
          ?.piece
      ),
    elapsed: () => platform.clock.now() - start,
  };
}

Deno.test("all generations of a worker share one beat", async () => {
  const { add, beats, clock, database } = make();
  const removals = ["a", "b", "c"].map((id) => add(id));
  assert.equal(clock.pending, 1);
  await clock.run(999);
  assert.deepEqual(beats(), []);
  await clock.run(1);
  assert.deepEqual(beats(), [["a", "b", "c"]]);
  assert.deepEqual(database.calls[0], ["beat", [
    { streamId: "a", fence: "fence-1", piece: nothing(0) },
    { streamId: "b", fence: "fence-1", piece: nothing(0) },
    { streamId: "c", fence: "fence-1", piece: nothing(0) },
  ]]);
  await clock.run(2_000);
  assert.equal(beats().length, 3);
  for (const remove of removals) remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a generation that comes later joins the next beat", async () => {
  const { add, beats, clock } = make();
  const removeA = add("a");
  await clock.run(900);
  const removeB = add("b");
  await clock.run(100);
  assert.deepEqual(beats(), [["a", "b"]]);
  removeA();
  await clock.run(1_000);
  assert.deepEqual(beats(), [["a", "b"], ["b"]]);
  removeB();
  assert.equal(clock.pending, 0);
});

Deno.test("without generations there is no beat, and it begins again with the next", async () => {
  const { add, beats, clock } = make();
  add("a")();
  assert.equal(clock.pending, 0);
  await clock.run(5_000);
  assert.deepEqual(beats(), []);
  const remove = add("b");
  await clock.run(1_000);
  assert.deepEqual(beats(), [["b"]]);
  remove();
});

Deno.test("beats are timed from start to start", async () => {
  const { add, beats, clock, database } = make();
  const remove = add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_700);
  assert.equal(beats().length, 1);
  resolve();
  database.gate = null;
  await clock.run(299);
  assert.equal(beats().length, 1);
  await clock.run(1);
  assert.equal(beats().length, 2);
  remove();
});

Deno.test("beats never overlap, and one that is late is followed at once", async () => {
  const { add, beats, clock, database } = make();
  const remove = add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(3_500);
  assert.equal(beats().length, 1);
  assert.equal(clock.pending, 0);
  resolve();
  database.gate = null;
  await clock.run(0);
  await clock.run(0);
  assert.equal(beats().length, 2);
  await clock.run(1_000);
  assert.equal(beats().length, 3);
  remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a generation that comes during a beat begins no second one", async () => {
  const { add, beats, clock, database } = make();
  const removeA = add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_000);
  const removeB = add("b");
  assert.equal(clock.pending, 0);
  await clock.run(5_000);
  assert.deepEqual(beats(), [["a"]]);
  resolve();
  database.gate = null;
  await clock.run(0);
  await clock.run(0);
  assert.deepEqual(beats(), [["a"], ["a", "b"]]);
  removeA();
  removeB();
  assert.equal(clock.pending, 0);
});

Deno.test("a generation that was cancelled is stopped as cancelled", async () => {
  const { add, clock, database, stops } = make();
  const removals = [add("a"), add("b")];
  await database.cancel("user-1", "b");
  await clock.run(1_000);
  assert.deepEqual(stops, [["b", "cancelled", undefined]]);
  for (const remove of removals) remove();
});

Deno.test("a generation that is another's, ended or gone is stopped as lost", async () => {
  const { add, clock, database, stops } = make();
  const removals = [add("a"), add("b", "fence-2"), add("c"), add("d")];
  await database.finish("c", "fence-1", ENDING, createTranscript());
  database.rows.delete("d");
  await clock.run(1_000);
  assert.deepEqual(stops, [["b", "lost", "interrupted"], ["c", "lost", "interrupted"], ["d", "lost", "interrupted"]]);
  for (const remove of removals) remove();
});

Deno.test("a generation that the sweep closed is not stopped: its worker may bring the rest", async () => {
  const { add, clock, database, stops } = make();
  const remove = add("a");
  database.sweep("a");
  await clock.run(3_000);
  assert.deepEqual(stops, []);
  remove();
});

Deno.test("a beat renews the lease", async () => {
  const { add, clock, database } = make();
  const remove = add("a");
  database.expire("a");
  await clock.run(1_000);
  assert.equal(database.rows.get("a")!.expired, false);
  remove();
});

Deno.test("each beat brings the text since the last one, and what was written meanwhile goes with the next", async () => {
  const { add, clock, database, pieces } = make();
  const transcript = createTranscript();
  const remove = add("a", "fence-1", transcript);
  transcript.append("Once");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_000);
  transcript.append(" upon");
  assert.equal(transcript.storedUnits, 0);
  resolve();
  await clock.run(0);
  assert.equal(transcript.storedUnits, 4);
  transcript.append(" a 🐉");
  await clock.run(2_000);
  assert.deepEqual(pieces("a"), [{ start: 0, end: 4, text: "Once" }, {
    start: 4,
    end: 14,
    text: " upon a 🐉",
  }, nothing(14)]);
  assert.equal(transcript.storedUnits, transcript.length);
  assert.equal(database.rows.get("a")!.textUnits, 14);
  remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a beat that failed is sent again, with what came since", async () => {
  const { add, clock, database, pieces } = make();
  const transcript = createTranscript();
  const remove = add("a", "fence-1", transcript);
  transcript.append("Once");
  database.failure = away();
  await clock.run(1_000);
  transcript.append(" upon");
  await clock.run(1_000);
  assert.equal(transcript.storedUnits, 0);
  database.failure = null;
  await clock.run(1_000);
  assert.deepEqual(pieces("a"), [{ start: 0, end: 4, text: "Once" }, {
    start: 0,
    end: 9,
    text: "Once upon",
  }, { start: 0, end: 9, text: "Once upon" }]);
  assert.equal(transcript.storedUnits, 9);
  remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a beat whose answer got lost is not taken twice: the next one says where the text ends", async () => {
  const { add, clock, database, pieces } = make();
  const transcript = createTranscript();
  const remove = add("a", "fence-1", transcript);
  transcript.append("Once");
  const { beat } = database;
  database.beat = async (entries) => {
    await beat(entries);
    database.beat = beat;
    throw away();
  };
  await clock.run(1_000);
  transcript.append(" upon");
  await clock.run(2_000);
  assert.deepEqual(pieces("a"), [{ start: 0, end: 4, text: "Once" }, {
    start: 0,
    end: 9,
    text: "Once upon",
  }, { start: 4, end: 9, text: " upon" }]);
  assert.deepEqual(database.rows.get("a")!.chunks.map(({ text }) => text), ["Once", " upon"]);
  remove();
  assert.equal(clock.pending, 0);
});

Deno.test("a beat brings at most one piece of a generation, however much there is", async () => {
  const { add, clock, pieces } = make();
  const transcript = createTranscript();
  const removals = [add("a", "fence-1", transcript), add("b")];
  transcript.append("x".repeat(2 * MAX_PIECE_UNITS + 1));
  await clock.run(4_000);
  assert.deepEqual(
    pieces("a").map((piece) => [piece!.start, piece!.end, piece!.text.length]),
    [
      [0, MAX_PIECE_UNITS, MAX_PIECE_UNITS],
      [MAX_PIECE_UNITS, 2 * MAX_PIECE_UNITS, MAX_PIECE_UNITS],
      [2 * MAX_PIECE_UNITS, 2 * MAX_PIECE_UNITS + 1, 1],
      [2 * MAX_PIECE_UNITS + 1, 2 * MAX_PIECE_UNITS + 1, 0],
    ],
  );
  for (const remove of removals) remove();
});

Deno.test("what a beat says of a generation that was removed meanwhile moves nothing", async () => {
  const { add, clock, database } = make();
  const transcript = createTranscript();
  const remove = add("a", "fence-1", transcript);
  transcript.append("Once");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_000);
  remove();
  resolve();
  await clock.run(0);
  assert.equal(transcript.storedUnits, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("what was removed during a beat is not stopped by it", async () => {
  const { add, clock, database, stops } = make();
  const remove = add("a");
  await database.cancel("user-1", "a");
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_000);
  remove();
  resolve();
  await clock.run(0);
  assert.deepEqual(stops, []);
  assert.equal(clock.pending, 0);
});

Deno.test("an outage stops nothing, and is one line at its begin and one at its end", async () => {
  const { add, beats, clock, database, lines, stops, workerId } = make();
  const removals = [add("a"), add("b")];
  for (let outage = 0; outage < 2; outage++) {
    lines.length = 0;
    database.failure = away();
    await clock.run(5_000);
    database.failure = null;
    await clock.run(3_000);
    assert.deepEqual(lines.map(({ timestamp: _, ...line }) => line), [{
      level: "warn",
      event: "beats_failing",
      worker_id: workerId,
      generations: 2,
      cause: "RelayError: Cannot reach the database; caused by " +
        "relay_x was answered with status 0, no code: refused",
    }, { level: "info", event: "beats_recovered", worker_id: workerId }]);
  }
  assert.equal(beats().length, 16);
  assert.deepEqual(stops, []);
  for (const remove of removals) remove();
  assert.equal(clock.pending, 0);
});
