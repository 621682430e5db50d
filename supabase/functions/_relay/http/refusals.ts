/** Counts what a worker refuses, and hands the counts on from time to time. */

import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { REFUSALS_TOLD_MS } from "../protocol/limits.ts";

/** The worker's tally. */
export interface Refusals {
  /** Costs nothing but memory, and that only once for each code. */
  count(code: ErrorCode): void;
}

/** Takes over what was counted, or rejects. */
export type TellRefusals = (counts: ReadonlyMap<ErrorCode, number>) => Promise<void>;

/**
 * Who refuses nothing tells nothing; who is flooded tells once in `REFUSALS_TOLD_MS`. What could not be told stays and
 * is told with the rest; what was told though its answer got lost is told twice. When the worker ends it tells at once
 * and tries no more than once: these numbers are not worth a delay. A worker that is killed takes along what it has.
 */
export function createRefusals({ clock, keepAlive, log, shutdown }: Platform, tell: TellRefusals): Refusals {
  const counts = new Map<ErrorCode, number>();
  let telling = false;
  let failing = false;

  async function told(): Promise<boolean> {
    const given = new Map(counts);
    try {
      await tell(given);
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

  async function tellAll() {
    try {
      while (counts.size > 0) {
        await pause(clock, REFUSALS_TOLD_MS, shutdown.signal);
        failing = !await told();
        if (failing && shutdown.signal.aborted) return;
      }
    } finally {
      telling = false;
    }
  }

  return {
    count(code) {
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (telling) return;
      telling = true;
      keepAlive.run("refusals", tellAll);
    },
  };
}
