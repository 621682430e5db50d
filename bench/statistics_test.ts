import { deepStrictEqual as equal } from "node:assert/strict";
import { median, medianExcess, medianRatio, short } from "./statistics.ts";

Deno.test("median() is the middle one, or the mean of the two in the middle", () => {
  equal(median([3, 1, 2]), 2);
  equal(median([4, 1, 3, 2]), 2.5);
  equal(median([5]), 5);
  equal(median([]), NaN);
});

Deno.test("median() leaves out what was not measured", () => {
  equal(median([NaN, 2, NaN]), 2);
});

Deno.test("medianRatio() compares within a round, so that a slow round counts for nothing", () => {
  equal(medianRatio([2, 20, 4], [1, 10, 2]), 2);
});

Deno.test("medianExcess() subtracts within a round", () => {
  equal(medianExcess([3, 13, 5], [1, 10, 2]), 3);
});

Deno.test("short() keeps two digits", () => {
  equal([0.164, 0.999, 9.94, 9.96, 12.3, 128.7, NaN].map(short), [...["0.16", "1.0", "9.9", "10", "12", "129", "?"]]);
});
