/** An HTTP/1.1 client for providers: one POST, and an answer that streams [RFC 9110, RFC 9112]. */

import { type Clock, systemClock } from "../platform/clock.ts";
import { type Connection, createNetwork, type Network } from "../platform/network.ts";
import {
  MAX_PROVIDER_HEAD_BYTES,
  MAX_PROVIDER_REST_BYTES,
  PROVIDER_HEAD_MS,
  PROVIDER_REST_MS,
  PROVIDER_WRITE_MS,
} from "../protocol/limits.ts";
import { type Answer, type Post, TransportError } from "./answer.ts";
import { bufferAfter, createChunkedDecoder, createLengthDecoder } from "./body.ts";
import { connect, createStuck, type Line, type Stuck } from "./connect.ts";
import { Exchange } from "./exchange.ts";
import { codingOf, encoded, endOfHead, framingOf, type Head, keptFor, parseHead, unreadable } from "./head.ts";
import { createKeeper, type Kept } from "./keep.ts";
import { requestBytes } from "./request.ts";

/** Answers without content that may come before the answer [RFC 9110, 15.2]. */
export const MAX_INTERIM_ANSWERS = 10;

/** Holds most heads. */
const HEAD_BUFFER_BYTES = 2_048;

const WRITE_BYTES = 64 * 1024;

/** Connections to providers. */
export interface Transport {
  post: Post;
  /** How many connections wait for a request. */
  kept(): number;
  /** Closes the idle connections at once, and the others when their answers have ended. */
  close(): void;
}

/**
 * `addressesOf` gives the checked addresses of a URL's host: nothing else is called. No request is sent twice, not even
 * if a kept connection breaks: the provider may have read it.
 */
export function createTransport(
  addressesOf: (url: URL) => string[] | Promise<string[]>,
  clock: Clock = systemClock,
  network: Network = createNetwork(),
): Transport {
  const keeper = createKeeper(clock);
  const stuck = createStuck();
  return {
    async post(url, headers, body, signal) {
      signal.throwIfAborted();
      const request = requestBytes(url, headers, body);
      const addresses = await addressesOf(url);
      const exchange = new Exchange(clock, signal);
      try {
        const line = keeper.take(url.origin, addresses) ?? await connect(network, stuck, exchange, url, addresses);
        return await ask(exchange, line, request, stuck, (ms) => keeper.keep(line, ms));
      } catch (error) {
        exchange.end(error);
        throw exchange.failure;
      }
    },
    kept: () => keeper.size(),
    close: () => keeper.close(),
  };
}

/** What reads the answer of a request that is being written, or was written. */
class Reply {
  isWritten = false;
  #exchange: Exchange;
  #connection: Connection;
  #keep: (ms: number) => void;

