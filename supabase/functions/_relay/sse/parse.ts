/** Reads server-sent events out of whole lines. */

import type { LineLimit } from "./lines.ts";

/** Reads events out of text that ends where a line does; their `data` fields matter here, and whether they are errors. */
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

/** Characters of a stray line that are kept. */
const MAX_STRAY = 1_000;

/** The beginning of JSON that goes on over several lines. */
const BARE = /^(?:\[\s*\{?|\{)\s*$/;
const END_OF_OBJECT = /^\}/;
const END_OF_LIST = /^(?:\}\s*)?\]/;

const END_OF_LINE = /\r\n?|\n/g;

/**
 * Throws `limit.exceeded()` for a line, or an event of several lines, that is longer than the limit and cannot be
 * skipped. A line that begins with a brace is no field: servers that fail in the middle of a stream send it. It is an
 * event, or, if the brace is alone, the first line of one that goes on to the bracket in the same column.
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
