/** Cuts bytes and text, for codecs whose result must not depend on where the cuts are. */

/** Whole, unit by unit, and cut once at each offset; a Uint8Array's units are bytes, a string's UTF-16 units. */
export function* splitEverywhere<T extends string | Uint8Array>(whole: T): Generator<T[]> {
  yield [whole];
  yield splitAt(whole, [...Array(whole.length).keys()].slice(1));
  for (let at = 1; at < whole.length; at++) yield splitAt(whole, [at]);
}

/** Cuts at some offsets, chosen by chance; an empty part may be among the parts, as among reads. */
export function splitRandomly<T extends string | Uint8Array>(whole: T, random: Random): T[] {
  const cuts = Array.from({ length: random(6) }, () => random(whole.length + 1));
  return splitAt(whole, cuts.sort((a, b) => a - b));
}

function splitAt<T extends string | Uint8Array>(whole: T, cuts: number[]): T[] {
  return [...cuts, whole.length].map((cut, index) => whole.slice(index === 0 ? 0 : cuts[index - 1], cut) as T);
}

/** An integer from 0 up to, and without, the limit. */
export type Random = (limit: number) => number;

/** The same numbers for the same seed, so that what failed once fails again. */
export function makeRandom(seed: number): Random {
  let state = seed;
  return (limit) => {
    // mulberry32, a public-domain generator: good enough to choose offsets for cuts.
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** So many parts, chosen by chance, in a row. */
export function makeText(parts: string[], count: number, random: Random): string {
  return Array.from({ length: count }, () => parts[random(parts.length)]).join("");
}
