import assert from "node:assert/strict";
import { createManualClock } from "../testing/platform.ts";
import { createInterval } from "./interval.ts";

/** An interval of a second whose runs a test ends by hand. */
function make() {
  const clock = createManualClock();
  const begun: PromiseWithResolvers<void>[] = [];
  const outages: string[] = [];
  const work = () => {
    const run = Promise.withResolvers<void>();
    begun.push(run);
    return run.promise;
  };
  const interval = createInterval(clock, 1_000, work, {
    began: (cause) => outages.push(`began: ${cause}`),
    ended: () => outages.push("ended"),
  });
  return { begun, clock, outages, interval };
}

Deno.test("runs are timed from start to start and never overlap", async () => {
  const { begun, clock, interval } = make();
  interval.start();
  await clock.run(1_400);
  begun[0].resolve();
  await clock.run(600);
  assert.equal(begun.length, 2);
  // Late by two intervals: one run follows at once, not three.
  interval.start();
  await clock.run(3_000);
  assert.equal(begun.length, 2);
  begun[1].resolve();
  await clock.run(0);
  assert.equal(begun.length, 3);
  begun[2].resolve();
  await clock.run(0);
  interval.stop();
  assert.equal(clock.pending, 0);
});

Deno.test("an outage is reported once at its begin and once at its end, and stops no run", async () => {
  const { begun, clock, outages, interval } = make();
  interval.start();
  for (const fails of [true, true, false, false, true]) {
    await clock.run(1_000);
    if (fails) begun.at(-1)!.reject("away");
    else begun.at(-1)!.resolve();
    await clock.run(0);
  }
  assert.equal(begun.length, 5);
  assert.deepEqual(outages, ["began: away", "ended", "began: away"]);
  interval.stop();
  assert.equal(clock.pending, 0);
});

Deno.test("a stop during a run is the end, and forgets an outage", async () => {
  const { begun, clock, outages, interval } = make();
  interval.start();
  await clock.run(1_000);
  interval.stop();
  begun[0].reject("away");
  await clock.run(5_000);
  assert.equal(begun.length, 1);
  assert.equal(clock.pending, 0);
  interval.start();
  await clock.run(1_000);
  begun[1].reject("away again");
  await clock.run(0);
  assert.deepEqual(outages, ["began: away", "began: away again"]);
  interval.stop();
  assert.equal(clock.pending, 0);
});
