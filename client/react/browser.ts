/** What useStory takes from a browser: frames, a storage and a request that outlive the page. */

import type { StreamStorage } from "../history.ts";
import type { Id } from "../types.ts";

/** Calls back before the next paint; without a browser after the time that a frame of a fast screen takes. */
export function onNextFrame(callback: () => void): void {
  const { requestAnimationFrame = (callback) => setTimeout(callback, 16) } = globalThis as {
    requestAnimationFrame?(callback: () => void): unknown;
  };
  requestAnimationFrame(callback);
}

/**
 * A small write goes on even if the page is left right after it; if the browser keeps no more of them, it is sent as an
 * ordinary request. A builder of postgrest-js declares its `fetch` as protected, and offers no other way. Rejects with
 * its error.
 */
// deno-lint-ignore no-explicit-any
export async function keepAlive(query: any): Promise<void> {
  const { fetch } = query;
  query.fetch = (url: string, init: object) => fetch(url, { ...init, keepalive: true }).catch(() => fetch(url, init));
  const { error } = await query;
  if (error) throw error;
}

/** Which stream runs in a conversation; null stands for a conversation that is not stored yet. */
export interface StreamMemory {
  get(conversationId: Id | null): string | null;
  set(conversationId: Id | null, streamId: string): void;
  /** Forgets this stream and no other. */
  remove(conversationId: Id | null, streamId: string): void;
}

/** A page works without a storage: a browser may refuse one, and a server has none. */
export function createStreamMemory(storageOf: () => StreamStorage | null | undefined): StreamMemory {
  function use<T>(conversationId: Id | null, act: (storage: StreamStorage, key: string) => T): T | undefined {
    try {
      const storage = storageOf();
      return act(storage === undefined ? sessionStorage : storage!, `storytellr:${conversationId ?? ""}`);
    } catch {
      // Nothing is remembered.
    }
  }
  return {
    get: (id) => use(id, (storage, key) => storage.getItem(key)) ?? null,
    set: (id, streamId) => use(id, (storage, key) => storage.setItem(key, streamId)),
    remove: (id, streamId) =>
      use(id, (storage, key) => storage.getItem(key) === streamId ? storage.removeItem(key) : undefined),
  };
}
