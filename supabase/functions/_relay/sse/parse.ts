/** Reads server-sent events out of a provider's bytes: their data, whatever way the bytes were cut into reads. */

/** Takes reads, calls back once for each event. */
export interface EventStreamParser {
  /** The bytes may be overwritten after the call. */
  push(bytes: Uint8Array): void;
  /** The last event may lack its blank line. */
  end(): void;
}

/** Who wants the events. */
export interface EventListener {
  /** `event` is the event as it came, where it was whole in one read; else "". */
  onData(data: string, event: string): void;
  /** May take an event that begins at `from`, and gives the place behind it; -1: it is read line by line. */
  take?(text: string, from: number): number;
}

/** The longest line that is read, and the error that a longer one throws. */
export interface LineLimit {
  bytes: number;
  exceeded(): Error;
}

const LF = 10;
const CR = 13;
const END_OF_LINE = /\r\n?|\n/g;

/**
 * Lines end with LF, CR or CR LF; only `data` fields matter here. Throws `limit.exceeded()` past the line limit.
 * Whole lines are decoded at once: a decoder that is told of more to come costs up to seven times as much.
 */
export function createEventStreamParser(listener: EventListener, limit: LineLimit): EventStreamParser {
  // Deno 2.9 takes a mark amid the text for one at its start if the first reads were short: hence not the decoder's.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let atStart = true;
  /** The beginning of a line, of which the end was not in any read yet. */
  let pieces: Uint8Array[] = [];
  let pieceBytes = 0;
  /** The last line ended with a CR, which may be the first half of a CR LF. */
  let afterReturn = false;
  let data: string | null = null;

  /** A UTF-16 unit is at least one byte of UTF-8, so counting units never lets more bytes in than the limit times three. */
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
    listener.onData(whole, event);
  }

  /** `text` ends where a line does. */
  function lines(text: string) {
    let at = afterReturn && text.startsWith("\n") ? 1 : 0;
    if (atStart && text.startsWith("\uFEFF")) at = 1;
    atStart = false;
    afterReturn = text.endsWith("\r");
    // A longer text may hold a line above the limit, which only a look at each line finds.
    const take = text.length <= limit.bytes ? listener.take : undefined;
    let eventAt = data === null ? at : -1;
    while (at < text.length) {
      const behind = data === null ? take?.(text, at) ?? -1 : -1;
      if (behind !== -1) {
        at = eventAt = behind;
        continue;
      }
      END_OF_LINE.lastIndex = at;
      const end = END_OF_LINE.exec(text)!;
      const isOver = line(bounded(text.slice(at, end.index)));
      at = END_OF_LINE.lastIndex;
      if (!isOver) continue;
      dispatch(eventAt === -1 ? "" : text.slice(eventAt, at));
      eventAt = at;
    }
  }

  function keep(bytes: Uint8Array) {
    pieceBytes += bytes.length;
    if (pieceBytes > limit.bytes) throw limit.exceeded();
    pieces.push(bytes.slice());
  }

  /** The bytes that were kept and these, as text. */
  function decode(bytes: Uint8Array): string {
    if (pieces.length === 0) return decoder.decode(bytes);
    const whole = new Uint8Array(pieceBytes + bytes.length);
    let at = 0;
    for (const piece of [...pieces, bytes]) {
      whole.set(piece, at);
      at += piece.length;
    }
    pieces = [];
    pieceBytes = 0;
    return decoder.decode(whole);
  }

  return {
    push(bytes) {
      const end = endOfLines(bytes);
      // Most reads end where a line does, and a view of bytes costs as much as a look at them.
      if (end === bytes.length && end > 0) return lines(decode(bytes));
      if (end > 0) lines(decode(bytes.subarray(0, end)));
      if (end < bytes.length) keep(bytes.subarray(end));
    },
    end() {
      const rest = decode(new Uint8Array());
      if (rest !== "") line(atStart ? rest.replace(/^\uFEFF/, "") : rest);
      dispatch("");
    },
  };
}

/** No character of several bytes has one of these in it. A CR behind the last LF is looked for in what is left alone. */
function endOfLines(bytes: Uint8Array): number {
  const lf = bytes.lastIndexOf(LF) + 1;
  return lf === bytes.length ? lf : lf + bytes.subarray(lf).lastIndexOf(CR) + 1;
}
