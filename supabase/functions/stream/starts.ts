/**
 * Decides whose start is next on this worker, and refuses users who were refused too often without asking the database.
 */

import type { Platform } from "../_relay/platform/platform.ts";
import { createTurns } from "../_relay/platform/turns.ts";
import { RelayError, toRelayError } from "../_relay/protocol/errors.ts";
import {
  DATABASE_WAIT_MS,
  MAX_REFUSED_STARTS,
  MAX_REFUSED_USERS,
  MAX_STARTS_IN_FLIGHT,
  MAX_WAITING_STARTS,
  MAX_WAITING_STARTS_OF_ALL,
  START_WAIT_MS,
} from "../_relay/protocol/limits.ts";

const MINUTE_MS = 60_000;

/** The starts of one worker. */
export interface Starts {
  /**
   * Does the work in the user's turn. Throws `rate_limited` where too many of the user's starts wait or were refused,
   * and `overloaded` where none of the worker's turns comes.
   */
  run<T>(userId: string, work: () => Promise<T>): Promise<T>;
  /** Within that turn, for a long context: one at a time, because the database's answer takes several times its size. */
  runLong<T>(userId: string, work: () => Promise<T>): Promise<T>;
}

/** A start that waits has read nothing of its body. */
export function createStarts({ clock, configuration }: Platform): Starts {
  const refused = createRefusedStarts(clock.now, Math.max(MAX_REFUSED_STARTS, configuration.rateLimitPerMinute));
  const turns = createTurns(clock, {
    atOnce: Infinity,
    atOnceForUser: MAX_STARTS_IN_FLIGHT,
    keptFree: 0,
    waiting: MAX_WAITING_STARTS_OF_ALL,
    // An app that lets its users start more may send them at once.
    waitingForUser: Math.max(MAX_WAITING_STARTS, configuration.rateLimitPerMinute),
    waitMs: START_WAIT_MS,
    waitForOwnMs: START_WAIT_MS,
    userFull: () => notYet("too many of this user's starts wait already", 1),
    late,
  });
  const long = createTurns(clock, {
    ...{ atOnce: 1, atOnceForUser: 1, keptFree: 0, waiting: Infinity, waitingForUser: MAX_STARTS_IN_FLIGHT },
    waitMs: DATABASE_WAIT_MS,
    waitForOwnMs: DATABASE_WAIT_MS,
    userFull: late,
    late,
  });
  return {
    runLong: long.run,
    async run(userId, work) {
      refused.check(userId);
      try {
        return await turns.run(userId, work);
      } catch (thrown) {
        // A failure of the relay or the database is not the caller's fault, and does not count.
        if (toRelayError(thrown).status < 500) refused.count(userId);
        throw thrown;
      }
    },
  };
}

/** The refused starts of the last minute; of too many users it forgets those who were refused first. */
export function createRefusedStarts(now: () => number, limit: number, what = "starts were refused") {
  const users = new Map<string, { since: number; count: number }>();

  function recent(userId: string) {
    const known = users.get(userId);
    return known && now() - known.since < MINUTE_MS ? known : undefined;
  }

  return {
    /** Throws `rate_limited` until a minute has passed since the first of so many. */
    check(userId: string) {
      const known = recent(userId);
      if (known === undefined || known.count < limit) return;
      throw notYet(`${known.count} ${what} within a minute`, (known.since + MINUTE_MS - now()) / 1_000);
    },
    count(userId: string) {
      const known = recent(userId);
      if (known) return void known.count++;
      users.delete(userId);
      users.set(userId, { since: now(), count: 1 });
      if (users.size > MAX_REFUSED_USERS) users.delete(users.keys().next().value!);
    },
  };
}

function late(): RelayError {
  return new RelayError("overloaded", "Cannot start the generation: its turn did not come", { retryAfter: 5 });
}

function notYet(state: string, retryAfter: number): RelayError {
  return new RelayError("rate_limited", `Cannot start the generation yet: ${state}`, { retryAfter });
}
