import assert from "node:assert/strict";
import { ABANDON_GIVE_UP_MS } from "../protocol/limits.ts";
import { away, makeDatabase } from "../testing/database.ts";
import { makePlatform } from "../testing/platform.ts";
import { abandon } from "./abandon.ts";

function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  const start = platform.clock.now();
  const at: number[] = [];
  const { finish } = database;
  database.finish = (...args) => {
    at.push(platform.clock.now() - start);
    return finish(...args);
  };
  return { ...platform, at, database, abandon: () => abandon(platform, database, "stream-1", "fence-1") };
}

Deno.test("what was admitted after all is interrupted, at once and without a message", async () => {
  const { abandon, at, clock, database } = make();
  database.admit("stream-1");
  await abandon();
  assert.deepEqual(at, [0]);
  assert.deepEqual(database.rows.get("stream-1")!.ending, {
    status: "interrupted",
    finishReason: "interrupted",
    errorCode: "interrupted",
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
  });
  assert.equal(database.contentOf("stream-1"), null);
  assert.equal(clock.pending, 0);
});

Deno.test("a call that is still under way is waited for, longer each time", async () => {
  const { abandon, at, clock, database } = make();
  const abandoned = abandon();
  await clock.run(5_000);
  database.admit("stream-1");
  await clock.run(2_000);
  await abandoned;
  assert.deepEqual(at, [0, 1_000, 3_000, 7_000]);
  assert.equal(database.rows.get("stream-1")!.status, "interrupted");
  assert.equal(clock.pending, 0);
});

Deno.test("a database that is away is asked again", async () => {
  const { abandon, clock, database } = make();
  database.admit("stream-1");
  database.failure = away();
  const abandoned = abandon();
  await clock.run(1_500);
  database.failure = null;
  await clock.run(1_500);
  await abandoned;
  assert.equal(database.rows.get("stream-1")!.status, "interrupted");
  assert.equal(clock.pending, 0);
});

Deno.test("what never was there is given up, without a word and without a throw", async () => {
  for (const failure of [null, away()]) {
    const { abandon, at, clock, database, lines } = make();
    database.failure = failure;
    const abandoned = abandon();
    await clock.run(2 * ABANDON_GIVE_UP_MS);
    await abandoned;
    assert.deepEqual(at, [0, 1_000, 3_000, 7_000, 15_000]);
    assert.ok(at.every((ms) => ms < ABANDON_GIVE_UP_MS));
    assert.deepEqual(lines, []);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a generation of another fence is left alone", async () => {
  const { abandon, clock, database } = make();
  database.admit("stream-1", "another");
  const abandoned = abandon();
  await clock.run(2 * ABANDON_GIVE_UP_MS);
  await abandoned;
  assert.equal(database.rows.get("stream-1")!.status, "running");
  assert.equal(clock.pending, 0);
});

Deno.test("a generation that has ended stays as it ended", async () => {
  const { abandon, at, database } = make();
  database.admit("stream-1");
  database.rows.get("stream-1")!.cancelRequested = true;
  database.sweep("stream-1");
  await abandon();
  assert.deepEqual(at, [0]);
  assert.equal(database.rows.get("stream-1")!.status, "cancelled");
});
