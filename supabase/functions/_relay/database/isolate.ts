/** Makes calls for many items at once, so that a fault of one item does not harm the others. */

import { toRelayError } from "../protocol/errors.ts";

/**
 * How many calls may fail as overloaded before the database counts as overloaded: one item of 250 is found with nine.
 */
const MAX_OVERLOADED = 10;

/** Calls of one kind that go on at once. */
export const LANES = 2;

/**
 * Makes one call for all items. If the database refuses it, possibly for the contents of one item, it makes a call for
 * each half, down to the item that fails, which `onRefused` gets. Rejects if the database is away, or overloaded by
 * more than a few items.
 */
export async function isolate<Item>(
  items: Item[],
  call: (items: Item[]) => Promise<void>,
  onRefused: (item: Item, cause: unknown) => void,
): Promise<void> {
  const overloading: [Item, unknown][] = [];
  let [left, hasTaken] = [MAX_OVERLOADED, false];

  async function take(some: Item[]) {
    try {
      await call(some);
      hasTaken = true;
    } catch (cause) {
      const { code } = toRelayError(cause);
      if (code === "unavailable" || code === "overloaded" && left-- === 0) throw cause;
      if (some.length <= 1) {
        return some.forEach((item) => code === "overloaded" ? overloading.push([item, cause]) : onRefused(item, cause));
      }
      const middle = Math.ceil(some.length / 2);
      await take(some.slice(0, middle));
      await take(some.slice(middle));
    }
  }

  await take(items);
  // If the database took nothing, the items are not the cause.
  if (!hasTaken && overloading.length > 0) throw overloading[0][1];
  for (const [item, cause] of overloading) onRefused(item, cause);
}

/** Does the work for each item, with a few at once. Rejects once all are done, with the first failure. */
export async function inLanes<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const next = items.values();
  async function lane() {
    for (const item of next) await work(item).catch((cause) => failures.push(cause));
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  if (failures.length > 0) throw failures[0];
}

/** Consecutive items, at most `count` in a batch, whose sizes come to at most `total`; a larger item stands alone. */
export function batchesOf<Item>(
  items: Item[],
  count: number,
  total: number = Infinity,
  sizeOf: (item: Item) => number = () => 0,
): Item[][] {
  const batches: Item[][] = [];
  let left = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (batches.length === 0 || batches.at(-1)!.length === count || size > left) {
      batches.push([]);
      left = total;
    }
    batches.at(-1)!.push(item);
    left -= size;
  }
  return batches;
}
