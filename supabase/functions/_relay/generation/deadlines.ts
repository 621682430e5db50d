/** Stops a generation that takes too long: to its first token, between two tokens, or in all. */

import type { Clock } from "../platform/clock.ts";
import type { Configuration } from "../platform/configuration.ts";
import { RelayError } from "../protocol/errors.ts";
import { EndReason } from "./ending.ts";

/** The deadlines of one generation. */
export interface Deadlines {
  /** The provider has sent something. */
  touch(): void;
  end(): void;
}

/** One timer for all three, set anew when it fires and not with each token. `startedAt` is when the request came. */
export function startDeadlines(
  clock: Clock,
  { timeoutMs, firstTokenTimeoutMs, idleTimeoutMs }: Configuration,
  startedAt: number,
  onExpired: (reason: EndReason) => void,
): Deadlines {
  const total = startedAt + timeoutMs;
  let touchedAt = clock.now();
  let touched = false;
  let clear = () => {};

  function silenceEnds(): number {
    return touchedAt + (touched ? idleTimeoutMs : firstTokenTimeoutMs);
  }

  function check() {
    const now = clock.now();
    if (now >= total) {
      expire("timeout", `The generation took longer than ${timeoutMs} ms, the limit`);
    } else if (now >= silenceEnds()) {
      expire(
        "provider_timeout",
        touched
          ? `The provider sent nothing for ${idleTimeoutMs} ms`
          : `The provider sent no first token within ${firstTokenTimeoutMs} ms`,
      );
    } else {
      clear = clock.after(Math.min(total, silenceEnds()) - now, check);
    }
  }

  function expire(code: "timeout" | "provider_timeout", message: string) {
    onExpired(new EndReason("timeout", new RelayError(code, message)));
  }

  check();
  return {
    touch() {
      touchedAt = clock.now();
      if (touched) return;
      touched = true;
      // The idle limit may be shorter than what is left of the first one.
      clear();
      check();
    },
    end: () => clear(),
  };
}
