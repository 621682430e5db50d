/** Reads lines of text out of bytes, whatever way these were cut into reads. */

/** Turns reads into text that ends where a line does. */
export interface LineDecoder {
  /** "" where no line has ended. The bytes may be overwritten after the call. */
  decode(bytes: Uint8Array): string;
  /** What is left after the last line's end. */
  end(): string;
}

/** The longest line that is read, and what is done about a longer one. */
export interface LineLimit {
  bytes: number;
  /** The longest one that is skipped, in bytes or UTF-16 units. */
  skippedBytes?: number;
  exceeded(): Error;
  /** Whether a line that is too long may be skipped; asked again with each part of it that comes. */
  maySkip?(part: string): boolean;
  /** A line was skipped. */
  onSkipped?(): void;
}

/** Characters of the last part of a skipped line that are looked at again with the next one. */
const OVERLAP = 64;

const LF = 10;
const CR = 13;

// Deno 2.9's TextDecoder strips U+FEFF from the middle of a stream after short first reads.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Lines end with LF, CR or CR LF. A line that grows past the limit before its end came is skipped where it may be, else
 * `limit.exceeded()` is thrown.
 * Whole lines are decoded at once: a decoder in its streaming mode costs up to seven times as much.
 */
export function createLineDecoder(limit: LineLimit): LineDecoder {
  return new Lines(limit);
}

/** A class, like everything on the way of a read: each closure and its context would be one more object to load. */
class Lines implements LineDecoder {
  #limit: LineLimit;
  #atStart = true;
  /** Null: the last read ended where a line did, as most do. */
  #lineStart: LineStart | null = null;
  /** The last line ended with a CR, which may be the first half of a CR LF. */
  #afterReturn = false;
  /** Null: no line is skipped. */
  #skipper: Skipper | null = null;

  constructor(limit: LineLimit) {
    this.#limit = limit;
  }

  decode(bytes: Uint8Array): string {
    const end = endOfLines(bytes);
    // Most reads end at the end of a line, and making a view of the bytes costs as much as looking at them.
    if (end === bytes.length && end > 0) return this.#lines(this.#withStart(bytes));
    const text = end > 0 ? this.#lines(this.#withStart(bytes.subarray(0, end))) : "";
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    return text;
  }

  end(): string {
    if (this.#skipper !== null) return "";
    const rest = this.#withStart(new Uint8Array());
    return this.#atStart ? rest.replace(/^\uFEFF/, "") : rest;
  }

  #keep(bytes: Uint8Array) {
    if (this.#skipper !== null) return this.#skipper.skip(utf8.decode(bytes));
    this.#lineStart ??= new LineStart();
    if (this.#lineStart.length + bytes.length <= this.#limit.bytes) return this.#lineStart.add(bytes);
    this.#skipper = new Skipper(this.#limit);
    this.#skipper.skip(utf8.decode(this.#takeWith(bytes)));
    this.#limit.onSkipped?.();
  }

  /** The end of a skipped line comes first here; a comment takes its place, for an empty line would end an event. */
  #afterSkipped(skipper: Skipper, bytes: Uint8Array): string {
    const end = bytes.findIndex((byte) => byte === LF || byte === CR);
    skipper.skip(utf8.decode(bytes.subarray(0, end)));
    this.#skipper = null;
    return `:${utf8.decode(bytes.subarray(end))}`;
  }

  #withStart(bytes: Uint8Array): string {
    if (this.#skipper !== null) return this.#afterSkipped(this.#skipper, bytes);
    return utf8.decode(this.#takeWith(bytes));
  }

  /** With the beginning of the line before it, until the next call of any decoder; then there is none. */
  #takeWith(bytes: Uint8Array): Uint8Array {
    const whole = this.#lineStart?.with(bytes) ?? bytes;
    this.#lineStart = null;
    return whole;
  }

  #lines(text: string): string {
    const isCut = this.#afterReturn && text.startsWith("\n") || this.#atStart && text.startsWith("\uFEFF");
    this.#atStart = false;
    this.#afterReturn = text.endsWith("\r");
    return isCut ? text.slice(1) : text;
  }
}

/** A whole read of a connection, and the beginning of a line before it. */
const JOINED_BYTES = 80 * 1024;
let joined: Uint8Array | null = null;

/** One for all decoders, who decode at once: a new one for each read is cleared first, and takes a fifth of the reading. */
function roomFor(bytes: number): Uint8Array {
  if (bytes > JOINED_BYTES) return new Uint8Array(bytes);
  joined ??= new Uint8Array(JOINED_BYTES);
  return joined.subarray(0, bytes);
}

/** The beginning of a line whose end has not come, in one buffer: an array for each read would cost 700 bytes a byte. */
class LineStart {
  length = 0;
  #buffer = new Uint8Array();

  add(bytes: Uint8Array) {
    const length = this.length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#buffer.subarray(0, this.length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.length);
    this.length = length;
  }

  /** With these bytes after it, until the next call of any decoder. */
  with(bytes: Uint8Array): Uint8Array {
    const whole = roomFor(this.length + bytes.length);
    whole.set(this.#buffer.subarray(0, this.length));
    whole.set(bytes, this.length);
    return whole;
  }
}

/** One line that is too long, part by part. */
class Skipper {
  /** The end of what came. */
  #seen = "";
  #length = 0;
  #limit: LineLimit;

  constructor(limit: LineLimit) {
    this.#limit = limit;
  }

  skip(part: string) {
    const text = `${this.#seen}${part}`;
    this.#length += part.length;
    const limit = this.#limit;
    if (this.#length > (limit.skippedBytes ?? 0) || !limit.maySkip?.(text)) throw limit.exceeded();
    this.#seen = text.slice(-OVERLAP);
  }
}

/** No character of several bytes has one of these in it. A CR is looked for after the last LF alone. */
function endOfLines(bytes: Uint8Array): number {
  // Most reads end so, and to call lastIndexOf(), which is not JavaScript, costs more than to look here.
  if (bytes[bytes.length - 1] === LF) return bytes.length;
  const lf = bytes.lastIndexOf(LF) + 1;
  return lf === bytes.length ? lf : lf + bytes.subarray(lf).lastIndexOf(CR) + 1;
}
