/** Fetches a provider's response and reads its bytes: no redirects, bounded error pages, reused buffers. */

import type { Clock } from "../../platform/clock.ts";
import { MAX_PROVIDER_ERROR_BYTES, PROVIDER_ERROR_READ_MS } from "../../protocol/limits.ts";
import type { ByteReads } from "../../transport/answer.ts";

/** The openai package reads an error's body to its end, so this fetch cuts the body of an error response. */
export function createBoundedFetch(clock: Clock, fetchAny: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetchAny(input, { ...init, redirect: "manual" });
    if (response.ok || response.body === null) return response;
    const body = await readStart(response.body, clock);
    // Some statuses allow no body, and the package needs only the status of a redirect.
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
    // The body broke off: what came before is used.
  } finally {
    stop();
    cancel();
  }
  return text;
}

/** A read that waits holds its buffer, so a stream that says little must have a small one. */
const MIN_BUFFER_BYTES = 1024;

/** A fetch body's default reader takes a new buffer of this size for each read, which costs more than parsing it. */
const MAX_BUFFER_BYTES = 64 * 1024;

/** Reads into one buffer where the body is a byte stream. A body made by hand has no BYOB reader. */
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
      buffer = bufferAfter(value);
      return value;
    },
    cancel: (reason) => end(byob, reason),
  };
}

/** After a full read the buffer grows fourfold, after a nearly empty one it shrinks to a quarter. */
function bufferAfter({ buffer, length }: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = buffer.byteLength;
  if (length === size && size < MAX_BUFFER_BYTES) return new Uint8Array(4 * size);
  if (length < size / 16 && size > MIN_BUFFER_BYTES) return new Uint8Array(size / 4);
  return new Uint8Array(buffer as ArrayBuffer);
}

/** The cancel ends a waiting read, so that none is left when the lock is released. */
function end(reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader, reason: unknown) {
  reader.cancel(reason).catch(() => {});
  reader.releaseLock();
}
