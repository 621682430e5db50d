import assert from "node:assert/strict";
import { createKeepAlive, createShutdown } from "./lifetime.ts";
import type { Log } from "./log.ts";

function makeLog(): { lines: unknown[]; log: Log } {
  const lines: unknown[] = [];
  return { lines, log: (level, event, fields) => void lines.push([level, event, fields]) };
}

function makeKeepAlive() {
  const { lines, log } = makeLog();
  return { lines, keepAlive: createKeepAlive(log) };
}

/** A shutdown on an event target of its own. */
function makeShutdown() {
  const { lines, log } = makeLog();
  const target = new EventTarget();
  return { lines, shutdown: createShutdown(log, target), target };
}

/** Puts the edge runtime's global in place while `work` runs; gives what was handed over, and how it looked then. */
async function onEdgeRuntime(
  work: (handed: { promise: Promise<unknown>; state: string }[]) => Promise<void>,
): Promise<void> {
  const global = globalThis as { EdgeRuntime?: unknown };
  const handed: { promise: Promise<unknown>; state: string }[] = [];
  global.EdgeRuntime = {
    waitUntil: (promise: Promise<unknown>) => void handed.push({ promise, state: Deno.inspect(promise) }),
  };
  try {
    await work(handed);
  } finally {
    delete global.EdgeRuntime;
  }
}

const WORKS: Record<string, () => Promise<void>> = {
  "ends at once": () => Promise.resolve(),
  "never awaits": async () => {},
  "rejects": () => Promise.reject(new Error("failed")),
  "throws": () => {
    throw new Error("failed");
  },
  "gives a thenable": () => ({ then: (done: () => void) => done() }) as Promise<void>,
};

for (const [name, work] of Object.entries(WORKS)) {
  Deno.test(`the edge runtime is handed a native promise that is still pending, for work that ${name}`, async () => {
    await onEdgeRuntime(async (handed) => {
      makeKeepAlive().keepAlive.run(name, work);
      assert.equal(handed.length, 1);
      const [{ promise, state }] = handed;
      assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
      assert.match(state, /<pending>/);
      assert.equal(await promise, undefined);
    });
  });
}

Deno.test("the edge runtime is handed one promise for each work, pending until that work ends", async () => {
  await onEdgeRuntime(async (handed) => {
    const { keepAlive } = makeKeepAlive();
    const first = Promise.withResolvers<void>();
    keepAlive.run("first", () => first.promise);
    keepAlive.run("second", () => Promise.resolve());
    await handed[1].promise;
    assert.match(Deno.inspect(handed[0].promise), /<pending>/);
    first.resolve();
    await handed[0].promise;
  });
});

Deno.test("work that fails is logged, by name, with the cause", async () => {
  for (const work of [WORKS.rejects, WORKS.throws]) {
    const { keepAlive, lines } = makeKeepAlive();
    keepAlive.run("finish", work);
    await keepAlive.settled();
    assert.deepEqual(lines, [["error", "background_work_failed", { reason: "finish", cause: new Error("failed") }]]);
  }
});

Deno.test("work begins after its caller has gone on; settled() waits for all of it, also for what other work begins", async () => {
  const { keepAlive } = makeKeepAlive();
  await keepAlive.settled();
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  keepAlive.run("outer", async () => {
    order.push("outer");
    await gate.promise;
    keepAlive.run("inner", async () => {
      for (let turn = 0; turn < 10; turn++) await null;
      order.push("inner");
    });
  });
  order.push("caller");
  const all = keepAlive.settled().then(() => order.push("settled"));
  for (let turn = 0; turn < 10; turn++) await null;
  gate.resolve();
  await all;
  assert.deepEqual(order, ["caller", "outer", "inner", "settled"]);
});

Deno.test("listeners are called synchronously and in order, then the signal aborts; all of it once", () => {
  const { lines, shutdown, target } = makeShutdown();
  const calls: unknown[] = [];
  shutdown.onShutdown((reason) => {
    calls.push(["first", reason, shutdown.signal.aborted]);
    shutdown.begin("again");
    remove();
  });
  // One that is removed while the listeners are called does not disturb the others.
  const remove = shutdown.onShutdown(() => calls.push(["second"]));
  shutdown.onShutdown(() => assert.fail("It was removed"))();
  shutdown.begin("SIGTERM");
  shutdown.begin("later");
  target.dispatchEvent(new CustomEvent("beforeunload", { detail: "memory" }));
  assert.deepEqual(calls, [["first", "SIGTERM", false], ["second"]]);
  assert.equal(shutdown.signal.reason, "SIGTERM");
  assert.deepEqual(lines, [["info", "worker_shutdown", { reason: "SIGTERM", generations: 2 }]]);
});

Deno.test("the reason of beforeunload is read as text and inside an object", () => {
  const cases: [Event, string][] = [
    [new Event("beforeunload"), "beforeunload"],
    ...([
      ["cpu", "cpu"],
      [{ reason: "wall_clock" }, "wall_clock"],
      [{ reason: 7 }, "beforeunload"],
      [{}, "beforeunload"],
      [null, "beforeunload"],
      [undefined, "beforeunload"],
    ] as const).map(([detail, reason]): [Event, string] => [new CustomEvent("beforeunload", { detail }), reason]),
  ];
  for (const [event, wanted] of cases) {
    const { shutdown, target } = makeShutdown();
    const reasons: string[] = [];
    shutdown.onShutdown((reason) => reasons.push(reason));
    target.dispatchEvent(event);
    assert.deepEqual(reasons, [wanted]);
  }
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

Deno.test("a listener that comes after the end has begun is called at once", () => {
  const { shutdown } = makeShutdown();
  shutdown.begin("wall_clock");
  const reasons: string[] = [];
  shutdown.onShutdown((reason) => reasons.push(reason));
  assert.deepEqual(reasons, ["wall_clock"]);
});
