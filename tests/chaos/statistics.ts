/** Figures out of samples, and chance that can be repeated. */

/** The sample that so large a part of all samples does not exceed; NaN of none. */
export function quantile(samples: number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * part) - 1, 0)] ?? NaN;
}

/** The largest sample; NaN of none. */
export function largest(samples: number[]): number {
  return quantile(samples, 1);
}

/** `median 12 ms, p95 40 ms, max 51 ms`; of long times in seconds. */
export function spread(samples: number[]): string {
  const [median, p95, max] = [0.5, 0.95, 1].map((part) => time(quantile(samples, part)));
  return `median ${median}, p95 ${p95}, max ${max}`;
}

/** Milliseconds as people read them. */
export function time(ms: number): string {
  if (Number.isNaN(ms)) return "none";
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}

/** Numbers from 0 up to 1, the same ones for the same seed. */
export type Chance = () => number;

/** A generator of the mulberry32 kind: four lines, and as even as kill times need to be. */
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
