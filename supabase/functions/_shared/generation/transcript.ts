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

/** Appending costs nothing that grows with the text; only the part that is not stored is ever cut. */
export function createTranscript(): Transcript {
  let stored = "";
  let rest = "";
  return {
    get length() {
      return stored.length + rest.length;
    },
    get storedUnits() {
      return stored.length;
    },
    append(text) {
      rest += text;
    },
    from: (offset) =>
      offset >= stored.length
        ? rest.slice(offset - stored.length)
        : (stored + rest).slice(offset),
    unstored(limit) {
      const text = wholeCharacters(rest, limit);
      return { start: stored.length, end: stored.length + text.length, text };
    },
    stored(units) {
      const more = units - stored.length;
      if (more <= 0) return;
      stored += rest.slice(0, more);
      rest = rest.slice(more);
    },
  };
}

function wholeCharacters(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cutsPair = /[\uD800-\uDBFF]/.test(text[limit - 1]);
  return text.slice(0, cutsPair ? limit - 1 : limit);
}
