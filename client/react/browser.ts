/** What useStory takes from a browser: frames, and a storage that outlives the page. */

import type { StreamStorage } from "../history.ts";
import type { Id } from "../types.ts";

/** Calls back before the next paint; without a browser after the time that a frame of a fast screen takes. */
export function onNextFrame(callback: () => void): void {
  const { requestAnimationFrame = (callback) => setTimeout(callback, 16) } = globalThis as {
    requestAnimationFrame?(callback: () => void): unknown;
  };
  requestAnimationFrame(callback);
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
