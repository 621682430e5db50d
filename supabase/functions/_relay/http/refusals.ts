/** Counts the requests that a worker refuses, and flushes the counts to the database. */

import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { REFUSAL_FLUSH_MS } from "../protocol/limits.ts";

/** The worker's counts. */
export interface Refusals {
  /** Costs memory alone, and that once for each code. */
  count(code: ErrorCode): void;
}

/** Takes the counts, or rejects. */
export type FlushRefusals = (counts: ReadonlyMap<ErrorCode, number>) => Promise<void>;

/**
 * Flushes at most once per `REFUSAL_FLUSH_MS`, and only if there is something to flush. A flush that fails is repeated
 * with what came since; where only its answer got lost, it counts twice. When the worker ends it flushes at once and
 * does not try again: these numbers are not worth a delay. A worker that is killed loses what it had.
 */
export function createRefusals({ clock, keepAlive, log, shutdown }: Platform, flush: FlushRefusals): Refusals {
  const counts = new Map<ErrorCode, number>();
  let flushing = false;
  let failing = false;

  async function succeeds(): Promise<boolean> {
    const given = new Map(counts);
    try {
      await flush(given);
    } catch (cause) {
      // One line for an outage, not one for each try.
      if (!failing) log("warn", "refusals_not_counted", { cause });
      return false;
    }
    for (const [code, times] of given) {
      const left = counts.get(code)! - times;
      if (left > 0) counts.set(code, left);
      else counts.delete(code);
    }
    return true;
  }

  async function flushAll() {
    try {
      while (counts.size > 0) {
        await pause(clock, REFUSAL_FLUSH_MS, shutdown.signal);
        failing = !await succeeds();
        if (failing && shutdown.signal.aborted) return;
      }
    } finally {
      flushing = false;
    }
  }

  return {
    count(code) {
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (flushing) return;
      flushing = true;
      keepAlive.run("refusals", flushAll);
    },
  };
}
