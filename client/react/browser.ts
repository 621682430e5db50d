/** What useStory takes from a browser: frames, and a request that outlives the page. */

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
