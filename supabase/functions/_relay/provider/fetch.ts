/** Fetches a provider's response and reads its bytes: no redirects, bounded error pages, reused buffers. */

import type { Clock } from "../platform/clock.ts";
import { MAX_PROVIDER_ERROR_BYTES, PROVIDER_ERROR_READ_MS } from "../protocol/limits.ts";
import type { ByteReads } from "../transport/answer.ts";
import { bufferAfter, MIN_BUFFER_BYTES } from "../transport/body.ts";
import { codingOf, encoded } from "../transport/head.ts";

/**
 * The runtime's `fetch`, which would otherwise ask for what it can decode. That of Deno 2.1 decodes gzip and br
 * whatever was asked for, and leaves no trace of it.
 */
const fetchIdentity: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("accept-encoding", "identity");
  return fetch(input, { ...init, headers });
};

/** The openai package reads an error's body to its end, so this fetch cuts the body of an error response. */
export function createBoundedFetch(clock: Clock, fetchAny: typeof fetch = fetchIdentity): typeof fetch {
  return async (input, init) => {
    const response = await fetchAny(input, { ...init, redirect: "manual" });
    if (response.body === null) return response;
    if (response.ok) {
      const coding = codingOf(response.headers.get("content-encoding"));
      if (coding === null) return response;
      await response.body.cancel().catch(() => {});
      throw encoded(coding);
    }
    const body = await readStart(response.body, clock);
    const retryAfter = response.headers.get("retry-after");
    // Some statuses allow no body, and the package needs only the status of a redirect.
    return new Response(response.status === 304 ? null : body, {
      status: response.status,
      headers: {
        "content-type": response.headers.get("content-type") ?? "",
        ...(retryAfter !== null && { "retry-after": retryAfter }),
      },
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
    // The body broke off: what came before is used.
  } finally {
    stop();
    cancel();
  }
  return text;
}

/**
 * Reads into one buffer if the body is a byte stream: its default reader allocates 64 KiB for each read, which costs
 * more than parsing it. A body made by hand has no BYOB reader.
 */
export function readBytes(body: ReadableStream<Uint8Array>): ByteReads {
  let byob: ReadableStreamBYOBReader;
  try {
    byob = body.getReader({ mode: "byob" });
  } catch {
    const reader = body.getReader();
    return { next: async () => (await reader.read()).value, cancel: (reason) => end(reader, reason) };
  }
  let buffer = new Uint8Array(MIN_BUFFER_BYTES);
  return {
    async next() {
      const { done, value } = await byob.read(buffer);
      if (done || value === undefined) return undefined;
      buffer = bufferAfter(new Uint8Array(value.buffer), value.length);
      return value;
    },
    cancel: (reason) => end(byob, reason),
  };
}

/** The cancel ends a waiting read, so that none is left when the lock is released. */
function end(reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader, reason: unknown) {
  reader.cancel(reason).catch(() => {});
  reader.releaseLock();
}
