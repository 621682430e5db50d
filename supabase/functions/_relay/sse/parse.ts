/** Reads server-sent events out of bytes, whatever way these were cut into reads: bytes → whole lines → events. */

/** Turns reads into text that ends where a line does. */
export interface LineDecoder {
  /** "" where no line has ended. The bytes may be overwritten after the call. */
  decode(bytes: Uint8Array): string;
  /** What is left after the last line's end. */
  end(): string;
}

/** Reads events out of such text; only their `data` fields matter here. */
export interface EventParser {
  /** Reads from an index on until no event is open or the text is over; gives the index after what it read. */
  parse(text: string, from: number): number;
  /** Whether an event has begun; its other lines come next. */
  readonly isOpen: boolean;
  /** The last line may lack its end, and the last event its blank line. */
  end(line: string): void;
}

/** `event` is the text of the event where it came in one read, else "". */
export type OnData = (data: string, event: string) => void;

/** The longest line that is read, and the error that a longer one throws. */
export interface LineLimit {
  bytes: number;
  exceeded(): Error;
}

const LF = 10;
const CR = 13;
const END_OF_LINE = /\r\n?|\n/g;

/**
 * Lines end with LF, CR or CR LF. Throws `limit.exceeded()` for a line that grows past the limit before its end came.
 * Whole lines are decoded at once: a decoder in its streaming mode costs up to seven times as much.
 */
export function createLineDecoder(limit: LineLimit): LineDecoder {
  // Deno 2.9's TextDecoder strips U+FEFF from the middle of a stream after short first reads.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let atStart = true;
  /** The beginning of a line whose end has not come. */
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  /** The last line ended with a CR, which may be the first half of a CR LF. */
  let afterReturn = false;

  function keep(bytes: Uint8Array) {
    keptBytes += bytes.length;
    if (keptBytes > limit.bytes) throw limit.exceeded();
    kept.push(bytes.slice());
  }

  function withKept(bytes: Uint8Array): string {
    if (kept.length === 0) return decoder.decode(bytes);
    const whole = new Uint8Array(keptBytes + bytes.length);
    let at = 0;
    for (const part of [...kept, bytes]) {
      whole.set(part, at);
      at += part.length;
    }
    kept = [];
    keptBytes = 0;
    return decoder.decode(whole);
  }

  function lines(text: string): string {
    const isCut = afterReturn && text.startsWith("\n") || atStart && text.startsWith("\uFEFF");
    atStart = false;
    afterReturn = text.endsWith("\r");
    return isCut ? text.slice(1) : text;
  }

  return {
    decode(bytes) {
      const end = endOfLines(bytes);
      // Most reads end where a line does, and a view of bytes costs as much as a look at them.
      if (end === bytes.length && end > 0) return lines(withKept(bytes));
      const text = end > 0 ? lines(withKept(bytes.subarray(0, end))) : "";
      if (end < bytes.length) keep(bytes.subarray(end));
      return text;
    },
    end() {
      const rest = withKept(new Uint8Array());
      return atStart ? rest.replace(/^\uFEFF/, "") : rest;
    },
  };
}

/** Throws `limit.exceeded()` for a line, or an event of several lines, that is longer than the limit. */
export function createEventParser(onData: OnData, limit: LineLimit): EventParser {
  let data: string | null = null;

  /** A UTF-16 unit is at least one byte of UTF-8, so that counting units lets in at most three times the limit. */
  function bounded(text: string): string {
    if (text.length <= limit.bytes) return text;
    throw limit.exceeded();
  }

  /** Whether the line was blank, so that an event is over. */
  function line(text: string): boolean {
    if (text.startsWith("data:")) {
      const value = text.slice(text[5] === " " ? 6 : 5);
      data = data === null ? value : bounded(`${data}\n${value}`);
    }
    return text === "";
  }

  function dispatch(event: string) {
    if (data === null) return;
    const whole = data;
    data = null;
    onData(whole, event);
  }

  return {
    parse(text, from) {
      const isWhole = data === null;
      let at = from;
      do {
        END_OF_LINE.lastIndex = at;
        const end = END_OF_LINE.exec(text)!;
        const isOver = line(bounded(text.slice(at, end.index)));
        at = END_OF_LINE.lastIndex;
        if (isOver) dispatch(isWhole ? text.slice(from, at) : "");
      } while (data !== null && at < text.length);
      return at;
    },
    get isOpen() {
      return data !== null;
    },
    end(rest) {
      if (rest !== "") line(bounded(rest));
      dispatch("");
    },
  };
}

/** No character of several bytes has one of these in it. A CR is looked for after the last LF alone. */
function endOfLines(bytes: Uint8Array): number {
  const lf = bytes.lastIndexOf(LF) + 1;
  return lf === bytes.length ? lf : lf + bytes.subarray(lf).lastIndexOf(CR) + 1;
}
