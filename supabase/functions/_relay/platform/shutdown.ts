/** Tells who asked that the worker is about to end. */

import type { Log } from "./log.ts";

/** Calls each listener once, synchronously: the edge runtime gives no second chance. */
export interface Shutdown {
  /** The returned function takes the listener away. */
  onShutdown(listener: (reason: string) => void): () => void;
  /** For hosts that can catch a signal; later calls do nothing. */
  begin(reason: string): void;
  /** Aborts when the end begins, for who has nothing to stop and only waits less long. */
  readonly signal: AbortSignal;
}

/** Listens to `beforeunload`, whose detail carries the reason on the edge runtime, as text or inside an object. */
export function createShutdown(log: Log, target: EventTarget = globalThis): Shutdown {
  const listeners = new Set<(reason: string) => void>();
  const end = new AbortController();
  let begun: string | null = null;
  const begin = (reason: string) => {
    if (begun !== null) return;
    begun = reason;
    log("info", "worker_shutdown", { reason, generations: listeners.size });
    for (const listener of [...listeners]) tell(listener, reason);
    end.abort(reason);
  };
  /** One that throws must not keep the others from storing what they have. */
  function tell(listener: (reason: string) => void, reason: string) {
    try {
      listener(reason);
    } catch (cause) {
      log("error", "shutdown_listener_failed", { reason, cause });
    }
  }
  target.addEventListener("beforeunload", (event) => begin(reasonOf(event)));
  return {
    onShutdown(listener) {
      listeners.add(listener);
      // A request that was under way when the end began must hear of it too.
      if (begun !== null) tell(listener, begun);
      return () => listeners.delete(listener);
    },
    begin,
    signal: end.signal,
  };
}

function reasonOf(event: Event): string {
  const detail: unknown = (event as CustomEvent).detail;
  if (typeof detail === "string") return detail;
  const reason = (detail as { reason?: unknown } | null | undefined)?.reason;
  return typeof reason === "string" ? reason : "beforeunload";
}
