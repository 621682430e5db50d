/** Repeats one piece of work as long as somebody wants it. */

import type { Clock } from "./clock.ts";

/** Work that comes in rounds. */
export interface Rounds {
  /** There is something to do: the first round comes after the interval. */
  wake(): void;
  /** There is nothing to do any more. */
  rest(): void;
}

/** One call for an outage, not one for each of its rounds. */
export interface Outage {
  began(cause: unknown): void;
  ended?(): void;
}

/**
 * Rounds are timed from start to start, so that a slow database does not stretch them, and never overlap. A round that
 * fails is followed by the next one all the same.
 */
export function createRounds(clock: Clock, intervalMs: number, work: () => Promise<void>, outage: Outage): Rounds {
  let awake = false;
  let busy = false;
  let failing = false;
  let clear: (() => void) | null = null;

  function schedule(ms: number) {
    if (!awake || busy || clear !== null) return;
    clear = clock.after(ms, () => {
      clear = null;
      void round();
    });
  }

  async function round() {
    busy = true;
    const startedAt = clock.now();
    try {
      await work();
      if (failing) outage.ended?.();
      failing = false;
    } catch (cause) {
      if (!failing) outage.began(cause);
      failing = awake;
    } finally {
      busy = false;
      schedule(Math.max(startedAt + intervalMs - clock.now(), 0));
    }
  }

  return {
    wake() {
      awake = true;
      schedule(intervalMs);
    },
    rest() {
      awake = false;
      failing = false;
      clear?.();
      clear = null;
    },
  };
}
