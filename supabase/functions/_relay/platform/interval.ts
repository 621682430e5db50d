/** Repeats one piece of work at a fixed interval, as long as there is something to do. */

import type { Clock } from "./clock.ts";

/** Called once for an outage, not for each failure in it. */
export interface Outage {
  began(cause: unknown): void;
  ended?(): void;
}

/**
 * Runs are timed from start to start, so that a slow database does not stretch them, and never overlap. A run that fails
 * is followed by the next one all the same.
 */
export function createInterval(clock: Clock, intervalMs: number, work: () => Promise<void>, outage: Outage) {
  let started = false;
  let busy = false;
  let failing = false;
  let clear: (() => void) | null = null;

  function schedule(ms: number) {
    if (!started || busy || clear !== null) return;
    clear = clock.after(ms, () => {
      clear = null;
      void run();
    });
  }

  async function run() {
    busy = true;
    const startedAt = clock.now();
    try {
      await work();
      if (failing) outage.ended?.();
      failing = false;
    } catch (cause) {
      if (!failing) outage.began(cause);
      failing = started;
    } finally {
      busy = false;
      schedule(Math.max(startedAt + intervalMs - clock.now(), 0));
    }
  }

  return {
    /** The work runs for the first time after one interval; a second call changes nothing. */
    start() {
      started = true;
      schedule(intervalMs);
    },
    stop() {
      started = false;
      failing = false;
      clear?.();
      clear = null;
    },
  };
}
