/** Reads status line and headers of an answer, and finds out where its body ends. */

import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_HEADERS } from "../protocol/limits.ts";
import { TransportError } from "./answer.ts";

/** The head of an answer. Names are in lower case; several lines of one name are joined [RFC 9110, 5.3]. */
export interface Head {
  version: string;
  status: number;
  headers: Map<string, string>;
}

/** Why an answer cannot be read. Never quotes the provider. */
export function unreadable(state: string): TransportError {
  return new TransportError(`Cannot read the answer of the provider: ${state}`);
}

/** Where the head in these bytes ends, or -1; searches from `at`, where the last call stopped. */
export function endOfHead(bytes: Uint8Array, at: number, length: number): number {
  for (; at < length; at++) {
    const byte = bytes[at];
    if (byte === 0) throw unreadable("its head has a NUL");
    // A line ends with CR LF and nothing else [RFC 9112, 2.2].
    if (byte === 10 && bytes[at - 1] !== 13) throw unreadable("its head has an LF without a CR");
    if (byte !== 10 && at > 0 && bytes[at - 1] === 13) throw unreadable("its head has a CR without an LF");
    if (byte === 10 && at >= 3 && bytes[at - 2] === 10) return at + 1;
  }
  return -1;
}

/** Takes the whole head, with the empty line at its end. */
export function parseHead(bytes: Uint8Array): Head {
  const lines = String.fromCharCode(...bytes.subarray(0, -4)).split("\r\n");
  // Without a reason phrase many leave its space out, too [RFC 9112, 4].
  const status = /^HTTP\/(1\.[01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(lines[0]);
  if (status === null) throw unreadable("its status line is not one of HTTP/1.1");
  if (lines.length - 1 > MAX_PROVIDER_HEADERS) throw unreadable(`it has more than ${MAX_PROVIDER_HEADERS} headers`);
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    // No space before the colon, and no line that continues the last one [RFC 9112, 5.1 and 5.2].
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw unreadable("one of its headers has no name, or not a valid one");
    const value = withoutSpace(line, colon + 1);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw unreadable("one of its headers has a control character");
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { version: status[1], status: Number(status[2]), headers };
}

/** The line from there on. A regular expression would take quadratic time for a long run of spaces. */
function withoutSpace(line: string, start: number): string {
  let end = line.length;
  while (start < end && isSpace(line.charCodeAt(start))) start++;
  while (end > start && isSpace(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

/** How the body ends: after so many bytes, with its last chunk, or, Infinity, with the connection [RFC 9112, 6.3]. */
export function framingOf({ version, status, headers }: Head): number | "chunked" {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined && length !== undefined) {
    throw unreadable("it has both Transfer-Encoding and Content-Length");
  }
  if (coding !== undefined && (coding.toLowerCase() !== "chunked" || version === "1.0")) {
    throw unreadable(`its Transfer-Encoding is not "chunked", or it came with HTTP/1.0`);
  }
  // Equal lengths are one [RFC 9110, 8.6].
  const lengths = new Set(length?.split(/[ \t]*,[ \t]*/));
  if (lengths.size > 1) throw unreadable("it has several lengths");
  const [only] = lengths;
  if (only !== undefined && !/^\d{1,15}$/.test(only)) throw unreadable("its Content-Length is not a number");
  if (status === 204 || status === 304) return 0;
  if (coding !== undefined) return "chunked";
  return only === undefined ? Infinity : Number(only);
}

/** The request asks for identity; some servers name what is not an encoding, such as utf-8. */
const ENCODED = /\b(?:x-)?(?:gzip|compress)\b|\b(?:deflate|br|zstd)\b/i;

/** The encoding of a body, from its Content-Encoding; null: none. */
export function codingOf(contentEncoding: string | null | undefined): string | null {
  return ENCODED.exec(contentEncoding ?? "")?.[0].toLowerCase() ?? null;
}

/** An encoded body is refused, because half a megabyte of it may be gigabytes of text. */
export function encoded(coding: string): RelayError {
  return new RelayError("provider_bad_response", `The provider sent a body in ${coding}, which it was asked not to do`);
}

/** Milliseconds for which the provider keeps the connection: none where it closes it [RFC 9112, 9.3]. */
export function keptFor({ version, headers }: Head): number {
  const options = headers.get("connection")?.toLowerCase().split(/[ \t]*,[ \t]*/) ?? [];
  if (version !== "1.1" || options.includes("close")) return 0;
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(headers.get("keep-alive") ?? "")?.[1];
  return seconds === undefined ? Infinity : Number(seconds) * 1_000;
}
