/** One request and its answer: what can end them, from the first address to the last byte. */

import type { Clock } from "../platform/clock.ts";
import { TransportError } from "./answer.ts";

/** The signal ends it, or a limit, or an error, or the last byte: the first of them counts. */
export interface Exchange {
  isOver: boolean;
  /** Why it is over; null: the answer is whole. */
  failure: unknown;
  /** Rejects with that, so that what waits can race it. */
  over: Promise<never>;
  /** Closes, or keeps, what is open; called once, at the end. */
  close(): void;
  end(reason: unknown): void;
  /** A timer that the end stops, too. */
  after(ms: number, callback: () => void): () => void;
  limit(ms: number, action: string): () => void;
  /** Settles as the work does, or rejects at the limit or the end. */
  within<T>(ms: number, action: string, work: Promise<T>): Promise<T>;
}

/** Throws the signal's reason if that is aborted. */
export function createExchange(clock: Clock, signal: AbortSignal): Exchange {
  signal.throwIfAborted();
  const timers: (() => void)[] = [];
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = () => exchange.end(signal.reason);
  const exchange: Exchange = {
    isOver: false,
    failure: null,
    over: promise,
    close() {},
    end(reason) {
      if (exchange.isOver) return;
      exchange.isOver = true;
      exchange.failure = reason;
      signal.removeEventListener("abort", abort);
      for (const stop of timers) stop();
      reject(reason);
      exchange.close();
    },
    after(ms, callback) {
      const stop = clock.after(ms, callback);
      timers.push(stop);
      return stop;
    },
    limit: (ms, action) =>
      exchange.after(
        ms,
        () => exchange.end(new TransportError(`Cannot ${action}: timed out after ${ms} ms`, true)),
      ),
    async within(ms, action, work) {
      const stop = exchange.limit(ms, action);
      try {
        return await Promise.race([work, exchange.over]);
      } catch (cause) {
        throw exchange.isOver ? exchange.failure : new TransportError(`Cannot ${action}`, false, { cause });
      } finally {
        stop();
      }
    },
  };
  signal.addEventListener("abort", abort);
  return exchange;
}
