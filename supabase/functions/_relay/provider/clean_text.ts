/** Makes a provider's text fit to be streamed and stored, whatever way it was cut into pieces. */

/** Cleans pieces of one text; their concatenation does not depend on where the pieces were cut. */
export interface TextCleaner {
  clean(piece: string): string;
  /** What was held back at the end of the text. */
  end(): string;
}

/**
 * CR LF and CR become LF, U+0000 is dropped, a lone surrogate becomes U+FFFD. A high surrogate at the end of a piece is
 * held back for its other half; an LF that opens a piece behind a CR is left out.
 */
export function createTextCleaner(): TextCleaner {
  let held = "";
  let afterReturn = false;
  return {
    clean(piece) {
      if (held === "" && !afterReturn && piece.isWellFormed() && !/[\r\0]/.test(piece)) return piece;
      let text = held + piece.replaceAll("\0", "");
      held = "";
      if (text === "") return "";
      if (afterReturn && text.startsWith("\n")) text = text.slice(1);
      afterReturn = text === "" ? false : text.endsWith("\r");
      if (/[\uD800-\uDBFF]$/.test(text)) {
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
