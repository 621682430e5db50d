/** Waits for what can be seen from outside, and not for ever. */

import { deepStrictEqual, match } from "node:assert/strict";

const PATIENCE_MS = 20_000;
const PAUSE_MS = 20;

/** Looks until the answer is neither undefined nor false, and gives it; throws if it stays so. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`Not within ${patienceMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Looks until the answer is this one, or fits this pattern; throws what differs if it stays so. */
export async function becomes<T>(
  look: () => Promise<T> | T,
  wanted: NoInfer<T> | (T extends string ? RegExp : never),
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    try {
      if (wanted instanceof RegExp) match(seen as string, wanted);
      else deepStrictEqual(seen, wanted);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** The promise, or an error if it does not settle in time. */
export async function within<T>(what: string, promise: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${patienceMs} ms: ${what}`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
