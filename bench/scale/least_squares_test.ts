import { ok, throws } from "node:assert/strict";
import { leastSquares } from "./least_squares.ts";

function near(value: number, expected: number) {
  ok(Math.abs(value - expected) < 1e-9, `${value}, expected ${expected}`);
}

Deno.test("sums without noise give back the factors that made them", () => {
  const terms = [[1, 100], [1, 400], [2, 50]];
  const sums = terms.map(([a, b]) => 3 * a + 0.25 * b);
  const [first, second] = leastSquares(terms, sums);
  near(first, 3);
  near(second, 0.25);
});

Deno.test("one column is a weighted mean: both rows are off by the same share", () => {
  const [factor] = leastSquares([[10], [1_000]], [11, 900]);
  ok(factor > 0.9 && factor < 1.1);
});

Deno.test("loads that are multiples of each other cannot be taken apart", () => {
  throws(() => leastSquares([[1, 2], [2, 4]], [3, 6]), RangeError);
});