  constructor(exchange: Exchange, connection: Connection, keep: (ms: number) => void) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#keep = keep;
  }

  /** Rejects at the end of the exchange. */
  read(buffer: Uint8Array): Promise<number | null> {
    const read = this.#connection.read(buffer);
    return this.isWritten ? read : this.beforeEnd(read);
  }

  /** Closing a connection rejects its reads, but one that is being written to may stay open. */
  beforeEnd(read: Promise<number | null>): Promise<number | null> {
    return Promise.race([read, this.#exchange.over]);
  }

  /** Ends the exchange after a whole answer; the connection may be kept so long. */
  release(ms: number) {
    const keep = this.#keep;
    if (this.isWritten && ms > 0) this.#exchange.close = () => keep(ms);
    this.#exchange.end(null);
  }
}

/** Sends the request, reads the head, and returns the body for reading. */
async function ask(
  exchange: Exchange,
  line: Line | Kept,
  request: Uint8Array,
  stuck: Stuck,
  keep: (ms: number) => void,
): Promise<Answer> {
  if (exchange.isOver) throw exchange.failure;
  const { connection, origin, address } = line;
  const reply = new Reply(exchange, connection, keep);
  const stopWrite = exchange.limit(PROVIDER_WRITE_MS, "send the request");
  // An answer may come before the request has left, so both go on at the same time [RFC 9112, 9.5].
  const unsent = { bytes: request };
  const written = write(exchange, connection, unsent).then(() => {
    reply.isWritten = true;
    // The request can be megabytes, and the answer takes minutes.
    unsent.bytes = new Uint8Array();
  }, () => {}).finally(stopWrite);
  exchange.close = () => {
    unsent.bytes = new Uint8Array();
    if (reply.isWritten || !origin.startsWith("https:")) return connection.close();
    stuck.closeAfter(written.then(() => connection), address);
  };
  const begun = "read" in line ? { buffer: line.buffer, read: reply.beforeEnd(line.read) } : null;
  const { head, buffer, from, to } = await readHead(exchange, reply, begun);
  const answer = createAnswer(exchange, reply, head, buffer, from, to);
  const { next } = answer;
  return { ...answer, leave: () => void leave(exchange, next) };
}

/** Writes copies of a bounded size: a write that is stuck holds the whole buffer that its bytes are a view of. */
async function write(exchange: Exchange, connection: Connection, unsent: { bytes: Uint8Array }): Promise<void> {
  for (let at = 0; at < unsent.bytes.length && !exchange.isOver;) {
    at += await connection.write(unsent.bytes.slice(at, at + WRITE_BYTES));
  }
}

/** Reads up to the end of the head; the body begins at `from` in the buffer. The limit runs from a head's first byte. */
async function readHead(exchange: Exchange, reply: Reply, begun: Pick<Kept, "buffer" | "read"> | null) {
  let buffer = begun?.buffer ?? new Uint8Array(HEAD_BUFFER_BYTES);
  let read = begun?.read;
  let length = 0;
  let looked = 0;
  let interim = 0;
  let stop: (() => void) | null = null;
  while (interim <= MAX_INTERIM_ANSWERS) {
    const end = endOfHead(buffer, looked, length);
    looked = length;
    if (end === -1) {
      if (length > 0) stop ??= exchange.limit(PROVIDER_HEAD_MS, "read the head of the answer");
      if (length === buffer.length) buffer = grown(buffer);
      const count = await (read ?? reply.read(buffer.subarray(length)));
      if (count === null) throw new TransportError("The provider closed the connection before its answer");
      read = undefined;
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
  throw unreadable(`there are more than ${MAX_INTERIM_ANSWERS} interim answers before it`);
}

function grown(buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (buffer.length >= MAX_PROVIDER_HEAD_BYTES) {
    throw unreadable(`its head has more than ${MAX_PROVIDER_HEAD_BYTES} bytes`);
  }
  const larger = new Uint8Array(Math.min(Math.max(4 * buffer.length, HEAD_BUFFER_BYTES), MAX_PROVIDER_HEAD_BYTES));
  larger.set(buffer);
  return larger;
}

/** Throws where an encoded body would be read. */
function isEncoded({ headers, status }: Head): boolean {
  const coding = codingOf(headers.get("content-encoding"));
  // A refusal counts by its status, so its body is left out.
  if (coding !== null && status < 300) throw encoded(coding);
  return coding !== null;
}

/** Reads the body; `from` to `to` came with the head. */
function createAnswer(
  exchange: Exchange,
  reply: Reply,
  head: Head,
  buffer: Uint8Array<ArrayBuffer>,
  from: number,
  to: number,
): Answer {
  const framing = framingOf(head);
  const decoder = framing === "chunked" ? createChunkedDecoder() : createLengthDecoder(framing);
  const keptMs = keptFor(head);
  let lastRead = 0;
  if (isEncoded(head)) exchange.end(null);
  else if (decoder.isDone) reply.release(from === to ? keptMs : 0);

  /** Gives the connection back with the last byte. Data before broken framing counts, wherever a read was cut. */
  function take(start: number, end: number): Uint8Array | null {
    try {
      decoder.decode(buffer, start, end);
      if (decoder.isDone) reply.release(decoder.used === end ? keptMs : 0);
    } catch (error) {
      exchange.end(error);
    }
    return decoder.end > decoder.start ? buffer.subarray(decoder.start, decoder.end) : null;
  }

  function next(): Promise<Uint8Array | undefined> {
    if (exchange.isOver) return end();
    if (from < to) {
      const bytes = take(from, to);
      from = to;
      return bytes === null ? next() : Promise.resolve(bytes);
    }
    buffer = bufferAfter(buffer, lastRead);
    // Not an async function: each one that a read goes through costs as much as parsing what was read.
    return reply.read(buffer).then(onRead, onError);
  }

  function onRead(count: number | null) {
    if (count !== null) return take(0, lastRead = count) ?? next();
    exchange.end(framing === Infinity ? null : new TransportError("The answer of the provider broke off"));
    return end();
  }

  function onError(error: unknown) {
    exchange.end(error);
    return end();
  }

  const end = () => exchange.failure === null ? Promise.resolve(undefined) : Promise.reject(exchange.failure);
  return {
    status: head.status,
    header: createHeader(head),
    next,
    cancel: (reason) => exchange.end(reason ?? new DOMException("The body was cancelled", "AbortError")),
  };
}

/** Separate from the functions that read the body, so that these do not keep the headers. */
function createHeader({ headers }: Head): Answer["header"] {
  return (name) => headers.get(name) ?? null;
}

/**
 * Many servers send the end of the framing after the last event. It is read within limits, while the answer goes on.
 */
async function leave(exchange: Exchange, next: Answer["next"]): Promise<void> {
  if (exchange.isOver) return;
  const end = () => exchange.end(new DOMException("The rest is not read", "AbortError"));
  exchange.after(PROVIDER_REST_MS, end);
  try {
    for (let left = MAX_PROVIDER_REST_BYTES; left > 0;) {
      const bytes = await next();
      if (bytes === undefined) break;
      left -= bytes.length;
    }
  } catch {
    // A failure has closed the connection, so nothing is left to do.
  }
  end();
}
