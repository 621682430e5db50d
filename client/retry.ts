/** Decides whether and when a lost connection is made again. */

import type { RelayClientError } from "./errors.ts";
import type { After } from "./timers.ts";
import type { RetryOptions } from "./types.ts";

/** Seconds; a relay that asks for more patience than this gets no further attempt, for that would look like a hang. */
const MAX_RETRY_AFTER_S = 60;

/** About a minute altogether: longer than a redeploy or a short outage of the database. */
const RETRY: RetryOptions = { attempts: 10, baseMs: 500, capMs: 10_000 };

/**
 * Waits before the next attempt; false, at once: there shall be none. `onWait` gets the milliseconds, and what ends the
 * wait early.
 */
export type Retry = (
  error: RelayClientError,
  failures: number,
  begun: boolean,
  onWait?: (ms: number, hurry: () => void) => void,
) => Promise<boolean>;

/** Half of each wait is chance, so that a thousand clients do not come back at once. */
export function createRetry(options: Partial<RetryOptions> | undefined, after: After, random: () => number): Retry {
  const { attempts, baseMs, capMs } = { ...RETRY, ...options };
  return async (error, failures, begun, onWait) => {
    const { retryAfter = 0 } = error;
    if (failures > attempts || retryAfter > MAX_RETRY_AFTER_S || !mayPass(error, begun)) return false;
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
 * Before the first good answer only what passes by itself is tried again: a refusal is for the caller, and a wrong URL
 * must not look like a slow one. Once the stream has begun, refusals and foreign answers are the network's moods too.
 */
function mayPass({ code, status = 0 }: RelayClientError, begun: boolean): boolean {
  return code === "unreachable" || status >= 500 ||
    begun && (status === 429 || code === "unexpected_response");
}
