/** Whether the browser has a network. It may be wrong: "online" is less reliable than "offline". */

import { type ReadonlySignal, signal } from "@preact/signals";

const current = signal(navigator.onLine);

addEventListener("online", () => current.value = true);
addEventListener("offline", () => current.value = false);

/** False while the browser says that it is offline. */
export const online: ReadonlySignal<boolean> = current;

/**
 * Calls back after a time, or as soon as the browser is online again: the next attempt need not wait any
 * longer, and an open request waits on a connection that is probably gone. Gives a function that cancels it.
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
