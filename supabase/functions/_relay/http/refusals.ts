/** Counts the requests that a worker refuses and the errors in its log, and flushes the counts to the database. */

import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { REFUSAL_FLUSH_MS } from "../protocol/limits.ts";

/** The worker's counts. */
export interface Refusals {
  /** Costs memory alone, and that once for each code. */
  count(code: ErrorCode): void;
}

/** What was counted since the last flush. */
export interface Counts {
  refusals: ReadonlyMap<ErrorCode, number>;
  /** Lines of the level error, by event. */
  errorLines: ReadonlyMap<string, number>;
}

/**
 * Flushes at most once per `REFUSAL_FLUSH_MS`, and only if there is something to flush. A flush that fails is repeated
 * with what came since; where only its answer got lost, it counts twice. When the worker ends it flushes at once and
 * does not try again: these numbers are not worth a delay. A worker that is killed loses what it had.
 */
export function createRefusals(platform: Platform, flush: (counts: Counts) => Promise<void>): Refusals {
  const { clock, errorLines, keepAlive, log, shutdown } = platform;
  const refusals = new Map<ErrorCode, number>();
  const lines = new Map<string, number>();
  let flushing = false;
  let failing = false;

  async function succeeds(): Promise<boolean> {
    const given = { refusals: new Map(refusals), errorLines: new Map(lines) };
    try {
      await flush(given);
    } catch (cause) {
      // One line for an outage, not one for each try.
      if (!failing) log("warn", "refusals_not_counted", { cause });
      return false;
    }
    takeOff(refusals, given.refusals);
    takeOff(lines, given.errorLines);
    return true;
  }

  async function flushAll() {
    try {
      while (refusals.size + lines.size > 0) {
        await pause(clock, REFUSAL_FLUSH_MS, shutdown.signal);
        failing = !await succeeds();
        if (failing && shutdown.signal.aborted) return;
      }
    } finally {
      flushing = false;
    }
  }

  function add<Key>(counts: Map<Key, number>, key: Key) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (flushing) return;
    flushing = true;
    keepAlive.run("refusals", flushAll);
  }

  errorLines.written = (event) => add(lines, event);
  return { count: (code) => add(refusals, code) };
}

function takeOff<Key>(counts: Map<Key, number>, given: ReadonlyMap<Key, number>) {
  for (const [key, times] of given) {
    const left = counts.get(key)! - times;
    if (left > 0) counts.set(key, left);
    else counts.delete(key);
  }
}
