/** HTTP/1.1 for what a provider is asked: one POST, and an answer that streams [RFC 9110, RFC 9112]. */

import { type Clock, systemClock } from "../platform/clock.ts";
import { createNetwork, type Network } from "../platform/network.ts";
import { MAX_PROVIDER_HEAD_BYTES, PROVIDER_HEAD_MS, PROVIDER_WRITE_MS } from "../protocol/limits.ts";
import { RelayError } from "../protocol/errors.ts";
import { type Answer, type Post, TransportError } from "./answer.ts";
import { createChunkedDecoder, createLengthDecoder } from "./body.ts";
import { connect, type Connected } from "./connect.ts";
import { endOfHead, framingOf, type Head, keptFor, parseHead, unreadable } from "./head.ts";
import { createKeeper, type Kept } from "./keep.ts";
import { requestBytes } from "./request.ts";

/** Answers without content that may come before the answer [RFC 9110, 15.2]. */
export const MAX_INTERIM_ANSWERS = 10;

/** Most heads are shorter. */
const HEAD_BUFFER_BYTES = 2_048;

/** A read that waits holds its buffer, so a stream that says little has a small one. */
const MIN_BUFFER_BYTES = 1_024;
const MAX_BUFFER_BYTES = 64 * 1024;

/** The request asks for identity; some servers name an encoding that is none, such as utf-8. */
const ENCODED = /\b(?:x-)?(?:gzip|compress)\b|\b(?:deflate|br|zstd)\b/i;

/** Connections to providers. */
export interface Transport {
  post: Post;
  /** How many connections wait for a request. */
  readonly kept: number;
  /** Closes those that wait; those that are at work are closed after it. */
  close(): void;
}

/**
 * `addressesOf` gives the checked addresses of a URL's host: nothing else is called. No request is made twice, not even
 * where a kept connection breaks: the provider may have read it.
 */
export function createTransport(
  addressesOf: (url: URL) => string[] | Promise<string[]>,
  clock: Clock = systemClock,
  network: Network = createNetwork(),
): Transport {
  const keeper = createKeeper(clock);
  return {
    async post(url, headers, body, signal) {
      signal.throwIfAborted();
      const request = requestBytes(url, headers, body);
      const addresses = await addressesOf(url);
      signal.throwIfAborted();
      const line = keeper.take(url.origin, addresses) ?? await connect(network, clock, url, addresses, signal);
      return await exchange(clock, line, request, signal, (ms) => keeper.keep(url.origin, line, ms));
    },
    get kept() {
      return keeper.size;
    },
    close: () => keeper.close(),
  };
}

/** Sends the request, reads the head, and gives the rest to read. */
async function exchange(
  clock: Clock,
  line: Connected | Kept,
  request: Uint8Array,
  signal: AbortSignal,
  keep: (ms: number) => void,
): Promise<Answer> {
  const hold = createHold(line, signal, keep);
  const limit = (ms: number, action: string) =>
    clock.after(ms, () => hold.end(new TransportError(`Cannot ${action}: timed out after ${ms} ms`, true)));
  const stopWrite = limit(PROVIDER_WRITE_MS, "send the request");
  // An answer may come before the request has left, so both go on at the same time [RFC 9112, 9.5].
  write(line, request).then(() => hold.isWritten = true, () => {}).finally(stopWrite);
  try {
    const begun = "begun" in line ? line.begun : null;
    const read = await readHead(hold, begun, () => limit(PROVIDER_HEAD_MS, "read the head of the answer"));
    return createAnswer(hold, read.head, read.buffer, read.from, read.to);
  } catch (error) {
    hold.end(error);
    throw hold.failure;
  }
}

/** One use of a connection. */
interface Hold {
  read(buffer: Uint8Array): Promise<number | null>;
  isWritten: boolean;
  isOver: boolean;
  /** Why it is over; null: the answer is whole. */
  failure: unknown;
  /** Closes the connection; what waits on it rejects with the reason. */
  end(reason: unknown): void;
  /** Gives the connection back after a whole answer. */
  release(ms: number): void;
}

