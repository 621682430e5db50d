/** Reads a request's body as JSON, within bounds. */

import type { Clock } from "../platform/clock.ts";
import { BODY_BYTE_BYTES, type Hold } from "../platform/memory.ts";
import { RelayError } from "../protocol/errors.ts";
import { BODY_TIMEOUT_MS, MAX_BODY_BYTES, MAX_BODY_ESCAPES, MAX_BODY_VALUES } from "../protocol/limits.ts";

/**
 * Throws a RelayError for another media type, for too many bytes or values, for invalid JSON, for a body that comes too
 * late, and if `memory` cannot hold it. The declared length is held before the body is read; bytes beyond it are held
 * as they come.
 */
export async function readJson(
  request: Request,
  clock: Clock,
  memory: Pick<Hold, "cover">,
  maxBytes = MAX_BODY_BYTES,
): Promise<unknown> {
  checkMediaType(request.headers.get("content-type"));
  const text = await readText(request, clock, memory, maxBytes);
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
async function readText(
  request: Request,
  clock: Clock,
  memory: Pick<Hold, "cover">,
  maxBytes: number,
): Promise<string> {
  if (request.body === null) return "";
  const claimed = Number(request.headers.get("content-length") ?? 0);
  if (claimed > maxBytes) throw tooLarge(maxBytes);
  let held = claimed > 0 ? claimed : 0;
  memory.cover(held * BODY_BYTE_BYTES);
  const { read, reader } = readerOf(request.body);
  // Deno 2.9's TextDecoder strips U+FEFF from the middle of a stream after short first reads.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const check = createCheck();
  let text = "";
  let bytes = 0;
  let isLate = false;
  const stop = clock.after(BODY_TIMEOUT_MS, () => {
    isLate = true;
    // The cancel ends the pending read, whether it succeeds or not.
    reader.cancel().catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await read().catch(brokenOff);
      if (isLate) throw tooLate();
      if (done || value === undefined) return text + decode(decoder);
      bytes += value.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      check(value);
      if (bytes > held) memory.cover((held = bytes) * BODY_BYTE_BYTES);
      text += decode(decoder, value);
      // To learn that nothing follows takes one more turn of the event loop.
      if (bytes === claimed) return text + decode(decoder);
    }
  } finally {
    stop();
    // A body that was read whole has nothing to cancel, and a cancel that fails changes nothing.
    reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

const READ_BYTES = 16 * 1024;

/** Deno 2.1.4 keeps 64 KB for as long as the request is answered if the body's default reader has read it. */
function readerOf(body: ReadableStream<Uint8Array>) {
  try {
    const reader = body.getReader({ mode: "byob" });
    return { reader, read: () => reader.read(new Uint8Array(READ_BYTES)) };
  } catch {
    const reader = body.getReader();
    return { reader, read: () => reader.read() };
  }
}

// Each is a constant of its own: comparing with an array's elements takes three times as long.
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;

/**
 * Bounds the cost of parsing the JSON, which cannot be interrupted: a million `[` take half a second. It counts values
 * as the bytes come, 1 to 3 ms for each MiB, and throws as soon as there are too many. It looks for ASCII alone, whose
 * bytes are in no longer character of UTF-8.
 */
function createCheck(): (bytes: Uint8Array) => void {
  const found = { isText: false, isEscaped: false, values: 0, escapes: 0 };
  return (bytes) => {
    count(bytes, found);
    if (found.values >= MAX_BODY_VALUES) throw tooMany("values", MAX_BODY_VALUES);
    if (found.escapes > MAX_BODY_ESCAPES) throw tooMany("escapes", MAX_BODY_ESCAPES);
  };
}

/** Counts in local variables: with those of a closure it takes three times as long. */
function count(bytes: Uint8Array, found: { isText: boolean; isEscaped: boolean; values: number; escapes: number }) {
  let { isText, values, escapes } = found;
  const { length } = bytes;
  let index = found.isEscaped && length > 0 ? 1 : 0;
  let byte = 0;
  while (index < length) {
    if (isText) {
      while (index < length && (byte = bytes[index]) !== QUOTE && byte !== BACKSLASH) index++;
      if (index === length) break;
      if (byte === BACKSLASH) escapes++;
      else isText = false;
      // The escaped byte may be the first one of the next read.
      index += byte === BACKSLASH ? 2 : 1;
    } else {
      while (index < length && (byte = bytes[index]) !== QUOTE) {
        if (byte === COMMA || byte === OPENING_BRACKET || byte === OPENING_BRACE) values++;
        index++;
      }
      if (index === length) break;
      isText = true;
      index++;
    }
  }
  Object.assign(found, { isText, isEscaped: index > length, values, escapes });
}

function tooMany(what: string, limit: number): RelayError {
  return new RelayError(
    "invalid_request",
    `Cannot read the body: it has more ${what} than the limit of ${limit}`,
    { issues: [{ path: "", message: `Must have at most ${limit} ${what} in all` }] },
  );
}

function tooLarge(limit: number): RelayError {
  return new RelayError("payload_too_large", `Cannot read the body: it is longer than the limit of ${limit} bytes`);
}

function tooLate(): RelayError {
  return new RelayError(
    "invalid_request",
    `Cannot read the body: it had not come as a whole after ${BODY_TIMEOUT_MS} ms`,
    { issues: [{ path: "", message: "The body came too slowly" }] },
  );
}

/** A client that has left is no failure of the relay, so it is not a 500. */
function brokenOff(cause: unknown): never {
  throw new RelayError("invalid_request", "Cannot read the body: the connection ended before it did", { cause });
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
