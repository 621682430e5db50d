/** Keeps the worker alive for work that outlives its request. */

import type { Log } from "./log.ts";

/** Runs the work in the background; it never rejects, and `settled` waits for all that runs. */
export interface KeepAlive {
  run(name: string, work: () => Promise<void>): void;
  settled(): Promise<void>;
}

interface EdgeRuntimeGlobal {
  EdgeRuntime?: { waitUntil(promise: Promise<unknown>): void };
}

/**
 * The edge runtime counts only a native promise that is still pending when it is handed over: one that is already
 * settled holds the worker until it is killed. Hence the `await null` before the work.
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
