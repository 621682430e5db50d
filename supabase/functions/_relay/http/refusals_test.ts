import assert from "node:assert/strict";
import { type ErrorCode, STATUS_OF } from "../protocol/errors.ts";
import { REFUSALS_TOLD_MS } from "../protocol/limits.ts";
import { makePlatform } from "../testing/platform.ts";
import { createRefusals } from "./refusals.ts";

/** A tally, and what was told of it; while `failure` is set nothing is taken over. */
function make() {
  const platform = makePlatform();
  const told: Record<string, number>[] = [];
  const lab = {
    ...platform,
    told,
    tries: 0,
    failure: null as unknown,
    /** Waited for by whoever tells. */
    gate: Promise.resolve(),
    refusals: createRefusals(platform, async (counts) => {
      lab.tries++;
      const given = Object.fromEntries(counts);
      await lab.gate;
      if (lab.failure) throw lab.failure;
      told.push(given);
    }),
    count(...codes: ErrorCode[]) {
      for (const code of codes) lab.refusals.count(code);
    },
    /** What must be so at the end: nothing waits, nothing is left running. */
    async settle() {
      await platform.keepAlive.settled();
      assert.equal(platform.clock.pending, 0);
    },
  };
  return lab;
}

Deno.test("who refuses nothing tells nothing", async () => {
  const { clock, settle, told, tries } = make();
  await clock.run(10 * REFUSALS_TOLD_MS);
  assert.deepEqual([told, tries], [[], 0]);
  await settle();
});

Deno.test("refusals are told together, ten seconds after the first", async () => {
  const { clock, count, settle, told } = make();
  count("forbidden", "rate_limited", "forbidden");
  await clock.run(REFUSALS_TOLD_MS - 1);
  count("internal");
  assert.deepEqual(told, []);
  await clock.run(1);
  assert.deepEqual(told, [{ forbidden: 2, rate_limited: 1, internal: 1 }]);
  await settle();
});

Deno.test("nothing is told twice, and the next refusal waits for its own ten seconds", async () => {
  const { clock, count, settle, told } = make();
  count("forbidden");
  await clock.run(3 * REFUSALS_TOLD_MS);
  assert.deepEqual(told, [{ forbidden: 1 }]);
  count("forbidden");
  await clock.run(REFUSALS_TOLD_MS - 1);
  assert.equal(told.length, 1);
  await clock.run(1);
  assert.deepEqual(told, [{ forbidden: 1 }, { forbidden: 1 }]);
  await settle();
});

Deno.test("what is refused while the worker tells is told the next time", async () => {
  const lab = make();
  const { clock, count, settle, told } = lab;
  const { promise, resolve } = Promise.withResolvers<void>();
  lab.gate = promise;
  count("forbidden");
  await clock.run(REFUSALS_TOLD_MS);
  count("forbidden", "forbidden", "internal");
  resolve();
  await clock.run(REFUSALS_TOLD_MS);
  assert.deepEqual(told, [{ forbidden: 1 }, { forbidden: 2, internal: 1 }]);
  await settle();
});

Deno.test("what could not be told is kept, told with the rest, and logged once for an outage", async () => {
  const lab = make();
  const { clock, count, lines, settle, told } = lab;
  lab.failure = new Error("away");
  count("forbidden");
  await clock.run(REFUSALS_TOLD_MS);
  count("forbidden", "internal");
  await clock.run(2 * REFUSALS_TOLD_MS);
  assert.deepEqual([told, lab.tries], [[], 3]);
  lab.failure = null;
  await clock.run(REFUSALS_TOLD_MS);
  assert.deepEqual([told, lab.tries], [[{ forbidden: 2, internal: 1 }], 4]);
  lab.failure = new Error("away again");
  count("internal");
  await clock.run(REFUSALS_TOLD_MS);
  lab.failure = null;
  await clock.run(REFUSALS_TOLD_MS);
  assert.deepEqual(told.slice(1), [{ internal: 1 }]);
  assert.deepEqual(
    lines.map(({ level, event, cause }) => [level, event, cause]),
    [["warn", "refusals_not_counted", "Error: away"], ["warn", "refusals_not_counted", "Error: away again"]],
  );
  await settle();
});

Deno.test("a flood is one call of no more numbers than there are codes", async () => {
  const { clock, count, settle, told } = make();
  const codes = Object.keys(STATUS_OF) as ErrorCode[];
  for (let i = 0; i < 1_000; i++) count(...codes);
  assert.equal(clock.pending, 0);
  await clock.run(REFUSALS_TOLD_MS);
  assert.deepEqual(told, [Object.fromEntries(codes.map((code) => [code, 1_000]))]);
  await settle();
});

Deno.test("a worker that ends tells at once, what it refuses while it ends too", async () => {
  const lab = make();
  const { clock, count, settle, shutdown, told } = lab;
  const { promise, resolve } = Promise.withResolvers<void>();
  count("forbidden");
  await clock.run(10);
  lab.gate = promise;
  shutdown.begin("the end");
  await clock.run(0);
  count("unavailable");
  resolve();
  await settle();
  assert.deepEqual(told, [{ forbidden: 1 }, { unavailable: 1 }]);
  count("internal");
  await settle();
  assert.deepEqual(told.slice(2), [{ internal: 1 }]);
});

Deno.test("a worker that ends tries once where nobody takes the counts over, and ends", async () => {
  const lab = make();
  const { clock, count, settle, shutdown, told } = lab;
  lab.failure = new Error("away");
  count("forbidden");
  await clock.run(REFUSALS_TOLD_MS);
  shutdown.begin("the end");
  await settle();
  assert.deepEqual([told, lab.tries], [[], 2]);
});
