/** What a browser gives: frames, and a memory that outlives a page. */

import type { StreamStorage } from "../history.ts";
import type { Id } from "../types.ts";

/** Calls back before the page is painted again; elsewhere as often as a fast screen is. */
export function onNextFrame(callback: () => void): void {
  const { requestAnimationFrame = (callback) => setTimeout(callback, 16) } = globalThis as {
    requestAnimationFrame?(callback: () => void): unknown;
  };
  requestAnimationFrame(callback);
}

/** Which stream runs in a conversation; null: in one that is not stored yet. */
export interface StreamMemory {
  get(conversationId: Id | null): string | null;
  set(conversationId: Id | null, streamId: string): void;
  /** Forgets this stream and no other. */
  remove(conversationId: Id | null, streamId: string): void;
}

/** A page works without it: a browser may refuse to store, and a server has none. */
export function createStreamMemory(storageOf: () => StreamStorage | null | undefined): StreamMemory {
  function use(conversationId: Id | null, act: (storage: StreamStorage, key: string) => string | null | void) {
    try {
      const storage = storageOf();
      return act(storage === undefined ? sessionStorage : storage!, `storytellr:${conversationId ?? ""}`) ?? null;
    } catch {
      return null;
    }
  }
  return {
    get: (id) => use(id, (storage, key) => storage.getItem(key)),
    set: (id, streamId) => void use(id, (storage, key) => storage.setItem(key, streamId)),
    remove: (id, streamId) =>
      void use(id, (storage, key) => {
        if (storage.getItem(key) === streamId) storage.removeItem(key);
      }),
  };
}