/** The signal closes the connection until the use is over. */
function createHold({ connection }: Connected, signal: AbortSignal, keep: (ms: number) => void): Hold {
  const abort = () => hold.end(signal.reason);
  const hold: Hold = {
    read: (buffer) => connection.read(buffer),
    isWritten: false,
    isOver: false,
    failure: null,
    end(reason) {
      if (hold.isOver) return;
      hold.isOver = true;
      hold.failure = reason;
      signal.removeEventListener("abort", abort);
      connection.close();
    },
    release(ms) {
      if (hold.isOver) return;
      if (!hold.isWritten || ms === 0) return hold.end(null);
      hold.isOver = true;
      signal.removeEventListener("abort", abort);
      keep(ms);
    },
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  return hold;
}

async function write({ connection }: Connected, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads up to the end of the head; the body begins at `from` in the buffer. The limit runs from a head's first byte. */
async function readHead(hold: Hold, begun: Kept["begun"] | null, limit: () => () => void) {
  let buffer = new Uint8Array(HEAD_BUFFER_BYTES);
  let length = 0;
  let looked = 0;
  let interim = 0;
  let stop: (() => void) | null = null;
  try {
    while (interim <= MAX_INTERIM_ANSWERS) {
      const end = endOfHead(buffer, looked, length);
      looked = length;
      if (end === -1) {
        if (length > 0) stop ??= limit();
        if (length === buffer.length) buffer = grown(buffer);
        const count = await (begun?.read ?? hold.read(buffer.subarray(length)));
        if (count === null) throw new TransportError("The provider closed the connection before its answer");
        if (begun !== null) buffer.set(begun.buffer.subarray(0, count));
        begun = null;
        length += count;
        continue;
      }
      stop?.();
      stop = null;
      const head = parseHead(buffer.subarray(0, end));
      if (head.status >= 200) return { head, buffer, from: end, to: length };
      // HTTP/1.0 has no interim answers, and no other protocol was asked for [RFC 9110, 15.2].
      if (head.status === 101 || head.version === "1.0") throw unreadable(`it begins with status ${head.status}`);
      interim++;
      buffer.copyWithin(0, end, length);
      length -= end;
      looked = 0;
    }
  } finally {
    stop?.();
  }
  throw unreadable(`there are more than ${MAX_INTERIM_ANSWERS} interim answers before it`);
}

function grown(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  if (buffer.length >= MAX_PROVIDER_HEAD_BYTES) {
    throw unreadable(`its head has more than ${MAX_PROVIDER_HEAD_BYTES} bytes`);
  }
  const larger = new Uint8Array(Math.min(4 * buffer.length, MAX_PROVIDER_HEAD_BYTES));
  larger.set(buffer);
  return larger;
}

/** Reads the body; `from` to `to` came with the head. */
function createAnswer(hold: Hold, head: Head, buffer: Uint8Array, from: number, to: number): Answer {
  const framing = framingOf(head);
  const decoder = framing === "chunked" ? createChunkedDecoder() : createLengthDecoder(framing);
  const coding = ENCODED.exec(head.headers.get("content-encoding") ?? "")?.[0].toLowerCase();
  // A refusal counts by its status, so its body is left out.
  if (coding !== undefined && head.status < 300) {
    throw new RelayError(
      "provider_bad_response",
      `The provider sent a body in ${coding}, which it was asked not to do`,
    );
  }
  const keptMs = keptFor(head);
  let lastRead = 0;
  if (coding !== undefined) hold.end(null);
  else if (decoder.isDone) hold.release(from === to ? keptMs : 0);

  /** Gives the connection back with the last byte. What came before broken framing counts, wherever a read was cut. */
  function take(start: number, end: number): Uint8Array | null {
    try {
      decoder.decode(buffer, start, end);
      if (decoder.isDone) hold.release(decoder.used === end ? keptMs : 0);
    } catch (error) {
      hold.end(error);
    }
    return decoder.end > decoder.start ? buffer.subarray(decoder.start, decoder.end) : null;
  }

  async function read(): Promise<Uint8Array | null> {
    buffer = bufferAfter(buffer, lastRead);
    const count = await hold.read(buffer);
    if (count !== null) return take(0, lastRead = count);
    hold.end(framing === Infinity ? null : new TransportError("The answer of the provider broke off"));
    return null;
  }

  return {
    status: head.status,
    header: (name) => head.headers.get(name) ?? null,
    async next() {
      try {
        while (!hold.isOver) {
          const bytes = from < to ? take(from, to) : await read();
          from = to;
          if (bytes !== null) return bytes;
        }
      } catch (error) {
        hold.end(error);
      }
      if (hold.failure !== null) throw hold.failure;
    },
    cancel: (reason) => hold.end(reason ?? new DOMException("The body was cancelled", "AbortError")),
  };
}

/** After a full read the buffer grows fourfold, after a nearly empty one it shrinks to a quarter. */
function bufferAfter(buffer: Uint8Array, lastRead: number): Uint8Array {
  const size = buffer.length;
  // The first read after the head.
  if (lastRead === 0) return new Uint8Array(MIN_BUFFER_BYTES);
  if (lastRead === size && size < MAX_BUFFER_BYTES) return new Uint8Array(4 * size);
  if (lastRead < size / 16 && size > MIN_BUFFER_BYTES) return new Uint8Array(size / 4);
  return buffer;
}
