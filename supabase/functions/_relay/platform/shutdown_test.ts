import assert from "node:assert/strict";
import { createShutdown } from "./shutdown.ts";

/** A shutdown on an event target of its own. */
function makeShutdown() {
  const lines: unknown[] = [];
  const target = new EventTarget();
  const shutdown = createShutdown((level, event, fields) => lines.push([level, event, fields]), target);
  return { lines, shutdown, target };
}

Deno.test("a listener is called synchronously, with the reason, in the order of coming", () => {
  const { lines, shutdown } = makeShutdown();
  const calls: string[] = [];
  shutdown.onShutdown((reason) => calls.push(`first ${reason}`));
  shutdown.onShutdown((reason) => calls.push(`second ${reason}`));
  shutdown.begin("SIGTERM");
  assert.deepEqual(calls, ["first SIGTERM", "second SIGTERM"]);
  assert.deepEqual(lines, [["info", "worker_shutdown", { reason: "SIGTERM", generations: 2 }]]);
});

Deno.test("the reason of beforeunload is read as text and inside an object", () => {
  const details: [unknown, string][] = [
    ["cpu", "cpu"],
    [{ reason: "wall_clock" }, "wall_clock"],
    [{ reason: 7 }, "beforeunload"],
    [{}, "beforeunload"],
    [null, "beforeunload"],
    [undefined, "beforeunload"],
  ];
  for (const [detail, expected] of details) {
    const { shutdown, target } = makeShutdown();
    const reasons: string[] = [];
    shutdown.onShutdown((reason) => reasons.push(reason));
    target.dispatchEvent(new CustomEvent("beforeunload", { detail }));
    assert.deepEqual(reasons, [expected]);
  }
});

Deno.test("a plain beforeunload event has no reason of its own", () => {
  const { shutdown, target } = makeShutdown();
  const reasons: string[] = [];
  shutdown.onShutdown((reason) => reasons.push(reason));
  target.dispatchEvent(new Event("beforeunload"));
  assert.deepEqual(reasons, ["beforeunload"]);
});

Deno.test("a shutdown begins once, whoever calls it again", () => {
  const { lines, shutdown, target } = makeShutdown();
  const reasons: string[] = [];
  shutdown.onShutdown((reason) => {
    reasons.push(reason);
    shutdown.begin("again");
  });
  shutdown.begin("first");
  shutdown.begin("second");
  target.dispatchEvent(new CustomEvent("beforeunload", { detail: "memory" }));
  assert.deepEqual(reasons, ["first"]);
  assert.equal(lines.length, 1);
});

Deno.test("a listener that was taken away is not called", () => {
  const { shutdown } = makeShutdown();
  const calls: string[] = [];
  const remove = shutdown.onShutdown(() => calls.push("taken away"));
  shutdown.onShutdown(() => calls.push("left"));
  remove();
  remove();
  shutdown.begin("cpu");
  assert.deepEqual(calls, ["left"]);
});

Deno.test("a listener that takes another away does not unsettle the round", () => {
  const { shutdown } = makeShutdown();
  const calls: string[] = [];
  const remove = shutdown.onShutdown(() => {
    calls.push("first");
    remove();
  });
  shutdown.onShutdown(() => calls.push("second"));
  shutdown.begin("cpu");
  assert.deepEqual(calls, ["first", "second"]);
});

Deno.test("a listener that throws is logged, and the others are called", () => {
  const { lines, shutdown } = makeShutdown();
  const calls: string[] = [];
  const cause = new Error("broken");
  shutdown.onShutdown(() => {
    throw cause;
  });
  shutdown.onShutdown(() => calls.push("second"));
  shutdown.begin("cpu");
  assert.deepEqual(calls, ["second"]);
  assert.deepEqual(lines[1], ["error", "shutdown_listener_failed", { reason: "cpu", cause }]);
});

Deno.test("a listener that comes after the beginning of the end is told at once", () => {
  const { shutdown } = makeShutdown();
  shutdown.begin("wall_clock");
  const reasons: string[] = [];
  shutdown.onShutdown((reason) => reasons.push(reason));
  assert.deepEqual(reasons, ["wall_clock"]);
});

Deno.test("the signal aborts with the end, behind the listeners, and is no listener", () => {
  const { lines, shutdown } = makeShutdown();
  const seen: boolean[] = [];
  shutdown.onShutdown(() => seen.push(shutdown.signal.aborted));
  assert.equal(shutdown.signal.aborted, false);
  shutdown.begin("SIGTERM");
  assert.deepEqual(seen, [false]);
  assert.equal(shutdown.signal.reason, "SIGTERM");
  assert.deepEqual(lines, [["info", "worker_shutdown", { reason: "SIGTERM", generations: 1 }]]);
});
