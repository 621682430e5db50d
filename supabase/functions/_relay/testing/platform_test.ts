import assert from "node:assert/strict";
import { pause } from "../platform/clock.ts";
import { createManualClock } from "./platform.ts";

Deno.test("advance() fires timers in the order they fall due, each at its own time, also those that timers set", () => {
  const clock = createManualClock(1_000);
  const fired: [string, number][] = [];
  const note = (name: string) => () => fired.push([name, clock.now()]);
  clock.after(20, note("late"));
  clock.after(10, note("first of two"));
  clock.after(10, note("second of two"));
  clock.after(31, note("never"));
  clock.after(15, () => clock.after(10, note("set by another")));
  clock.after(5, () => assert.fail("It was cleared"))();
  clock.advance(30);
  assert.deepEqual(fired, [["first of two", 1_010], ["second of two", 1_010], ["late", 1_020], [
    "set by another",
    1_025,
  ]]);
  assert.equal(clock.now(), 1_030);
  assert.equal(clock.pending, 1);
});

Deno.test("run() lets a loop that awaits a pause go round", async () => {
  const clock = createManualClock(0);
  const rounds: number[] = [];
  const loop = (async () => {
    for (let round = 0; round < 3; round++) {
      await pause(clock, 10);
      rounds.push(clock.now());
    }
  })();
  await clock.run(30);
  await loop;
  assert.deepEqual(rounds, [10, 20, 30]);
});
