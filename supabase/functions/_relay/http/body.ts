/** Reads a request's body as JSON, within bounds. */

import { RelayError } from "../protocol/errors.ts";
import { MAX_BODY_BYTES } from "../protocol/limits.ts";

/** Throws a RelayError for another media type, for too many bytes and for what is no JSON. */
export async function readJson(request: Request): Promise<unknown> {
  checkMediaType(request.headers.get("content-type"));
  const text = await readText(request);
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

/**
 * Counts what arrives, because Content-Length is only a claim; decodes as it goes, so that no chunk is kept. Deno 2.1.4
 * keeps 64 KB for as long as the request is answered if the body is read by a reader; not so if it is iterated.
 */
async function readText(request: Request): Promise<string> {
  // Deno 2.9's TextDecoder strips U+FEFF from the middle of a stream after short first reads.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let bytes = 0;
  try {
    for await (const part of request.body ?? []) {
      bytes += part.byteLength;
      if (bytes > MAX_BODY_BYTES) {
        throw new RelayError(
          "payload_too_large",
          `Cannot read the body: it is longer than the limit of ${MAX_BODY_BYTES} bytes`,
        );
      }
      text += decode(decoder, part);
    }
  } catch (error) {
    if (error instanceof RelayError) throw error;
    // A client that has left is no failure of the relay, so it is not a 500.
    throw new RelayError(
      "invalid_request",
      "Cannot read the body: the connection ended before it did",
      { cause: error },
    );
  }
  return text + decode(decoder);
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
