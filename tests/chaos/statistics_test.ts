import assert from "node:assert/strict";
import { between, createChance, oneOf, quantile, spread, time } from "./statistics.ts";

Deno.test("a quantile is the sample that so many do not exceed", () => {
  const samples = Array.from({ length: 100 }, (_, place) => 100 - place);
  assert.equal(quantile(samples, 0.5), 50);
  assert.equal(quantile(samples, 0.95), 95);
  assert.equal(quantile(samples, 1), 100);
  assert.equal(quantile([7], 0.5), 7);
  assert.equal(quantile([], 0.5), NaN);
});

Deno.test("times are read in milliseconds, and long ones in seconds", () => {
  assert.equal(time(12.4), "12 ms");
  assert.equal(time(15_040), "15.0 s");
  assert.equal(spread([1, 2, 3]), "median 2 ms, p95 3 ms, max 3 ms");
  assert.equal(spread([]), "median none, p95 none, max none");
});

Deno.test("the same seed gives the same chances, all of them in range", () => {
  const one = createChance(7);
  const two = createChance(7);
  for (let turn = 0; turn < 100; turn++) {
    const value = between(one, 10, 20);
    assert.equal(value, between(two, 10, 20));
    assert.ok(value >= 10 && value < 20);
    assert.ok([1, 2, 3].includes(oneOf(one, [1, 2, 3])));
    two();
  }
});
