/** Figures out of rounds. */

import { quantile } from "../testkit/figures.ts";

export { quantile };

/** The middle one, of an even number the mean of the two in the middle; NaN of none. */
export function median(values: number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of what one is of the other in the same round: what slows a whole round down slows both. */
export function medianRatio(values: number[], others: number[]): number {
  return median(values.map((value, round) => value / others[round]));
}

/** The median of how much more one is than the other in the same round. */
export function medianExcess(values: number[], others: number[]): number {
  return median(values.map((value, round) => value - others[round]));
}

/** Two digits that count, as a person would say them. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "?";
  if (Math.abs(value) >= 99.5) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 9.95 ? 0 : Math.abs(value) >= 0.995 ? 1 : 2);
}
