/** Figures out of samples, and random numbers that can be repeated. */

/** The sample that this part of all samples does not exceed; NaN of none. */
export function quantile(samples: number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * part) - 1, 0)] ?? NaN;
}

/** The middle sample, of an even number the mean of the two in the middle; NaN of none. */
export function median(samples: number[]): number {
  const sorted = samples.filter((sample) => !Number.isNaN(sample)).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The sample that 95 % of all samples do not exceed. */
export function p95(samples: number[]): number {
  return quantile(samples, 0.95);
}

/** The largest sample; NaN of none. */
export function largest(samples: number[]): number {
  return quantile(samples, 1);
}

/** `median 12 ms, p95 40 ms, max 51 ms`; long times in seconds. */
export function spread(samples: number[]): string {
  return `median ${time(quantile(samples, 0.5))}, p95 ${time(p95(samples))}, max ${time(largest(samples))}`;
}

/** Milliseconds as people read them. */
export function time(ms: number): string {
  if (Number.isNaN(ms)) return "none";
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}

/** Numbers from 0 up to 1, the same ones for the same seed. */
export type Chance = () => number;

/** A generator of the mulberry32 kind: even enough to choose places and times. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number between two others. */
export function between(chance: Chance, low: number, high: number): number {
  return low + chance() * (high - low);
}

/** One of them. */
export function oneOf<T>(chance: Chance, choices: readonly T[]): T {
  return choices[Math.floor(chance() * choices.length)];
}
