/** Reads server-sent events out of bytes, whatever way these were cut into reads: bytes → whole lines → events. */

/** Turns reads into text that ends where a line does. */
export interface LineDecoder {
  /** "" where no line has ended. The bytes may be overwritten after the call. */
  decode(bytes: Uint8Array): string;
  /** What is left after the last line's end. */
  end(): string;
}

/** Reads events out of such text; their `data` fields matter here, and whether they are errors. */
export interface EventParser {
  /** Reads from an index on until no event is open or the text is over; gives the index after what it read. */
  parse(text: string, from: number): number;
  /** Whether an event has begun; its other lines come next. */
  isOpen(): boolean;
  /** How many lines were read. */
  lines(): number;
  /** The first line that was no field, no comment and no event; null: there was none. */
  stray(): string | null;
  /** The last line may lack its end, and the last event its blank line. */
  end(line: string): void;
}

/**
 * `event` is the text of the event where it came in one read, else "". `isError`: its type is `error`, or it came in a
 * field of that name.
 */
export type OnData = (data: string, event: string, isError: boolean) => void;

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

/** Characters of a stray line that are kept. */
const MAX_STRAY = 1_000;

/** Characters of the last part of a skipped line that are looked at again with the next one. */
const OVERLAP = 64;

/** How JSON begins that goes on over many lines. */
const BARE = /^(?:\[\s*\{?|\{)\s*$/;
const END_OF_OBJECT = /^\}/;
const END_OF_LIST = /^(?:\}\s*)?\]/;

const LF = 10;
const CR = 13;
const END_OF_LINE = /\r\n?|\n/g;

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
  #lineStart = new LineStart();
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
    if (this.#lineStart.length + bytes.length <= this.#limit.bytes) return this.#lineStart.add(bytes);
    this.#skipper = new Skipper(this.#limit);
    this.#skipper.skip(utf8.decode(this.#lineStart.takeWith(bytes)));
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
    return utf8.decode(this.#lineStart.length === 0 ? bytes : this.#lineStart.takeWith(bytes));
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

  /** With these bytes after it, until the next call of any decoder; then there is none. */
  takeWith(bytes: Uint8Array): Uint8Array {
    if (this.length === 0) return bytes;
    const whole = roomFor(this.length + bytes.length);
    whole.set(this.#buffer.subarray(0, this.length));
    whole.set(bytes, this.length);
    this.#buffer = new Uint8Array();
    this.length = 0;
    return whole;
  }
}

/**
 * Throws `limit.exceeded()` for a line, or an event of several lines, that is longer than the limit and cannot be
 * skipped. A line that begins with a brace is no field, but what servers send that fail within a stream: it is an event,
 * or, where the brace stands alone, the first line of one that goes on to the bracket in the same column.
 */
export function createEventParser(onData: OnData, limit: LineLimit): EventParser {
  return new Parser(onData, limit);
}

class Parser implements EventParser {
  #limit: LineLimit;
  #open: OpenEvent;
  #lines = 0;
  #stray: string | null = null;

  constructor(onData: OnData, limit: LineLimit) {
    this.#limit = limit;
    this.#open = new OpenEvent(onData, limit);
  }

  parse(text: string, from: number): number {
    const isWhole = !this.#open.hasBegun();
    let at = from;
    do {
      END_OF_LINE.lastIndex = at;
      const end = END_OF_LINE.exec(text)!;
      const isOver = this.#line(bounded(text.slice(at, end.index), this.#limit));
      at = END_OF_LINE.lastIndex;
      if (isOver) this.#open.dispatch(isWhole ? text.slice(from, at) : "");
    } while (this.#open.hasBegun() && at < text.length);
    return at;
  }

  isOpen(): boolean {
    return this.#open.hasBegun();
  }

  lines(): number {
    return this.#lines;
  }

  stray(): string | null {
    return this.#stray;
  }

  end(rest: string) {
    if (rest !== "") this.#line(bounded(rest, this.#limit));
    this.#open.dispatch("");
  }

  /** Whether the line was blank, so that an event is over. */
  #line(text: string): boolean {
    const open = this.#open;
    this.#lines++;
    if (open.bareEnd !== null && !text.startsWith("data:")) {
      open.add(text);
      if (open.bareEnd.test(text)) open.dispatch("");
    } else if (text.startsWith("data:")) {
      if (open.bareEnd !== null) open.dispatch("");
      open.add(valueOf(text, 5));
    } else if (text.startsWith("event:")) {
      open.name(valueOf(text, 6).trim());
    } else if (text.startsWith("error:")) {
      open.isError = true;
      open.add(valueOf(text, 6));
    } else if (text.startsWith("{") || text.startsWith("[DONE") || BARE.test(text)) {
      open.dispatch("");
      if (BARE.test(text)) open.bareEnd = text.startsWith("[") ? END_OF_LIST : END_OF_OBJECT;
      open.add(text);
      if (open.bareEnd === null) open.dispatch("");
    } else if (this.#stray === null && text.trim() !== "" && !/^(?::|id:|retry:|[\w-]+:?$)/.test(text)) {
      this.#stray = text.slice(0, MAX_STRAY);
    }
    return text === "";
  }
}

/** The event whose end has not come. */
class OpenEvent {
  isError = false;
  /** The last line of JSON that has no field's name; null: it has one. */
  bareEnd: RegExp | null = null;
  #onData: OnData;
  #limit: LineLimit;
  #data: string | null = null;
  /** The last character of the data: to look for it there would join all lines of the event once more. */
  #last = "";
  #isNamed = false;

  constructor(onData: OnData, limit: LineLimit) {
    this.#onData = onData;
    this.#limit = limit;
  }

  hasBegun(): boolean {
    return this.#data !== null || this.#isNamed || this.isError;
  }

  name(name: string) {
    this.#isNamed = true;
    this.isError = name === "error";
  }

  add(value: string) {
    // No JSON has these two next to each other on two lines: the blank line between two events is missing.
    const mayBeNext = this.#last === "}" && this.#data !== null && this.bareEnd === null;
    if (mayBeNext && /^(?:\{|\[DONE)/.test(value)) this.dispatch("");
    this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    this.#last = value.slice(-1);
    if (this.#data.length > this.#limit.bytes) throw this.#limit.exceeded();
  }

  dispatch(text: string) {
    const [data, wasError] = [this.#data, this.isError];
    this.isError = this.#isNamed = false;
    this.bareEnd = null;
    this.#data = null;
    if (data !== null) this.#onData(data, text, wasError);
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

/** A UTF-16 unit is at least one byte of UTF-8, so that counting units lets in at most three times the limit. */
function bounded(line: string, limit: LineLimit): string {
  if (line.length <= limit.bytes) return line;
  if (line.length > (limit.skippedBytes ?? 0) || !limit.maySkip?.(line)) throw limit.exceeded();
  limit.onSkipped?.();
  // No field, and not the end of an event.
  return ":";
}

function valueOf(line: string, from: number): string {
  return line.slice(line[from] === " " ? from + 1 : from);
}

/** No character of several bytes has one of these in it. A CR is looked for after the last LF alone. */
function endOfLines(bytes: Uint8Array): number {
  const lf = bytes.lastIndexOf(LF) + 1;
  return lf === bytes.length ? lf : lf + bytes.subarray(lf).lastIndexOf(CR) + 1;
}
