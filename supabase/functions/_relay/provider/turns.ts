/**
 * Lets a worker's generations do much reading in turns, so that a provider which sends as fast as it can takes at most
 * half of the worker's time, however many such providers there are.
 */

import { type Clock, pause } from "../platform/clock.ts";

/** Bytes that one turn reads; they cost some milliseconds at worst. */
export const TURN_BYTES = 16 * 1024;

/** Bytes that a generation may read in a second without waiting for a turn; models write a tenth of that. */
const FREE_BYTES = 64 * 1024;
const FREE_MS = 1_000;

/** Turns are given for so long, then everything else has as much time. */
const TURNS_MS = 5;

/** One for a worker. */
export interface Turns {
  /** For one generation: whether it may read so many bytes at once, and need not wait for a turn. */
  join(): (bytes: number) => boolean;
  /** Does the work when its turn comes. */
  run<T>(work: () => T): Promise<T>;
}

/** Builds it without anyone who waits. */
export function createTurns(clock: Clock): Turns {
  const waiting: (() => void)[] = [];
  let isServing = false;

  async function serve() {
    isServing = true;
    while (waiting.length > 0) {
      const startedAt = clock.now();
      do {
        waiting.shift()!();
        // The next part of the same read joins the queue before this goes on.
        await null;
      } while (waiting.length > 0 && clock.now() - startedAt < TURNS_MS);
      await pause(clock, Math.max(clock.now() - startedAt, 1));
    }
    isServing = false;
  }

  return {
    join() {
      let since = clock.now();
      let read = 0;
      return (bytes) => {
        read += bytes;
        if (read <= FREE_BYTES) return bytes <= TURN_BYTES;
        const now = clock.now();
        if (now - since < FREE_MS) return false;
        since = now;
        read = bytes;
        return bytes <= TURN_BYTES;
      };
    },
    run(work) {
      return new Promise((resolve, reject) => {
        waiting.push(() => {
          try {
            resolve(work());
          } catch (error) {
            reject(error);
          }
        });
        if (!isServing) void serve();
      });
    },
  };
}
