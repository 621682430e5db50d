/** The text of one running generation, and how much of it the database is known to have. */

/** Offsets and lengths are UTF-16 code units. */
export interface Transcript {
  readonly length: number;
  /** Up to here the database has the text. */
  readonly storedUnits: number;
  append(text: string): void;
  /** The text from an offset to its end. */
  from(offset: number): string;
  /** The next piece to store, at most `limit` units and no half of a surrogate pair. */
  unstored(limit: number): Piece;
  /** The database says how much it has. */
  stored(units: number): void;
}

/** A part of the text and where it stands. */
export interface Piece {
  start: number;
  end: number;
  text: string;
}

/**
 * Two lists, of what is stored and what is not; appending costs nothing that grows with the text. They are joined, never
 * sliced out of one long string: a slice keeps all of that string in memory, and a provider that is faster than the
 * beats would leave one behind with each of them.
 */
export function createTranscript(): Transcript {
  const kept: string[] = [];
  let waiting: string[] = [];
  let storedUnits = 0;
  let length = 0;

  /** So many units off the front of what waits: what they are, and what is left. */
  function cut(units: number): { text: string; rest: string[] } {
    let place = 0;
    let left = units;
    while (place < waiting.length && waiting[place].length <= left) {
      left -= waiting[place++].length;
    }
    const parts = waiting.slice(0, place);
    if (left === 0 || place === waiting.length) {
      return { text: parts.join(""), rest: waiting.slice(place) };
    }
    const parted = waiting[place];
    parts.push(parted.slice(0, left));
    return { text: parts.join(""), rest: [parted.slice(left), ...waiting.slice(place + 1)] };
  }

  return {
    get length() {
      return length;
    },
    get storedUnits() {
      return storedUnits;
    },
    append(text) {
      waiting.push(text);
      length += text.length;
    },
    from(offset) {
      if (offset >= storedUnits) {
        return waiting.join("").slice(offset - storedUnits);
      }
      return [...kept, ...waiting].join("").slice(offset);
    },
    unstored(limit) {
      const text = wholeCharacters(cut(limit).text, limit);
      return { start: storedUnits, end: storedUnits + text.length, text };
    },
    stored(units) {
      const more = Math.min(units, length) - storedUnits;
      if (more <= 0) return;
      const { text, rest } = cut(more);
      kept.push(text);
      waiting = rest;
      storedUnits += more;
    },
  };
}

/** Leaves a pair for the next piece whose first half would be the last of this one. */
function wholeCharacters(text: string, limit: number): string {
  const cutsPair = text.length === limit &&
    /[\uD800-\uDBFF]/.test(text[limit - 1]);
  return cutsPair ? text.slice(0, limit - 1) : text;
}
