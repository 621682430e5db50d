/**
 * Lets a worker's generations do much reading in turns, so that providers which send as fast as they can hold nothing
 * else up for long, however many such providers there are.
 */

import { type Clock, pause } from "../platform/clock.ts";

/** Bytes that one turn reads; the worst that a provider can send costs some milliseconds. */
export const TURN_BYTES = 16 * 1024;

/** Bytes of the next turn where the last one was cheap: a whole read, for each part is a write to the readers. */
export const CHEAP_TURN_BYTES = 64 * 1024;
const CHEAP_MS = 2;

/** Bytes that a generation may read in a second without waiting for a turn; models write a tenth of that. */
const FREE_BYTES = 64 * 1024;
const FREE_MS = 1_000;

/** Pacing are given for so long, then everything else that is ready comes first: other reads, requests, timers. */
const TURNS_MS = 8;

/** One for a worker. */
export interface Pacing {
  join(): Share;
}

/** What one generation takes of the turns. */
export interface Share {
  /** Whether it may read so many bytes at once, and need not wait for a turn. */
  isFree(bytes: number): boolean;
  /** Bytes that its next turn may read. */
  readonly turnBytes: number;
  /** Does the work when its turn comes. */
  run<T>(work: () => T): Promise<T>;
}

/** Builds it without anyone who waits. */
export function createPacing(clock: Clock): Pacing {
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
      // One turn of the event loop, and no longer: where nothing else waits, the time would be lost.
      await pause(clock, 0);
    }
    isServing = false;
  }

  /** The work is timed, for its cost says what the next turn may read. */
  function run<T>(work: () => T, onDone: (ms: number) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      waiting.push(() => {
        const startedAt = clock.now();
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
        onDone(clock.now() - startedAt);
      });
      if (!isServing) void serve();
    });
  }

  return {
    join() {
      let since = clock.now();
      let read = 0;
      const share = {
        turnBytes: TURN_BYTES,
        isFree(bytes: number) {
          read += bytes;
          if (read <= FREE_BYTES) return bytes <= TURN_BYTES;
          const now = clock.now();
          if (now - since < FREE_MS) return false;
          since = now;
          read = bytes;
          return bytes <= TURN_BYTES;
        },
        run: <T>(work: () => T) => run(work, (ms) => share.turnBytes = ms < CHEAP_MS ? CHEAP_TURN_BYTES : TURN_BYTES),
      };
      return share;
    },
  };
}
