import assert from "node:assert/strict";
import { createManualClock } from "../testing/platform.ts";
import { pause, systemClock } from "./clock.ts";

/** Whether the promise has settled once all other promises had their turn. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true);
  for (let turn = 0; turn < 10; turn++) await null;
  return settled;
}

Deno.test("the system clock tells the time and calls back once", async () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(before <= now && now <= Date.now());
  let calls = 0;
  await new Promise<void>((resolve) =>
    systemClock.after(0, () => {
      calls++;
      resolve();
    })
  );
  assert.equal(calls, 1);
});

Deno.test("the system clock takes a timer down, again and after it fired too", async () => {
  let fired = false;
  const stop = systemClock.after(0, () => fired = true);
  stop();
  stop();
  await new Promise<void>((resolve) => {
    const stopThis = systemClock.after(1, () => {
      stopThis();
      resolve();
    });
  });
  assert.equal(fired, false);
});

Deno.test("pause() settles when the time has passed, and not before", async () => {
  const clock = createManualClock();
  const paused = pause(clock, 100);
  clock.advance(99);
  assert.equal(await hasSettled(paused), false);
  clock.advance(1);
  assert.equal(await hasSettled(paused), true);
});

Deno.test("pause() settles at once for an aborted signal, and sets no timer", async () => {
  const clock = createManualClock();
  await pause(clock, 100, AbortSignal.abort("cancelled"));
  assert.equal(clock.pending, 0);
});

Deno.test("pause() settles when the signal aborts, does not reject, and takes its timer down", async () => {
  const clock = createManualClock();
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
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  const paused = pause(clock, 100, signal);
  assert.equal(listeners.size, 1);
  clock.advance(100);
  await paused;
  assert.equal(listeners.size, 0);
});
