import assert from "node:assert/strict";
import { createManualClock, makeConfiguration } from "../testing/platform.ts";
import { startDeadlines } from "./deadlines.ts";
import type { EndReason } from "./ending.ts";

const TOTAL = ["timeout", "timeout", "The generation took longer than 10000 ms, the limit"];
const FIRST = ["timeout", "provider_timeout", "The provider sent no first token within 5000 ms"];
const IDLE = ["timeout", "provider_timeout", "The provider sent nothing for 2000 ms"];

/** Deadlines of a request that came so many milliseconds ago; `seen` is what expired. */
function make(ago = 0, firstTokenTimeoutMs = 5_000) {
  const clock = createManualClock();
  const seen: unknown[] = [];
  const configuration = makeConfiguration({ timeoutMs: 10_000, firstTokenTimeoutMs, idleTimeoutMs: 2_000 });
  const deadlines = startDeadlines(clock, configuration, clock.now() - ago, ({ kind, error }) => {
    seen.push([kind, error?.code, error?.message]);
  });
  return { clock, deadlines, seen };
}

/** Each with the pauses between the provider's reads, and what expires a millisecond after the last one but one. */
const CASES: [title: string, pauses: number[], expired: string[], ago?: number, first?: number][] = [
  ["a provider that says nothing expires after the first limit", [5_000], FIRST],
  ["after the first token the idle limit holds, from one to the next", [4_000, 1_999, 2_000], IDLE],
  ["an idle limit shorter than what is left of the first one holds at once", [0, 2_000], IDLE],
  ["the limit in all holds however much the provider says", [...Array(9).fill(1_000), 1_000], TOTAL],
  ["the limit in all counts from the request", [4_000], TOTAL, 6_000],
  ["the first limit counts from the start", [5_000], FIRST, 3_000],
  ["where two limits are reached at once, the one in all is named", [10_000], TOTAL, 0, 10_000],
];

for (const [title, pauses, expired, ago, first] of CASES) {
  Deno.test(title, () => {
    const { clock, deadlines, seen } = make(ago, first);
    for (const ms of pauses.slice(0, -1)) {
      clock.advance(ms);
      deadlines.touch(true, false);
      assert.equal(clock.pending, 1);
    }
    clock.advance(pauses.at(-1)! - 1);
    assert.deepEqual(seen, []);
    clock.advance(1);
    assert.deepEqual(seen, [expired]);
    assert.equal(clock.pending, 0);
  });
}

Deno.test("any byte is a sign of life after the first token, and none before it", () => {
  const { clock, deadlines, seen } = make();
  deadlines.touch(true, false);
  for (let reads = 0; reads < 4; reads++) {
    clock.advance(1_500);
    deadlines.touch(false, false);
  }
  assert.deepEqual(seen, []);
  const silent = make();
  for (let reads = 0; reads < 4; reads++) {
    silent.clock.advance(1_250);
    silent.deadlines.touch(false, false);
  }
  assert.deepEqual(silent.seen, [FIRST]);
  deadlines.end();
});

Deno.test("a complete answer is not silent, and has a little longer than the limit in all", () => {
  const { clock, deadlines, seen } = make();
  deadlines.touch(true, true);
  clock.advance(11_999);
  assert.deepEqual(seen, []);
  clock.advance(1);
  assert.deepEqual(seen, [TOTAL]);
});

Deno.test("a request that is too old already expires at once", () => {
  const { clock, seen } = make(10_000);
  assert.deepEqual(seen, [TOTAL]);
  assert.equal(clock.pending, 0);
});

Deno.test("the end leaves no timer, and nothing expires after it", () => {
  for (const touches of [0, 1, 2]) {
    const { clock, deadlines, seen } = make();
    for (let touch = 0; touch < touches; touch++) deadlines.touch(true, false);
    deadlines.end();
    assert.equal(clock.pending, 0);
    clock.advance(20_000);
    assert.deepEqual(seen, []);
  }
});

Deno.test("a share is an equal part of what is left until the first limit, and the last one is all of it", () => {
  const { clock, deadlines, seen } = make();
  const silent: unknown[] = [];
  const onSilent = ({ error }: EndReason) => silent.push([clock.now() - begunAt, error?.message]);
  const begunAt = clock.now();
  assert.ok(deadlines.share(3, onSilent));
  clock.advance(1_667);
  assert.ok(deadlines.share(2, onSilent));
  // A first token, and an end, that came to nothing.
  deadlines.touch(true, true);
  clock.advance(100);
  assert.ok(deadlines.share(1, onSilent));
  clock.advance(5_000 - 1_767);
  assert.deepEqual(silent, [
    [1_667, "The provider sent no first token within 1667 ms"],
    [5_000, "The provider sent no first token within 3233 ms"],
  ]);
  assert.equal(deadlines.share(1, onSilent), false);
  assert.deepEqual([seen, clock.pending], [[], 0]);
});

Deno.test("the limit in all holds for every share", () => {
  const { clock, deadlines, seen } = make(9_000);
  deadlines.share(2, () => assert.fail("It was not silent for too long"));
  clock.advance(1_000);
  assert.deepEqual(seen, [TOTAL]);
});
