/** What an experiment is, and how it says that a promise was broken. */

import type { Lab } from "./lab.ts";

/** One measured thing; the bound, where there is one, is what the experiment fails at. */
export interface Figure {
  measure: string;
  value: string;
  bound?: string;
}

/** Throws a Violation where a promise of the relay does not hold; else gives what it measured. */
export interface Experiment {
  /** For `--only`. */
  name: string;
  /** The table's first column. */
  title: string;
  run(lab: Lab): Promise<Figure[]>;
}

/** A promise of the relay that did not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Throws a Violation with this message unless the condition holds. */
export function must(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Violation(message);
}

/** Fails what hangs: nothing in an experiment may take for ever. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Violation(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until the condition holds; a Violation after so many milliseconds. */
export async function until(ms: number, what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ms;
  while (!await condition()) {
    if (performance.now() > deadline) {
      throw new Violation(`${what}: not so within ${ms} ms`);
    }
    await sleep(20);
  }
}

/** Waits; not at all where the time is over. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}
