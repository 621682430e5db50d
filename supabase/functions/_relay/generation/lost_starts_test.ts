import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { ABANDON_GIVE_UP_MS, MAX_LOST_STARTS } from "../protocol/limits.ts";
import { away, makeDatabase } from "../testing/database.ts";
import { makePlatform } from "../testing/platform.ts";
import { createLostStarts } from "./lost_starts.ts";

/** Lost starts, and when the database was asked to end which. */
function make() {
  const platform = makePlatform();
  const { clock } = platform;
  const database = makeDatabase();
  const startedAt = clock.now();
  const calls: [number, string][] = [];
  const { finish } = database;
  database.finish = (streamId, ...rest) => {
    calls.push([clock.now() - startedAt, streamId]);
    return finish(streamId, ...rest);
  };
  return { ...platform, calls, at: () => calls.map(([ms]) => ms), database, add: createLostStarts(platform, database) };
}

Deno.test("a lost start is interrupted at once, without a message", async () => {
  const { add, at, clock, database } = make();
  add("stream-1", "fence-1");
  await clock.run(0);
  assert.deepEqual(at(), [0]);
  assert.deepEqual(database.endings.get("stream-1"), {
    status: "interrupted",
    finishReason: "interrupted",
    errorCode: "interrupted",
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
    text: "",
  });
  assert.equal(clock.pending, 0);
});

Deno.test("a lost start whose call is still under way, or whose database is away, is tried again, more rarely each time", async () => {
  for (const failure of [null, away()]) {
    const { add, at, clock, database } = make();
    const { finish } = database.answers;
    database.failure = failure;
    database.answers.finish = () => null;
    add("stream-1", "fence-1");
    await clock.run(5_000);
    database.failure = null;
    database.answers.finish = finish;
    await clock.run(2_000);
    assert.deepEqual(at(), [0, 1_000, 3_000, 7_000]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a start that is not found is given up in time, and so is one whose database stays away", async () => {
  for (const failure of [null, away()]) {
    const { add, at, calls, clock, database } = make();
    database.failure = failure;
    database.answers.finish = () => null;
    add("stream-1", "fence-1");
    await clock.run(2 * ABANDON_GIVE_UP_MS);
    assert.ok(at().at(-1)! < ABANDON_GIVE_UP_MS);
    assert.ok(at().length <= 6, `${at()}`);
    assert.equal(clock.pending, 0);
    // The pauses of the next one are short again.
    calls.length = 0;
    add("stream-2", "fence-2");
    await clock.run(1_000);
    assert.equal(calls.length, 2);
    await clock.run(ABANDON_GIVE_UP_MS);
  }
});

Deno.test("once the database has answered, the pauses of its next outage begin short again", async () => {
  const { add, at, clock, database } = make();
  database.answers.finish = () => null;
  database.failure = away();
  add("stream-1", "fence-1");
  await clock.run(2_000);
  database.failure = null;
  await clock.run(1_500);
  database.failure = away();
  await clock.run(1_500);
  assert.deepEqual(at(), [0, 1_000, 3_000, 4_000, 5_000]);
  await clock.run(ABANDON_GIVE_UP_MS);
});

Deno.test("of many lost starts one asks a database that is away; once it is back, all are ended", async () => {
  const { add, at, calls, clock, database, keepAlive } = make();
  database.failure = away();
  const ids = Array.from({ length: 40 }, (_, index) => `stream-${index}`);
  for (const id of ids) {
    add(id, "fence");
    await clock.run(100);
  }
  assert.deepEqual(at(), [0, 1_000, 3_000]);
  database.failure = null;
  await clock.run(3_000);
  await keepAlive.settled();
  assert.deepEqual(calls.slice(3), ids.map((id) => [7_000, id]));
});

Deno.test("a lost start that the database refuses is tried again by itself, and holds up no other", async () => {
  const { add, calls, clock, database } = make();
  const { finish } = database;
  database.finish = async (streamId, ...rest) => {
    const stored = await finish(streamId, ...rest);
    if (streamId === "stream-1" && clock.now() - startedAt < 2_000) throw new RelayError("overloaded");
    return stored;
  };
  const startedAt = clock.now();
  add("stream-1", "fence-1");
  add("stream-2", "fence-2");
  await clock.run(10_000);
  assert.deepEqual(calls, [[0, "stream-1"], [0, "stream-2"], [1_000, "stream-1"], [3_000, "stream-1"]]);
  assert.equal(clock.pending, 0);
});

Deno.test("a start that is lost while another one waits is ended at once, if the database answers", async () => {
  const { add, calls, clock, database } = make();
  const { finish } = database.answers;
  database.answers.finish = (streamId, ...rest) => streamId === "slow" ? null : finish(streamId, ...rest);
  add("slow", "fence");
  await clock.run(500);
  add("quick", "fence");
  await clock.run(0);
  assert.deepEqual(calls, [[0, "slow"], [500, "quick"]]);
  await clock.run(ABANDON_GIVE_UP_MS);
  assert.equal(clock.pending, 0);
});

Deno.test(`no more than ${MAX_LOST_STARTS} lost starts are remembered`, async () => {
  const { add, clock, database, keepAlive } = make();
  database.failure = away();
  for (let index = 0; index <= MAX_LOST_STARTS; index++) add(`stream-${index}`, "fence");
  await clock.run(0);
  database.failure = null;
  await clock.run(1_000);
  await keepAlive.settled();
  assert.equal(database.endings.size, MAX_LOST_STARTS);
  assert.equal(clock.pending, 0);
});
