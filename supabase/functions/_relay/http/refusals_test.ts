import assert from "node:assert/strict";
import type { ErrorCode } from "../protocol/errors.ts";
import { REFUSAL_FLUSH_MS } from "../protocol/limits.ts";
import { makePlatform } from "../testing/platform.ts";
import { createRefusals } from "./refusals.ts";

/** Counts, and what was flushed of them; while `failure` is set, flushes fail. */
function make() {
  const platform = makePlatform();
  const flushed: Record<string, number>[] = [];
  const lab = {
    ...platform,
    flushed,
    tries: 0,
    failure: null as unknown,
    /** Every flush waits for it. */
    gate: Promise.resolve(),
    refusals: createRefusals(platform, async (counts) => {
      lab.tries++;
      const given = { ...Object.fromEntries(counts.refusals), ...Object.fromEntries(counts.errorLines) };
      await lab.gate;
      if (lab.failure) throw lab.failure;
      flushed.push(given);
    }),
    count: (...codes: ErrorCode[]) => codes.forEach((code) => lab.refusals.count(code)),
    /** At the end nothing waits, and nothing is left running. */
    async settle() {
      await platform.keepAlive.settled();
      assert.equal(platform.clock.pending, 0);
    },
  };
  return lab;
}

Deno.test("refusals are flushed together, ten seconds after the first, once, and nothing without one", async () => {
  const { clock, count, flushed, settle } = make();
  await clock.run(10 * REFUSAL_FLUSH_MS);
  assert.deepEqual(flushed, []);
  for (let round = 0; round < 2; round++) {
    flushed.length = 0;
    count("forbidden", "rate_limited", "forbidden");
    await clock.run(REFUSAL_FLUSH_MS - 1);
    count("internal");
    assert.deepEqual(flushed, []);
    await clock.run(3 * REFUSAL_FLUSH_MS);
    assert.deepEqual(flushed, [{ forbidden: 2, rate_limited: 1, internal: 1 }]);
  }
  await settle();
});

Deno.test("what is refused during a flush comes with the next", async () => {
  const lab = make();
  const { clock, count, flushed, settle } = lab;
  const { promise, resolve } = Promise.withResolvers<void>();
  lab.gate = promise;
  count("forbidden");
  await clock.run(REFUSAL_FLUSH_MS);
  count("forbidden", "forbidden", "internal");
  resolve();
  await clock.run(REFUSAL_FLUSH_MS);
  assert.deepEqual(flushed, [{ forbidden: 1 }, { forbidden: 2, internal: 1 }]);
  await settle();
});

Deno.test("counts whose flush fails are kept, flushed with the rest, and logged once for an outage", async () => {
  const lab = make();
  const { clock, count, flushed, logged, settle } = lab;
  for (const cause of ["away", "away again"]) {
    lab.failure = new Error(cause);
    lab.tries = 0;
    count("forbidden");
    await clock.run(REFUSAL_FLUSH_MS);
    count("forbidden", "internal");
    await clock.run(2 * REFUSAL_FLUSH_MS);
    assert.equal(lab.tries, 3);
    lab.failure = null;
    await clock.run(REFUSAL_FLUSH_MS);
  }
  assert.deepEqual(flushed, Array(2).fill({ forbidden: 2, internal: 1 }));
  const line = (cause: string) => ({ level: "warn", event: "refusals_not_counted", cause });
  assert.deepEqual(logged(), [line("Error: away"), line("Error: away again")]);
  await settle();
});

Deno.test("a worker that ends flushes at once, also what it refuses while it ends", async () => {
  const lab = make();
  const { clock, count, flushed, settle, shutdown } = lab;
  const { promise, resolve } = Promise.withResolvers<void>();
  count("forbidden");
  await clock.run(10);
  lab.gate = promise;
  shutdown.begin("the end");
  await clock.run(0);
  count("unavailable");
  resolve();
  await settle();
  count("internal");
  await settle();
  assert.deepEqual(flushed, [{ forbidden: 1 }, { unavailable: 1 }, { internal: 1 }]);
});

Deno.test("a worker that ends tries once where flushes fail, and ends", async () => {
  const lab = make();
  lab.failure = new Error("away");
  lab.count("forbidden");
  await lab.clock.run(REFUSAL_FLUSH_MS);
  lab.shutdown.begin("the end");
  await lab.settle();
  assert.deepEqual([lab.flushed, lab.tries], [[], 2]);
});

Deno.test("lines of the level error are flushed like refusals, each event with its number; other levels are not", async () => {
  const { clock, count, flushed, log, settle } = make();
  log("warn", "beats_failing");
  log("error", "message_lost");
  log("error", "message_lost");
  count("forbidden");
  await clock.run(REFUSAL_FLUSH_MS);
  assert.deepEqual(flushed, [{ forbidden: 1, message_lost: 2 }]);
  log("error", "text_refused");
  await clock.run(REFUSAL_FLUSH_MS);
  assert.deepEqual(flushed.slice(1), [{ text_refused: 1 }]);
  await settle();
});
