/**
 * Extracts the body from the connection's bytes, in place: the data is moved together over the framing in the buffer.
 */

import { MAX_PROVIDER_HEAD_BYTES } from "../protocol/limits.ts";
import { unreadable } from "./head.ts";

/** The most bytes of a chunk's size and extensions. */
export const MAX_CHUNK_LINE_BYTES = 1_024;

/**
 * The most bytes of chunk lines beyond 16 and two for each byte of data: no turn counts the time that reading them
 * takes.
 */
export const MAX_CHUNK_EXCESS_BYTES = 16 * 1024;

/** A pending read holds its buffer, so a stream with little text has a small one. */
export const MIN_BUFFER_BYTES = 1_024;
const MAX_BUFFER_BYTES = 64 * 1024;

/** For the next read: after a full one the buffer grows fourfold, after a nearly empty one it shrinks to a quarter. */
export function bufferAfter(buffer: Uint8Array<ArrayBuffer>, lastRead: number): Uint8Array<ArrayBuffer> {
  const size = buffer.length;
  // The first read after the head.
  if (lastRead === 0) return new Uint8Array(MIN_BUFFER_BYTES);
  if (lastRead === size && size < MAX_BUFFER_BYTES) return new Uint8Array(4 * size);
  if (lastRead < size / 16 && size > MIN_BUFFER_BYTES) return new Uint8Array(size / 4);
  return buffer;
}

/** Reads one body. */
export interface BodyDecoder {
  /** Where the body's bytes of the last read begin and end in the buffer. */
  start: number;
  end: number;
  /** Where this answer ends among the bytes of the connection. */
  used: number;
  isDone: boolean;
  /** Throws if the framing is broken; the data before the break is still between `start` and `end`. */
  decode(buffer: Uint8Array, from: number, to: number): void;
}

/** A body of `length` bytes; with Infinity, it goes to the end of the connection. */
export function createLengthDecoder(left: number): BodyDecoder {
  return {
    start: 0,
    end: 0,
    used: 0,
    isDone: left === 0,
    decode(_buffer, from, to) {
      this.start = from;
      this.end = this.used = Math.min(to, from + left);
      left -= this.end - from;
      this.isDone = left === 0;
    },
  };
}

/** The places in a chunked body [RFC 9112, 7.1]. */
const SIZE = 0, EXTENSION = 1, DATA = 2, DATA_END = 3, TRAILER = 4, NAME = 5, VALUE = 6, END = 7;

const CR = 13, LF = 10, SEMICOLON = 59, COLON = 58;

/** Allocates nothing for a chunk, because a provider sends one for each token. */
export function createChunkedDecoder(): BodyDecoder {
  return new ChunkedDecoder();
}

/** A class, like everything that each read goes through: closures cost more. */
class ChunkedDecoder implements BodyDecoder {
  start = 0;
  end = 0;
  used = 0;
  isDone = false;
  place = SIZE;
  /** Bytes of the chunk's data that are still to come. */
  left = 0;
  /** Bytes since the last data: skipped bytes have a bound, too. */
  line = 0;
  /** Bytes of framing beyond what the data so far allows. */
  excess = 0;
  /** The last byte was a CR. */
  isCr = false;

  decode(buffer: Uint8Array, from: number, to: number) {
    let at = this.start = this.end = from;
    while (at < to && !this.isDone) {
      if (this.place !== DATA) {
        step(this, buffer[at++]);
        this.isDone = this.place === END;
        continue;
      }
      const size = Math.min(this.left, to - at);
      if (this.end === this.start) this.start = this.end = at;
      else buffer.copyWithin(this.end, at, at + size);
      this.end += size;
      at += size;
      this.left -= size;
      if (this.left === 0) this.place = DATA_END;
    }
    this.used = at;
  }
}

/** Reads one byte of framing. */
function step(state: ChunkedDecoder, byte: number) {
  const limit = state.place < TRAILER ? MAX_CHUNK_LINE_BYTES : MAX_PROVIDER_HEAD_BYTES;
  if (++state.line > limit) throw unreadable(`its framing has more than ${limit} bytes in one place`);
  if (state.isCr) endLine(state, byte);
  else if (byte === CR) state.isCr = true;
  else if (state.place === SIZE) stepSize(state, byte);
  else if (state.place === EXTENSION) {
    if (isControl(byte)) throw unreadable("a chunk of it has a bad extension");
  } else if (state.place === DATA_END) throw unreadable(NO_CR_LF);
  else if (state.place === VALUE) {
    if (isControl(byte)) throw unreadable("a trailer has a control character");
  } else if (state.place === NAME && byte === COLON) state.place = VALUE;
  else if (isToken(byte)) state.place = NAME;
  else throw unreadable(NO_NAME);
}

function endLine(state: ChunkedDecoder, byte: number) {
  const { place } = state;
  if (byte !== LF) throw unreadable(NO_CR_LF);
  state.isCr = false;
  if (place >= TRAILER) {
    if (place === NAME) throw unreadable(NO_NAME);
    // One bound for all trailers together.
    state.place = place === TRAILER ? END : TRAILER;
    return;
  }
  if (place === SIZE && state.line === 2) throw unreadable(NO_SIZE);
  if (place !== DATA_END) pay(state);
  state.line = 0;
  state.place = place === DATA_END ? SIZE : state.left === 0 ? TRAILER : DATA;
}

/** The data of a chunk raises the bound for its line. */
function pay(state: ChunkedDecoder) {
  state.excess = Math.max(state.excess + state.line - 16 - 2 * state.left, 0);
  if (state.excess <= MAX_CHUNK_EXCESS_BYTES) return;
  throw unreadable(
    `the lines of its chunks have more than ${MAX_CHUNK_EXCESS_BYTES} bytes beyond what their data needs`,
  );
}

function stepSize(state: ChunkedDecoder, byte: number) {
  const digit = hexDigit(byte);
  if (digit >= 0) state.left = state.left * 16 + digit;
  else if (byte === SEMICOLON && state.line > 1) state.place = EXTENSION;
  else throw unreadable(NO_SIZE);
  if (state.left > 0xffff_ffff) throw unreadable("a chunk of it is too long");
}

const NO_CR_LF = "a line of its framing does not end with CR LF";
const NO_SIZE = "a chunk of it has no valid size";
const NO_NAME = "a trailer has no valid name";

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function isControl(byte: number): boolean {
  return byte < 32 && byte !== 9 || byte === 127;
}

/** A character of a name [RFC 9110, 5.6.2]. */
function isToken(byte: number): boolean {
  return /[!#$%&'*+.^_`|~\w-]/.test(String.fromCharCode(byte));
}
