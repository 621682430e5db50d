/** Calls for many at once, in which what is wrong with one is no harm to the others. */

import { toRelayError } from "../protocol/errors.ts";

/** Calls at once, at most, for one kind of work. */
const LANES = 2;

/**
 * Makes one call for all items. Where the database refuses it, which may be for what one of them contains, each half is
 * called for alone, down to the one that fails: `onRefused` gets that one. Rejects where the database is away.
 */
export async function isolate<Item>(
  items: Item[],
  call: (items: Item[]) => Promise<void>,
  onRefused: (item: Item, cause: unknown) => void,
): Promise<void> {
  try {
    await call(items);
  } catch (cause) {
    if (toRelayError(cause).code === "unavailable") throw cause;
    if (items.length <= 1) return items.forEach((item) => onRefused(item, cause));
    const middle = Math.ceil(items.length / 2);
    await isolate(items.slice(0, middle), call, onRefused);
    await isolate(items.slice(middle), call, onRefused);
  }
}

/** Does the work for each item, for few at once. Rejects once all are done, with the first failure. */
export async function inLanes<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const next = items.values();
  async function lane() {
    for (const item of next) await work(item).catch((cause) => failures.push(cause));
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  if (failures.length > 0) throw failures[0];
}

/** Consecutive pieces of at most `count` items whose sizes come to at most `total`; one that is larger stands alone. */
export function piecesOf<Item>(
  items: Item[],
  count: number,
  total: number = Infinity,
  sizeOf: (item: Item) => number = () => 0,
): Item[][] {
  const pieces: Item[][] = [];
  let left = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (pieces.length === 0 || pieces.at(-1)!.length === count || size > left) {
      pieces.push([]);
      left = total;
    }
    pieces.at(-1)!.push(item);
    left -= size;
  }
  return pieces;
}
