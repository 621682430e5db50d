import assert from "node:assert/strict";
import { createManualClock } from "../testing/platform.ts";
import { pause, systemClock } from "./clock.ts";

Deno.test("the system clock gives the time, calls back once, and clears a timer as often as asked", async () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(before <= now && now <= Date.now());
  const clear = systemClock.after(0, () => assert.fail("It was cleared"));
  clear();
  clear();
  let calls = 0;
  await new Promise<void>((resolve) => {
    const clearThis = systemClock.after(1, () => {
      calls++;
      clearThis();
      resolve();
    });
  });
  assert.equal(calls, 1);
});

Deno.test("pause() settles when the time has passed, and not before", async () => {
  const clock = createManualClock();
  let settled = false;
  pause(clock, 100).then(() => settled = true);
  await clock.run(99);
  assert.equal(settled, false);
  await clock.run(1);
  await clock.run(0);
  assert.equal(settled, true);
});

Deno.test("pause() settles at once when its signal aborts or has aborted, does not reject, and leaves no timer", async () => {
  const clock = createManualClock();
  await pause(clock, 100, AbortSignal.abort("cancelled"));
  const controller = new AbortController();
  const paused = pause(clock, 100, controller.signal);
  assert.equal(clock.pending, 1);
  controller.abort("cancelled");
  assert.equal(await paused, undefined);
  assert.equal(clock.pending, 0);
});

Deno.test("pause() leaves no listener on a signal that outlives it", async () => {
  const clock = createManualClock();
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
  const paused = pause(clock, 100, signal);
  assert.equal(listeners.size, 1);
  clock.advance(100);
  await paused;
  assert.equal(listeners.size, 0);
});
