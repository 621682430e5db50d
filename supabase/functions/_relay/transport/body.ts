/** Takes the body out of the connection's bytes, in place: what frames it is closed up within the buffer. */

import { MAX_PROVIDER_HEAD_BYTES } from "../protocol/limits.ts";
import { unreadable } from "./head.ts";

/** Bytes of a chunk's size and extensions. */
export const MAX_CHUNK_LINE_BYTES = 1_024;

/** Bytes of chunks' lines beyond 16 and two for each byte of data: to read them costs time that no turn counts. */
export const MAX_CHUNK_EXCESS_BYTES = 16 * 1024;

/** Reads one body. */
export interface BodyDecoder {
  /** The body's bytes of the last read lie between these. */
  start: number;
  end: number;
  /** Where the bytes of the connection that belong to this answer end. */
  used: number;
  isDone: boolean;
  /** Throws where the framing is broken; what came before that lies between `start` and `end`. */
  decode(buffer: Uint8Array, from: number, to: number): void;
}

/** A body of so many bytes; of any number, up to the end of the connection, with Infinity. */
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
const SIZE = 0, EXTENSION = 1, SIZE_LF = 2, DATA = 3, DATA_CR = 4, DATA_LF = 5;
const TRAILER = 6, TRAILER_NAME = 7, TRAILER_VALUE = 8, TRAILER_LF = 9, LAST_LF = 10, END = 11;

const CR = 13, LF = 10, SEMICOLON = 59, COLON = 58;

/** Nothing is made for a chunk, because a provider sends one for each token. */
export function createChunkedDecoder(): BodyDecoder {
  const state = { place: SIZE, left: 0, line: 0, excess: 0 };
  return {
    start: 0,
    end: 0,
    used: 0,
    isDone: false,
    decode(buffer, from, to) {
      let at = this.start = this.end = from;
      while (at < to && !this.isDone) {
        if (state.place !== DATA) {
          step(state, buffer[at++]);
          this.isDone = state.place === END;
          continue;
        }
        const size = Math.min(state.left, to - at);
        if (this.end === this.start) this.start = this.end = at;
        else buffer.copyWithin(this.end, at, at + size);
        this.end += size;
        at += size;
        state.left -= size;
        if (state.left === 0) state.place = DATA_CR;
      }
      this.used = at;
    },
  };
}

/** `line`: bytes since the last data, for whatever is read past is bounded. `excess`: those that no data pays for. */
type ChunkState = { place: number; left: number; line: number; excess: number };

/** Takes one byte that is not data. */
function step(state: ChunkState, byte: number) {
  const { place } = state;
  const limit = place < TRAILER ? MAX_CHUNK_LINE_BYTES : MAX_PROVIDER_HEAD_BYTES;
  if (++state.line > limit) throw unreadable(`its framing has more than ${limit} bytes in one place`);
  if (place === SIZE) {
    const digit = hexDigit(byte);
    if (digit >= 0) state.left = state.left * 16 + digit;
    else if (state.line > 1 && byte === CR) state.place = SIZE_LF;
    else if (state.line > 1 && byte === SEMICOLON) state.place = EXTENSION;
    else throw unreadable("a chunk of it has no valid size");
    if (state.left > 0xffff_ffff) throw unreadable("a chunk of it is too long");
  } else if (place === EXTENSION) {
    if (byte === CR) state.place = SIZE_LF;
    else if (isControl(byte)) throw unreadable("a chunk of it has a bad extension");
  } else if (place === SIZE_LF) {
    expect(byte, LF);
    state.place = state.left === 0 ? TRAILER : DATA;
    state.excess = Math.max(state.excess + state.line - 16 - 2 * state.left, 0);
    if (state.excess > MAX_CHUNK_EXCESS_BYTES) {
      throw unreadable(
        `the lines of its chunks have more than ${MAX_CHUNK_EXCESS_BYTES} bytes beyond what their data needs`,
      );
    }
    state.line = 0;
  } else if (place === DATA_CR) {
    expect(byte, CR);
    state.place = DATA_LF;
  } else if (place === DATA_LF) {
    expect(byte, LF);
    state.place = SIZE;
    state.line = 0;
  } else stepTrailer(state, byte);
}

function stepTrailer(state: ChunkState, byte: number) {
  const { place } = state;
  if (place === LAST_LF || place === TRAILER_LF) {
    expect(byte, LF);
    state.place = place === LAST_LF ? END : TRAILER;
  } else if (place === TRAILER_VALUE) {
    if (byte === CR) state.place = TRAILER_LF;
    else if (isControl(byte)) throw unreadable("a trailer has a control character");
  } else if (place === TRAILER && byte === CR) state.place = LAST_LF;
  else if (place === TRAILER_NAME && byte === COLON) state.place = TRAILER_VALUE;
  else if (isToken(byte)) state.place = TRAILER_NAME;
  else throw unreadable("a trailer has no valid name");
}

function expect(byte: number, wanted: number) {
  if (byte !== wanted) throw unreadable("a line of its framing does not end with CR LF");
}

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
