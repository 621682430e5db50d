/** Stops a generation that takes too long: to its first token, between two tokens, or in all. */

import type { Clock } from "../platform/clock.ts";
import type { Configuration } from "../platform/configuration.ts";
import { RelayError } from "../protocol/errors.ts";
import { PROVIDER_USAGE_WAIT_MS } from "../protocol/limits.ts";
import { EndReason } from "./ending.ts";

/** The deadlines of one generation. */
export interface Deadlines {
  /**
   * One more provider is asked. It has its share of what is left of the time to the first token, in which so many may
   * still be asked, this one included; `onSilent` is called in place of `onExpired` where it is silent for too long.
   * False, and nothing has changed: no time is left.
   */
  share(among: number, onSilent: (reason: EndReason) => void): boolean;
  /** The provider has sent bytes; `hasText`: text or reasoning was among them; `isComplete`: it has said how it ends. */
  touch(hasText: boolean, isComplete: boolean): void;
  end(): void;
}

/**
 * One timer for all three, set anew when it fires and not with each token. `startedAt` is when the request came. Any
 * byte is a sign of life, but only text ends the wait for the first token. A complete answer is only waited for, and
 * the provider's client bounds that.
 */
export function startDeadlines(
  clock: Clock,
  { timeoutMs, firstTokenTimeoutMs, idleTimeoutMs }: Configuration,
  startedAt: number,
  onExpired: (reason: EndReason) => void,
): Deadlines {
  let askedAt = clock.now();
  const firstTokenEnds = askedAt + firstTokenTimeoutMs;
  let hasAsked = false;
  let tryEnds = firstTokenEnds;
  let onSilence = onExpired;
  let touchedAt = askedAt;
  let hasBegun = false;
  let isOver = false;
  let clear = () => {};

  const totalEnds = () => startedAt + timeoutMs + (isOver ? PROVIDER_USAGE_WAIT_MS : 0);

  function silenceEnds(): number {
    if (isOver) return Infinity;
    return hasBegun ? touchedAt + idleTimeoutMs : tryEnds;
  }

  function check() {
    const now = clock.now();
    if (now >= totalEnds()) {
      onExpired(expired("timeout", `The generation took longer than ${timeoutMs} ms, the limit`));
    } else if (now >= silenceEnds()) {
      onSilence(silent(hasBegun ? `nothing for ${idleTimeoutMs}` : `no first token within ${tryEnds - askedAt}`));
    } else {
      clear = clock.after(Math.min(totalEnds(), silenceEnds()) - now, check);
    }
  }

  check();
  return {
    share(among, onSilent) {
      const now = hasAsked ? clock.now() : askedAt;
      if (now >= firstTokenEnds) return false;
      hasAsked = true;
      askedAt = now;
      tryEnds = now + Math.ceil((firstTokenEnds - now) / among);
      onSilence = onSilent;
      hasBegun = isOver = false;
      clear();
      check();
      return true;
    },
    touch(hasText, isComplete) {
      touchedAt = clock.now();
      isOver = isComplete;
      if (hasBegun || !hasText) return;
      hasBegun = true;
      // The idle limit may be shorter than what is left of the first one.
      clear();
      check();
    },
    end: () => clear(),
  };
}

function silent(what: string): EndReason {
  return expired("provider_timeout", `The provider sent ${what} ms`);
}

function expired(code: "timeout" | "provider_timeout", message: string): EndReason {
  return new EndReason("timeout", new RelayError(code, message));
}
