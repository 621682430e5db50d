import assert from "node:assert/strict";
import { createManualClock, makeConfiguration } from "../testing/platform.ts";
import { type Deadlines, startDeadlines } from "./deadlines.ts";
import type { Stop } from "./stop.ts";

const configuration = makeConfiguration({ timeoutMs: 10_000, firstTokenTimeoutMs: 5_000, idleTimeoutMs: 2_000 });

const TOTAL = "The generation took longer than 10000 ms, the limit";
const FIRST = "The provider sent no first token within 5000 ms";
const IDLE = "The provider sent nothing for 2000 ms";

/** Deadlines of a request that came so many milliseconds ago. */
function make(ago = 0, overrides: Partial<typeof configuration> = {}) {
  const clock = createManualClock();
  const stops: Stop[] = [];
  const deadlines: Deadlines = startDeadlines(
    clock,
    { ...configuration, ...overrides },
    clock.now() - ago,
    (stop) => stops.push(stop),
  );
  const start = clock.now();
  return {
    clock,
    deadlines,
    /** What expired, if anything has. */
    seen: () => stops.map(({ kind, error }) => [kind, error?.code, error?.message]),
    elapsed: () => clock.now() - start,
  };
}

Deno.test("a provider that says nothing at all expires after the first time limit", () => {
  const { clock, seen } = make();
  clock.advance(4_999);
  assert.deepEqual(seen(), []);
  clock.advance(1);
  assert.deepEqual(seen(), [["timeout", "provider_timeout", FIRST]]);
  assert.equal(clock.pending, 0);
});

Deno.test("after the first token the idle limit holds, from one token to the next", () => {
  const { clock, deadlines, seen } = make();
  clock.advance(4_000);
  deadlines.touch();
  clock.advance(1_999);
  deadlines.touch();
  clock.advance(1_999);
  assert.deepEqual(seen(), []);
  clock.advance(1);
  assert.deepEqual(seen(), [["timeout", "provider_timeout", IDLE]]);
  assert.equal(clock.pending, 0);
});

Deno.test("an idle limit that is shorter than what is left of the first one holds at once", () => {
  const { clock, deadlines, seen } = make();
  deadlines.touch();
  clock.advance(2_000);
  assert.deepEqual(seen(), [["timeout", "provider_timeout", IDLE]]);
});

Deno.test("the limit in all holds however much the provider says", () => {
  const { clock, deadlines, seen } = make();
  for (let at = 0; at < 9_999; at += 1_000) {
    deadlines.touch();
    clock.advance(at === 9_000 ? 999 : 1_000);
  }
  assert.deepEqual(seen(), []);
  clock.advance(1);
  assert.deepEqual(seen(), [["timeout", "timeout", TOTAL]]);
  assert.equal(clock.pending, 0);
});

Deno.test("the limit in all counts from the request, the others from the start", () => {
  const { clock, seen, elapsed } = make(6_000);
  clock.advance(4_000);
  assert.deepEqual(seen(), [["timeout", "timeout", TOTAL]]);
  assert.equal(elapsed(), 4_000);
  const early = make(3_000);
  early.clock.advance(5_000);
  assert.deepEqual(early.seen(), [["timeout", "provider_timeout", FIRST]]);
});

Deno.test("where two limits are reached at once, the one in all is named", () => {
  const { clock, seen } = make(0, { firstTokenTimeoutMs: 10_000 });
  clock.advance(10_000);
  assert.deepEqual(seen(), [["timeout", "timeout", TOTAL]]);
});

Deno.test("a request that is too old already expires at once", () => {
  const { clock, seen } = make(10_000);
  assert.deepEqual(seen(), [["timeout", "timeout", TOTAL]]);
  assert.equal(clock.pending, 0);
});

Deno.test("one timer watches for all, however many tokens come", () => {
  const { clock, deadlines } = make();
  for (let token = 0; token < 100; token++) {
    deadlines.touch();
    assert.equal(clock.pending, 1);
    clock.advance(10);
  }
  deadlines.end();
});

Deno.test("the end leaves no timer, and nothing expires after it", () => {
  for (const touches of [0, 1, 2]) {
    const { clock, deadlines, seen } = make();
    for (let touch = 0; touch < touches; touch++) deadlines.touch();
    deadlines.end();
    assert.equal(clock.pending, 0);
    clock.advance(20_000);
    assert.deepEqual(seen(), []);
  }
});
