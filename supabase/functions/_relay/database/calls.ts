/** Limits how many calls of the database requests may cause at once, and shares them out fairly between users. */

import type { Platform } from "../platform/platform.ts";
import { createTurns, type Turns } from "../platform/turns.ts";
import { RelayError } from "../protocol/errors.ts";
import {
  DATABASE_WAIT_MS,
  MAX_DATABASE_CALLS,
  MAX_DATABASE_CALLS_OF_USER,
  MAX_WAITING_CALLS,
  MIN_FREE_DATABASE_CALLS,
  START_WAIT_MS,
} from "../protocol/limits.ts";

/**
 * Beats, stores and the reads for open streams bypass it: keeping running generations alive comes before new starts.
 */
export function createCalls({ clock, configuration }: Pick<Platform, "clock" | "configuration">): Turns {
  return createTurns(clock, {
    atOnce: MAX_DATABASE_CALLS,
    atOnceForUser: MAX_DATABASE_CALLS_OF_USER,
    keptFree: MIN_FREE_DATABASE_CALLS,
    waiting: Infinity,
    // A user who may run more streams may read or cancel all of them at once.
    waitingForUser: Math.max(MAX_WAITING_CALLS, configuration.maxConcurrent),
    waitMs: DATABASE_WAIT_MS,
    waitForOwnMs: START_WAIT_MS,
    userFull: () =>
      new RelayError("rate_limited", "Cannot ask the database yet: too many of this user's requests wait already", {
        retryAfter: 1,
      }),
    late: () =>
      new RelayError("overloaded", "Cannot ask the database: all calls of this worker are taken", { retryAfter: 2 }),
  });
}
