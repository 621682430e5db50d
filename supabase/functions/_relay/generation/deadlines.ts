/** Stops a generation that takes too long: to its first token, between two tokens, or in all. */

import type { Clock } from "../platform/clock.ts";
import type { Configuration } from "../platform/configuration.ts";
import { RelayError } from "../protocol/errors.ts";
import { PROVIDER_USAGE_WAIT_MS } from "../protocol/limits.ts";
import { EndReason } from "./ending.ts";

/** Starts the deadlines of one generation; `startedAt` is when the request came. */
export function startDeadlines(
  clock: Clock,
  configuration: Configuration,
  startedAt: number,
  onExpired: (reason: EndReason) => void,
): Deadlines {
  return new Deadlines(clock, configuration, startedAt, onExpired);
}

/**
 * One timer for all three; it is set again when it fires, not with each token. Any byte is a sign of life, but only text
 * ends the wait for the first token. After a complete answer only its usage is waited for, and the provider's client
 * bounds that.
 */
export class Deadlines {
  #onSilence: (reason: EndReason) => void;
  #askedAt: number;
  #firstTokenEnds: number;
  #hasAsked = false;
  #tryEnds: number;
  #touchedAt: number;
  #hasBegun = false;
  #isOver = false;
  #clear = () => {};
  #check = () => this.#look();

  constructor(
    private clock: Clock,
    private configuration: Configuration,
    private startedAt: number,
    private onExpired: (reason: EndReason) => void,
  ) {
    this.#onSilence = onExpired;
    this.#askedAt = this.#touchedAt = clock.now();
    this.#firstTokenEnds = this.#tryEnds = this.#askedAt + configuration.firstTokenTimeoutMs;
    this.#look();
  }

  /**
   * Another provider is asked. It gets an equal share of what is left of the time to the first token, for all that may
   * still be asked, this one included. If it is silent for too long, `onSilent` is called in place of `onExpired`.
   * False: no time is left, and nothing has changed.
   */
  share(among: number, onSilent: (reason: EndReason) => void): boolean {
    const now = this.#hasAsked ? this.clock.now() : this.#askedAt;
    if (now >= this.#firstTokenEnds) return false;
    this.#hasAsked = true;
    this.#askedAt = now;
    this.#tryEnds = now + Math.ceil((this.#firstTokenEnds - now) / among);
    this.#onSilence = onSilent;
    this.#hasBegun = this.#isOver = false;
    this.#clear();
    this.#look();
    return true;
  }

  /** The provider has sent bytes; `hasText`: text or reasoning was among them; `isComplete`: it has said how it ends. */
  touch(hasText: boolean, isComplete: boolean) {
    this.#touchedAt = this.clock.now();
    this.#isOver = isComplete;
    if (this.#hasBegun || !hasText) return;
    this.#hasBegun = true;
    // The idle limit may be shorter than what is left of the first one.
    this.#clear();
    this.#look();
  }

  end() {
    this.#clear();
  }

  #totalEnds(): number {
    return this.startedAt + this.configuration.timeoutMs + (this.#isOver ? PROVIDER_USAGE_WAIT_MS : 0);
  }

  #silenceEnds(): number {
    if (this.#isOver) return Infinity;
    return this.#hasBegun ? this.#touchedAt + this.configuration.idleTimeoutMs : this.#tryEnds;
  }

  #look() {
    const { timeoutMs, idleTimeoutMs } = this.configuration;
    const now = this.clock.now();
    if (now >= this.#totalEnds()) {
      this.onExpired(expired("timeout", `The generation took longer than ${timeoutMs} ms, the limit`));
    } else if (now >= this.#silenceEnds()) {
      const noToken = `no first token within ${this.#tryEnds - this.#askedAt}`;
      this.#onSilence(silent(this.#hasBegun ? `nothing for ${idleTimeoutMs}` : noToken));
    } else {
      this.#clear = this.clock.after(Math.min(this.#totalEnds(), this.#silenceEnds()) - now, this.#check);
    }
  }
}

function silent(what: string): EndReason {
  return expired("provider_timeout", `The provider sent ${what} ms`);
}

function expired(code: "timeout" | "provider_timeout", message: string): EndReason {
  return new EndReason("timeout", new RelayError(code, message));
}
