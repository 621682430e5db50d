/** One request and its answer, from the first address to the last byte: decides what ends them. */

import type { Clock } from "../platform/clock.ts";
import { TransportError } from "./answer.ts";

/** Ends with the signal, a limit, an error or the last byte, whichever comes first. */
export class Exchange {
  isOver = false;
  /** Why it is over; null: the answer is whole. */
  failure: unknown = null;
  /** Rejects with that reason, so that pending work can race it. */
  readonly over: Promise<never>;
  /** Closes, or keeps, what is open; called once, at the end. */
  close = () => {};
  #reject: (reason: unknown) => void;
  #timers = new Set<() => void>();
  #abort = () => this.end(this.signal.reason);

  /** Throws the signal's reason if that is aborted. */
  constructor(private clock: Clock, private signal: AbortSignal) {
    signal.throwIfAborted();
    ({ promise: this.over, reject: this.#reject } = Promise.withResolvers<never>());
    this.over.catch(() => {});
    signal.addEventListener("abort", this.#abort);
  }

  end(reason: unknown) {
    if (this.isOver) return;
    this.isOver = true;
    this.failure = reason;
    this.signal.removeEventListener("abort", this.#abort);
    for (const stop of this.#timers) stop();
    this.#reject(reason);
    this.close();
  }

  /** A timer that the end of the exchange stops. */
  after(ms: number, callback: () => void): () => void {
    const clear = this.clock.after(ms, callback);
    // An answer takes minutes, and without this the stopped timers would be kept all that time.
    const stop = () => {
      this.#timers.delete(stop);
      clear();
    };
    this.#timers.add(stop);
    return stop;
  }

  limit(ms: number, action: string): () => void {
    return this.after(ms, () => this.end(new TransportError(`Cannot ${action}: timed out after ${ms} ms`, true)));
  }

  /** Settles as the work does, or rejects at the limit or the end. */
  async within<T>(ms: number, action: string, work: Promise<T>): Promise<T> {
    const stop = this.limit(ms, action);
    try {
      return await Promise.race([work, this.over]);
    } catch (cause) {
      throw this.isOver ? this.failure : new TransportError(`Cannot ${action}`, false, { cause });
    } finally {
      stop();
    }
  }
}
