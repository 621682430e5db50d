/** How long a worker lives: background work keeps it alive, and it learns when it is about to end. */

import type { Log } from "./log.ts";

/** Runs work in the background; `run` never rejects, and `settled` waits for all that runs. */
export interface KeepAlive {
  run(name: string, work: () => Promise<void>): void;
  settled(): Promise<void>;
}

/** Calls each listener once, synchronously: the edge runtime gives no second chance. */
export interface Shutdown {
  /** The returned function takes the listener away. */
  onShutdown(listener: (reason: string) => void): () => void;
  /** For hosts that can catch a signal; later calls do nothing. */
  begin(reason: string): void;
  /** Aborts when the end begins, for work that has nothing to stop and only waits less long. */
  readonly signal: AbortSignal;
}

interface EdgeRuntimeGlobal {
  EdgeRuntime?: { waitUntil(promise: Promise<unknown>): void };
}

/**
 * The edge runtime counts only a native promise that is still pending when it is handed over; one that is already
 * settled holds the worker until it is killed. That is why `await null` comes before the work.
 */
export function createKeepAlive(log: Log): KeepAlive {
  const running = new Set<Promise<void>>();
  const edge = (globalThis as EdgeRuntimeGlobal).EdgeRuntime;
  return {
    run(name, work) {
      const promise = (async () => {
        await null;
        try {
          await work();
        } catch (cause) {
          log("error", "background_work_failed", { reason: name, cause });
        }
      })();
      running.add(promise);
      promise.then(() => running.delete(promise));
      edge?.waitUntil(promise);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** Listens to `beforeunload`; on the edge runtime its detail carries the reason, as text or inside an object. */
export function createShutdown(log: Log, target: EventTarget = globalThis): Shutdown {
  const listeners = new Set<(reason: string) => void>();
  const end = new AbortController();
  let begun: string | null = null;

  function begin(reason: string) {
    if (begun !== null) return;
    begun = reason;
    log("info", "worker_shutdown", { reason, generations: listeners.size });
    for (const listener of [...listeners]) notify(listener, reason);
    end.abort(reason);
  }

  /** A listener that throws must not keep the others from storing what they have. */
  function notify(listener: (reason: string) => void, reason: string) {
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
      // The request may have been under way when the end began.
      if (begun !== null) notify(listener, begun);
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
