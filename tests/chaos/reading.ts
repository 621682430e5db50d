/** How a good client reads on, whatever becomes of the worker it reads from. */

import { must, sleep } from "./experiment.ts";
import type { Opening, Reader } from "./reader.ts";
import type { Worker } from "./workers.ts";

const RETRY_MS = 100;

/** Opens a stream where it is; null: this worker is gone, or its database is away. */
export async function tryToResume(reader: Reader, worker: Worker): Promise<Opening | null> {
  try {
    const opening = await reader.resume(worker.url);
    if (opening.status === 200) return opening;
    must(
      opening.status === 503 && opening.retryAfter !== null,
      `stream ${reader.streamId}: resuming was refused with ${opening.status} ${opening.code}`,
    );
  } catch (error) {
    // fetch says TypeError for whatever a network can do.
    if (!(error instanceof TypeError)) throw error;
  }
  return null;
}

/** Reads to the last event, on whatever worker there is; throws a Violation after so many milliseconds without one. */
export async function readToEnd(reader: Reader, choose: () => Worker, ms: number): Promise<Opening[]> {
  const openings: Opening[] = [];
  const deadline = performance.now() + ms;
  const timer = setTimeout(() => reader.drop(), ms);
  try {
    while (performance.now() < deadline) {
      const opening = await tryToResume(reader, choose());
      if (opening) {
        openings.push(opening);
        if (await reader.follow() === "ended") return openings;
      }
      await sleep(RETRY_MS);
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`stream ${reader.streamId} has no end after ${ms} ms`);
}

/** Does the same for each of them, so many at once. */
export async function inParallel<T, R>(items: T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  async function lane() {
    while (next < items.length) {
      const place = next++;
      results[place] = await work(items[place]);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

/** The places from 0 on. */
export function places(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place);
}
