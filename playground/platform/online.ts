/** What the browser says of its network. It may be wrong: that it is online says little, that it is not says more. */

import { type ReadonlySignal, signal } from "@preact/signals";

const current = signal(navigator.onLine);

addEventListener("online", () => current.value = true);
addEventListener("offline", () => current.value = false);

/** False while the browser says that it is offline. */
export const online: ReadonlySignal<boolean> = current;

/**
 * Calls back after a time, or as soon as the browser is online again: what waits for another attempt need not wait any
 * longer, and what waits for an answer waits on a connection that is probably gone. Gives a function that gives it up.
 */
export function afterOrOnline(ms: number, callback: () => void): () => void {
  const stop = () => {
    clearTimeout(timer);
    removeEventListener("online", end);
  };
  const end = () => {
    stop();
    callback();
  };
  const timer = setTimeout(end, ms);
  addEventListener("online", end);
  return stop;
}
