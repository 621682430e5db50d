/** The text of one running generation, and how much of it the database is known to have. */

import { endsInsidePair } from "../protocol/utf16.ts";
import type { Chunk } from "../database/database.ts";

/**
 * Offsets and lengths are UTF-16 code units.
 *
 * There are two lists, of stored and of new text, so that the cost of appending does not grow with the text. Texts are
 * joined, never sliced out of one long string: a slice keeps the whole string in memory, and a provider that is faster
 * than the beats would leave one such string with each beat.
 */
export class Transcript {
  length: number;
  /** The database has the text up to here. */
  storedUnits: number;
  #kept: string[];
  #waiting: string[] = [];

  /** `stored` is what the database has already: the answer that is continued. */
  constructor(stored = "") {
    this.length = this.storedUnits = stored.length;
    this.#kept = stored === "" ? [] : [stored];
  }

  append(text: string) {
    this.#waiting.push(text);
    this.length += text.length;
  }

  /** The text from an offset to its end, or at most so many units of it. */
  from(offset: number, limit = Infinity): string {
    if (offset >= this.storedUnits) return stretch(this.#waiting, offset - this.storedUnits, limit);
    return stretch([...this.#kept, ...this.#waiting], offset, limit);
  }

  /** The next chunk to store: at most `limit` units, and no half of a surrogate pair. */
  unstored(limit: number): Chunk {
    const front = cut(this.#waiting, limit).text;
    const text = front.length === limit && endsInsidePair(front) ? front.slice(0, -1) : front;
    return { start: this.storedUnits, end: this.storedUnits + text.length, text };
  }

  /** The database has so many units; never moves back. */
  markStored(units: number) {
    const more = Math.min(units, this.length) - this.storedUnits;
    if (more <= 0) return;
    const { text, rest } = cut(this.#waiting, more);
    this.#kept.push(text);
    this.#waiting = rest;
    this.storedUnits += more;
  }
}

/** At most `limit` units from an offset on. Joins only the texts that have them. */
function stretch(texts: string[], offset: number, limit: number): string {
  let first = 0;
  let skipped = 0;
  while (first < texts.length && skipped + texts[first].length <= offset) skipped += texts[first++].length;
  let last = first;
  let joined = 0;
  while (last < texts.length && joined < offset - skipped + limit) joined += texts[last++].length;
  return texts.slice(first, last).join("").slice(offset - skipped, offset - skipped + limit);
}

/** The first units of a list of texts, and what is left. */
function cut(texts: string[], units: number): { text: string; rest: string[] } {
  let index = 0;
  let left = units;
  while (index < texts.length && texts[index].length <= left) left -= texts[index++].length;
  const front = texts.slice(0, index);
  if (left === 0 || index === texts.length) return { text: front.join(""), rest: texts.slice(index) };
  front.push(texts[index].slice(0, left));
  return { text: front.join(""), rest: [texts[index].slice(left), ...texts.slice(index + 1)] };
}
