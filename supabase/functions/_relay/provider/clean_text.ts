/** Makes a provider's text fit to be streamed and stored, whatever way it was cut into deltas. */

import { endsInsidePair } from "../protocol/utf16.ts";

/**
 * Cleans the parts of one text; the result does not depend on where they were cut. CR LF and CR become LF, U+0000 is
 * dropped, a lone surrogate becomes U+FFFD. A high surrogate at the end of a part is held back for its other half; an LF
 * at the start of a part is left out if the part before ended with a CR.
 */
export class TextCleaner {
  #held = "";
  #afterReturn = false;

  clean(part: string): string {
    if (this.#held === "" && !this.#afterReturn && part.isWellFormed() && !/[\r\0]/.test(part)) return part;
    let text = this.#held + part.replaceAll("\0", "");
    this.#held = "";
    if (text === "") return "";
    if (this.#afterReturn && text.startsWith("\n")) text = text.slice(1);
    this.#afterReturn = text === "" ? false : text.endsWith("\r");
    if (endsInsidePair(text)) {
      this.#held = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text.replace(/\r\n?/g, "\n").toWellFormed();
  }

  /** What was held back at the end of the text. */
  end(): string {
    const rest = this.#held === "" ? "" : "\uFFFD";
    this.#held = "";
    return rest;
  }
}
