/** The fetch that the openai package is given: follows no redirect, reads no endless error page. */

import { type Clock } from "../../platform/clock.ts";
import { MAX_PROVIDER_ERROR_BYTES, PROVIDER_ERROR_READ_MS } from "../../protocol/limits.ts";

/** The package reads an error's body to its end, so an answer that is no success gets a body that has one. */
export function createBoundedFetch(clock: Clock, fetchAny: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetchAny(input, { ...init, redirect: "manual" });
    if (response.ok || response.body === null) return response;
    const body = await readStart(response.body, clock);
    // A body of some statuses is not allowed, and what the package needs of a redirect is its status alone.
    return new Response(response.status === 304 ? null : body, {
      status: response.status,
      headers: { "content-type": response.headers.get("content-type") ?? "" },
    });
  };
}

async function readStart(body: ReadableStream<Uint8Array>, clock: Clock): Promise<string> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const stop = clock.after(PROVIDER_ERROR_READ_MS, cancel);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    while (bytes < MAX_PROVIDER_ERROR_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, MAX_PROVIDER_ERROR_BYTES - bytes);
      bytes += part.byteLength;
      text += decoder.decode(part, { stream: true });
    }
  } catch {
    // What came before the break is what there is.
  } finally {
    stop();
    cancel();
  }
  return text;
}
