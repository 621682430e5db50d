/** Makes a provider's text fit to be streamed and stored, whatever way it was cut into deltas. */

import { endsInsidePair } from "../protocol/utf16.ts";

/** Cleans the parts of one text; the result does not depend on where they were cut. */
export interface TextCleaner {
  clean(part: string): string;
  /** What was held back at the end of the text. */
  end(): string;
}

/**
 * CR LF and CR become LF, U+0000 is dropped, a lone surrogate becomes U+FFFD. A high surrogate at the end of a part is
 * held back for its other half; an LF at the start of a part is left out if the part before ended with a CR.
 */
export function createTextCleaner(): TextCleaner {
  let held = "";
  let afterReturn = false;
  return {
    clean(part) {
      if (held === "" && !afterReturn && part.isWellFormed() && !/[\r\0]/.test(part)) return part;
      let text = held + part.replaceAll("\0", "");
      held = "";
      if (text === "") return "";
      if (afterReturn && text.startsWith("\n")) text = text.slice(1);
      afterReturn = text === "" ? false : text.endsWith("\r");
      if (endsInsidePair(text)) {
        held = text.slice(-1);
        text = text.slice(0, -1);
      }
      return text.replace(/\r\n?/g, "\n").toWellFormed();
    },
    end() {
      const rest = held === "" ? "" : "\uFFFD";
      held = "";
      return rest;
    },
  };
}
