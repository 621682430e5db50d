/** Reads a request's body as JSON, within bounds. */

import { BODY_BYTE_BYTES, type Hold } from "../platform/memory.ts";
import { RelayError } from "../protocol/errors.ts";
import { MAX_BODY_BYTES } from "../protocol/limits.ts";

/**
 * Throws a RelayError for another media type, for too many bytes, for what is no JSON, and where `memory` cannot hold
 * it. What it says of its length is held before it is read, and what is longer as it comes.
 */
export async function readJson(request: Request, memory: Pick<Hold, "cover">): Promise<unknown> {
  checkMediaType(request.headers.get("content-type"));
  const text = await readText(request, memory);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // No cause: the parser's message quotes the body, and prompts are not for logs.
    throw notJson("The body is not valid JSON");
  }
}

function checkMediaType(found: string | null): void {
  const type = found?.split(";", 1)[0].trim().toLowerCase();
  if (type === "application/json") return;
  const state = found === null ? "no Content-Type" : `the Content-Type ${JSON.stringify(found.slice(0, 100))}`;
  throw new RelayError("unsupported_media_type", `Cannot read the body: it has ${state}, not "application/json"`);
}

/** Counts what arrives, because Content-Length is only a claim; decodes as it goes, so that no chunk is kept. */
async function readText(request: Request, memory: Pick<Hold, "cover">): Promise<string> {
  if (request.body === null) return "";
  const claimed = Number(request.headers.get("content-length") ?? 0);
  if (claimed > MAX_BODY_BYTES) throw tooLarge();
  let held = claimed > 0 ? claimed : 0;
  memory.cover(held * BODY_BYTE_BYTES);
  const reader = request.body.getReader();
  // Deno 2.9's TextDecoder strips U+FEFF from the middle of a stream after short first reads.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) return text + decode(decoder);
      bytes += value.byteLength;
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      if (bytes > held) memory.cover((held = bytes) * BODY_BYTE_BYTES);
      text += decode(decoder, value);
    }
  } catch (error) {
    // A cancel that fails changes nothing.
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
}

function tooLarge(): RelayError {
  return new RelayError(
    "payload_too_large",
    `Cannot read the body: it is longer than the limit of ${MAX_BODY_BYTES} bytes`,
  );
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** A client that has left is no failure of the relay, so it is not a 500. */
async function read(reader: BodyReader): ReturnType<BodyReader["read"]> {
  try {
    return await reader.read();
  } catch (cause) {
    throw new RelayError("invalid_request", "Cannot read the body: the connection ended before it did", { cause });
  }
}

function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw notJson("The body is not valid UTF-8");
  }
}

function notJson(message: string): RelayError {
  return new RelayError(
    "invalid_request",
    "Cannot read the body: it is not JSON in UTF-8",
    { issues: [{ path: "", message }] },
  );
}
