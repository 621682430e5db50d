import assert from "node:assert/strict";
import type { LogFields } from "./log.ts";
import { createKeepAlive } from "./keep_alive.ts";

/** A keep-alive whose log lines are kept. */
function makeKeepAlive() {
  const lines: [string, string, LogFields | undefined][] = [];
  const keepAlive = createKeepAlive((level, event, fields) => {
    lines.push([level, event, fields]);
  });
  return { keepAlive, lines };
}

/** Puts the edge runtime's global in place while `work` runs; gives what was handed over, and how it looked then. */
async function onEdgeRuntime(
  work: (handed: { promise: Promise<unknown>; state: string }[]) => Promise<void>,
): Promise<void> {
  const global = globalThis as { EdgeRuntime?: unknown };
  const handed: { promise: Promise<unknown>; state: string }[] = [];
  global.EdgeRuntime = {
    waitUntil(promise: Promise<unknown>) {
      handed.push({ promise, state: Deno.inspect(promise) });
    },
  };
  try {
    await work(handed);
  } finally {
    delete global.EdgeRuntime;
  }
}

const works: Record<string, () => Promise<void>> = {
  "ends at once": () => Promise.resolve(),
  "never awaits": async () => {},
  "rejects": () => Promise.reject(new Error("failed")),
  "throws": () => {
    throw new Error("failed");
  },
  "gives a thenable": () => ({ then: (done: () => void) => done() }) as Promise<void>,
};

Deno.test("run() hands the edge runtime a native promise that is still pending", async () => {
  for (const [name, work] of Object.entries(works)) {
    await onEdgeRuntime(async (handed) => {
      makeKeepAlive().keepAlive.run(name, work);
      assert.equal(handed.length, 1, name);
      const [{ promise, state }] = handed;
      assert.equal(Object.getPrototypeOf(promise), Promise.prototype, name);
      assert.match(state, /<pending>/, name);
      assert.equal(await promise, undefined, name);
    });
  }
});

Deno.test("run() hands over one promise for each work, pending until that work ends", async () => {
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

Deno.test("run() logs what fails, by name, with the cause", async () => {
  for (const work of [works.rejects, works.throws]) {
    const { keepAlive, lines } = makeKeepAlive();
    keepAlive.run("finish", work);
    await keepAlive.settled();
    assert.deepEqual(lines, [["error", "background_work_failed", { reason: "finish", cause: new Error("failed") }]]);
  }
});

Deno.test("run() begins the work after its caller has gone on", async () => {
  const { keepAlive, lines } = makeKeepAlive();
  const order: string[] = [];
  keepAlive.run("work", () => {
    order.push("work");
    return Promise.resolve();
  });
  order.push("caller");
  await keepAlive.settled();
  assert.deepEqual(order, ["caller", "work"]);
  assert.deepEqual(lines, []);
});

Deno.test("run() needs no edge runtime", async () => {
  const { keepAlive } = makeKeepAlive();
  let ran = false;
  keepAlive.run("work", async () => {
    await null;
    ran = true;
  });
  await keepAlive.settled();
  assert.equal(ran, true);
});

Deno.test("settled() waits for all that runs, also for what begins meanwhile", async () => {
  const { keepAlive } = makeKeepAlive();
  const gate = Promise.withResolvers<void>();
  const ended: string[] = [];
  keepAlive.run("outer", async () => {
    await gate.promise;
    keepAlive.run("inner", async () => {
      await null;
      ended.push("inner");
    });
    ended.push("outer");
  });
  let settled = false;
  const all = keepAlive.settled().then(() => settled = true);
  for (let turn = 0; turn < 10; turn++) await null;
  assert.equal(settled, false);
  gate.resolve();
  await all;
  assert.deepEqual(ended, ["outer", "inner"]);
});

Deno.test("settled() is at once where nothing runs", async () => {
  await makeKeepAlive().keepAlive.settled();
});
