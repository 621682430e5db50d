import assert from "node:assert/strict";
import { createManualClock } from "../testing/platform.ts";
import { createRounds } from "./interval.ts";

/** Rounds of a second whose work a test ends by hand. */
function make() {
  const clock = createManualClock();
  const begun: PromiseWithResolvers<void>[] = [];
  const outages: string[] = [];
  const work = () => {
    const round = Promise.withResolvers<void>();
    begun.push(round);
    return round.promise;
  };
  const rounds = createRounds(clock, 1_000, work, {
    began: (cause) => outages.push(`began: ${cause}`),
    ended: () => outages.push("ended"),
  });
  return { begun, clock, outages, rounds };
}

Deno.test("the first round comes after the interval, and none where nobody wants it", async () => {
  const { begun, clock, rounds } = make();
  assert.equal(clock.pending, 0);
  rounds.wake();
  rounds.wake();
  await clock.run(999);
  assert.equal(begun.length, 0);
  await clock.run(1);
  assert.equal(begun.length, 1);
  begun[0].resolve();
  await clock.run(0);
  rounds.rest();
  assert.equal(clock.pending, 0);
});

Deno.test("rounds are timed from start to start and never overlap", async () => {
  const { begun, clock, rounds } = make();
  rounds.wake();
  await clock.run(1_000);
  await clock.run(400);
  begun[0].resolve();
  await clock.run(600);
  assert.equal(begun.length, 2);
  // Late by two intervals: one round follows at once, and not three.
  await clock.run(3_000);
  assert.equal(begun.length, 2);
  begun[1].resolve();
  await clock.run(0);
  assert.equal(begun.length, 3);
  begun[2].resolve();
  await clock.run(0);
  rounds.rest();
  assert.equal(clock.pending, 0);
});

Deno.test("an outage is told once at its begin and once at its end, and stops no round", async () => {
  const { begun, clock, outages, rounds } = make();
  rounds.wake();
  for (const fails of [true, true, false, false, true]) {
    await clock.run(1_000);
    if (fails) begun.at(-1)!.reject("away");
    else begun.at(-1)!.resolve();
    await clock.run(0);
  }
  assert.equal(begun.length, 5);
  assert.deepEqual(outages, ["began: away", "ended", "began: away"]);
  rounds.rest();
  assert.equal(clock.pending, 0);
});

Deno.test("a rest amid a round is the end, and forgets an outage", async () => {
  const { begun, clock, outages, rounds } = make();
  rounds.wake();
  await clock.run(1_000);
  rounds.rest();
  begun[0].reject("away");
  await clock.run(5_000);
  assert.equal(begun.length, 1);
  assert.equal(clock.pending, 0);
  rounds.wake();
  await clock.run(1_000);
  begun[1].reject("away again");
  await clock.run(0);
  assert.deepEqual(outages, ["began: away", "began: away again"]);
  rounds.rest();
  assert.equal(clock.pending, 0);
});
