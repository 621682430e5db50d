/**
 * Lets a worker's generations take turns to read much, so that providers that send as fast as they can hold nothing
 * else up for long, however many they are.
 */

import { type Clock, pause } from "../platform/clock.ts";

/** Bytes that one turn reads; the worst that a provider can send costs some milliseconds. */
export const TURN_BYTES = 16 * 1024;

/**
 * Bytes of a turn after a cheap one. That is a whole read, because each part of a read costs a write to the readers.
 */
export const CHEAP_TURN_BYTES = 64 * 1024;
const CHEAP_MS = 2;

/** Bytes that a generation may read in a second without waiting for a turn; models write a tenth of that. */
const FREE_BYTES = 64 * 1024;
const FREE_MS = 1_000;

/** Turns are given for so long; then everything else that is ready comes first: other reads, requests, timers. */
const TURNS_MS = 8;

/** One for a worker. */
export interface Pacing {
  join(): Share;
}

/** Builds one with no generation. */
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
      // One turn of the event loop, and no longer: if nothing else is ready, the time would be lost.
      await pause(clock, 0);
    }
    isServing = false;
  }

  /** Times the work, because its cost decides what the next turn may read. */
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

  return { join: () => new Share(clock, run) };
}

/** One generation's share of the turns. A class, because each read calls it. */
export class Share {
  /** Bytes that its next turn may read. */
  turnBytes = TURN_BYTES;
  #since: number;
  #read = 0;

  constructor(
    private clock: Clock,
    private runInTurn: <T>(work: () => T, onDone: (ms: number) => void) => Promise<T>,
  ) {
    this.#since = clock.now();
  }

  /** Whether it may read so many bytes at once, without waiting for a turn. */
  isFree(bytes: number): boolean {
    this.#read += bytes;
    if (this.#read <= FREE_BYTES) return bytes <= TURN_BYTES;
    const now = this.clock.now();
    if (now - this.#since < FREE_MS) return false;
    this.#since = now;
    this.#read = bytes;
    return bytes <= TURN_BYTES;
  }

  /** Does the work when its turn comes. */
  run<T>(work: () => T): Promise<T> {
    return this.runInTurn(work, (ms) => this.turnBytes = ms < CHEAP_MS ? CHEAP_TURN_BYTES : TURN_BYTES);
  }
}
