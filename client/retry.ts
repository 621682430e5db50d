/** Decides whether and when a lost connection is made again. */

import type { RelayClientError } from "./errors.ts";
import type { After, RetryOptions } from "./types.ts";

/** Seconds; a relay that asks for a longer wait gets no further attempt: that would look like a hang. */
const MAX_RETRY_AFTER_S = 60;

/** About a minute in all: longer than a redeploy or a short outage of the database. */
const DEFAULTS: RetryOptions = { attempts: 10, baseMs: 500, capMs: 10_000 };

/**
 * Waits before the next attempt and answers true; answers false at once if there is to be none. `onWait` gets the
 * milliseconds, and a function that ends the wait early.
 */
export type Retry = (
  error: RelayClientError,
  failures: number,
  hasBegun: boolean,
  onWait?: (ms: number, skip: () => void) => void,
) => Promise<boolean>;

/** Half of each wait is random, so that a thousand clients do not come back at once. */
export function createRetry(options: Partial<RetryOptions> | undefined, after: After, random: () => number): Retry {
  const { attempts, baseMs, capMs } = { ...DEFAULTS, ...options };
  return async (error, failures, hasBegun, onWait) => {
    const { retryAfter = 0 } = error;
    if (failures > attempts || retryAfter > MAX_RETRY_AFTER_S || !isTransient(error, hasBegun)) return false;
    const wait = Math.min(baseMs * 2 ** (failures - 1), capMs);
    const ms = Math.max(wait * (0.5 + random() / 2), retryAfter * 1000);
    await new Promise<void>((resolve) => {
      const stop = after(ms, resolve);
      onWait?.(ms, () => {
        stop();
        resolve();
      });
    });
    return true;
  };
}

/**
 * Before the first good answer only what is likely to pass is tried again: a refusal is for the caller, and a wrong URL
 * must not look like a slow one. Once the stream has begun, refusals and foreign answers are likely to pass too.
 */
function isTransient({ code, status = 0 }: RelayClientError, hasBegun: boolean): boolean {
  return code === "unreachable" || status >= 500 ||
    hasBegun && (status === 429 || code === "unexpected_response");
}
