import assert from "node:assert/strict";
import { between, createChance, largest, median, oneOf, p95, quantile, spread, time } from "./figures.ts";

Deno.test("a quantile is the sample that so many do not exceed", () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual([quantile(samples, 0.5), p95(samples), largest(samples)], [50, 95, 100]);
  assert.deepEqual([quantile([7], 0.5), quantile([], 0.5)], [7, NaN]);
});

Deno.test("median() is the middle sample or the mean of two, and leaves out what was not measured", () => {
  assert.deepEqual([[3, 1, 2], [4, 1, 3, 2], [5], [], [NaN, 2, NaN]].map(median), [2, 2.5, 5, NaN, 2]);
});

Deno.test("times are written in milliseconds, and long ones in seconds", () => {
  assert.deepEqual([time(12.4), time(15_040)], ["12 ms", "15.0 s"]);
  assert.equal(spread([1, 2, 3]), "median 2 ms, p95 3 ms, max 3 ms");
  assert.equal(spread([]), "median none, p95 none, max none");
});

Deno.test("the same seed gives the same numbers, all of them in range", () => {
  const [one, two] = [createChance(7), createChance(7)];
  for (let turn = 0; turn < 100; turn++) {
    const value = between(one, 10, 20);
    assert.equal(value, between(two, 10, 20));
    assert.ok(value >= 10 && value < 20);
    assert.ok([1, 2, 3].includes(oneOf(one, [1, 2, 3])));
    two();
  }
});
