/** Reads server-sent events out of a provider's bytes: their data, whatever way the bytes were cut into reads. */

import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_LINE_BYTES } from "../protocol/limits.ts";

/** Takes reads, calls back once for each event. */
export interface EventStreamParser {
  push(bytes: Uint8Array): void;
  /** The last event may lack its blank line. */
  end(): void;
}

/** Lines end with LF, CR or CR LF; only `data` fields matter here. Throws `provider_bad_response` past the line limit. */
export function createEventStreamParser(
  onData: (data: string) => void,
): EventStreamParser {
  // Deno 2.9 takes a mark amid the text for one at its start if the first reads were short: hence not the decoder's.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let atStart = true;
  let rest = "";
  /** The last read ended with a CR, which may be the first half of a CR LF. */
  let afterReturn = false;
  let data: string | null = null;

  function line(text: string) {
    if (text === "") {
      if (data !== null) {
        const event = data;
        data = null;
        onData(event);
      }
    } else if (text.startsWith("data:")) {
      const value = text.slice(text[5] === " " ? 6 : 5);
      data = data === null ? value : bounded(`${data}\n${value}`);
    }
  }

  function take(text: string) {
    if (text === "") return;
    if (atStart) text = text.replace(/^\uFEFF/, "");
    atStart = false;
    let from = afterReturn && text.startsWith("\n") ? 1 : 0;
    const ends = /\r\n?|\n/g;
    ends.lastIndex = from;
    // Only the read is searched, and what earlier ones left is only added to: else one long line would cost its square.
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      line(bounded(rest + text.slice(from, end.index)));
      rest = "";
      from = ends.lastIndex;
    }
    rest = bounded(rest + text.slice(from));
    afterReturn = text.endsWith("\r");
  }

  return {
    push: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end() {
      take(decoder.decode());
      line(rest);
      line("");
      rest = "";
    },
  };
}

/** A UTF-16 unit is at least one byte of UTF-8, so counting units never lets more bytes in than the limit times three. */
function bounded(text: string): string {
  if (text.length <= MAX_PROVIDER_LINE_BYTES) return text;
  throw new RelayError(
    "provider_bad_response",
    `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`,
  );
}
