import assert from "node:assert/strict";
import { pause } from "../platform/clock.ts";
import { createManualClock, makePlatform } from "./platform.ts";

Deno.test("advance() fires timers in the order they fall due, each at its own time", () => {
  const clock = createManualClock(1_000);
  const fired: [string, number][] = [];
  const note = (name: string) => () => fired.push([name, clock.now()]);
  clock.after(20, note("late"));
  clock.after(10, note("first of two"));
  clock.after(10, note("second of two"));
  clock.after(31, note("never"));
  clock.advance(30);
  assert.deepEqual(fired, [["first of two", 1_010], ["second of two", 1_010], ["late", 1_020]]);
  assert.equal(clock.now(), 1_030);
  assert.equal(clock.pending, 1);
});

Deno.test("advance() fires a timer that another one sets, if it falls due too", () => {
  const clock = createManualClock(0);
  const fired: number[] = [];
  const tick = () => {
    fired.push(clock.now());
    clock.after(10, tick);
  };
  clock.after(10, tick);
  clock.advance(35);
  assert.deepEqual(fired, [10, 20, 30]);
});

Deno.test("a timer that was taken down does not fire", () => {
  const clock = createManualClock();
  const stop = clock.after(10, () => assert.fail("it fired"));
  stop();
  clock.advance(10);
  assert.equal(clock.pending, 0);
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

Deno.test("makePlatform() keeps log lines, and takes what a test wants otherwise", () => {
  const platform = makePlatform({ configuration: { beatMs: 50 } });
  assert.equal(platform.configuration.beatMs, 50);
  assert.equal(platform.configuration.leaseMs, 15_000);
  platform.clock.advance(1_500);
  platform.log("info", "worker_started", { worker_id: platform.workerId });
  assert.deepEqual(platform.lines, [{
    timestamp: "2026-01-01T00:00:01.500Z",
    level: "info",
    event: "worker_started",
    worker_id: "00000000-0000-4000-8000-00000000000a",
  }]);
});

Deno.test("makePlatform() gives a shutdown that a test can begin", () => {
  const { shutdown } = makePlatform();
  const reasons: string[] = [];
  shutdown.onShutdown((reason) => reasons.push(reason));
  shutdown.begin("SIGTERM");
  assert.deepEqual(reasons, ["SIGTERM"]);
});
