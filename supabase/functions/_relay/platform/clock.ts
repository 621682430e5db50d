/** Time as an argument, so that tests can drive it. */

/** Milliseconds since the epoch, and timers in milliseconds. */
export interface Clock {
  now(): number;
  /** Calls back once; the returned function clears the timer. */
  after(ms: number, callback: () => void): () => void;
}

/** The runtime's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Settles after `ms`, or at once when the signal aborts; never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const stop = clock.after(ms, end);
    signal?.addEventListener("abort", end, { once: true });
    function end() {
      stop();
      signal?.removeEventListener("abort", end);
      resolve();
    }
  });
}
