/**
 * Where an answer that is continued goes on: what the provider repeats of the old text is left out.
 *
 * Some providers begin with the last words of the old text, or with all of it. New text is held back only as long as it
 * may be such a repetition, that is while it matches the beginning of some end of the old text. White space at the very
 * end of the old text is not sent to the provider, which may then write it again.
 */

import type { Delta } from "../provider/provider.ts";

/** Fewer units may be equal by chance: a story has "and he" again and again. */
const MIN_REPEATED_UNITS = 8;

/** How far from the end of the old text a repetition may begin; it may also begin at the very beginning. */
const MAX_REPEATED_UNITS = 2_048;

/** Takes what a provider sends, read by read; the result does not depend on where it was cut. */
export interface Seam {
  take(deltas: Delta[]): Delta[];
  /** Adds what was held back. Not called if the provider broke off, because it may still have been repeating. */
  end(): Delta[];
}

/**
 * The part of the text that is sent: models take a last message that ends with white space for a finished one, or
 * refuse it.
 */
export function withoutBlankEnd(text: string): string {
  return text.trimEnd();
}

/** Builds one for the text that is continued. */
export function createSeam(old: string): Seam {
  const seen = withoutBlankEnd(old);
  const repetition = createRepetition(seen);
  let blank = old.slice(seen.length);
  let isRepeating = true;

  /** The text after the seam; empty while the seam is not found yet. */
  function behind(text: string): string {
    let rest: string | null = text;
    if (isRepeating) {
      rest = repetition.push(text);
      if (rest === null) return "";
      isRepeating = false;
    }
    const same = lengthOfSameStart(blank, rest);
    blank = same < rest.length ? "" : blank.slice(same);
    return rest.slice(same);
  }

  function take(deltas: Delta[]): Delta[] {
    if (!isRepeating && blank === "") return deltas;
    return deltas
      .map((delta) => delta.kind === "text" ? { ...delta, text: behind(delta.text) } : delta)
      .filter(({ text }) => text !== "");
  }

  return {
    take,
    end() {
      if (!isRepeating) return [];
      isRepeating = false;
      const text = repetition.end();
      return text === "" ? [] : take([{ kind: "text", text }]);
    },
  };
}

/** Finds the longest end of the old text that the new text begins with. */
function createRepetition(text: string) {
  /** How many units are held back; they need no copy, because the old text has them. */
  let held = 0;
  /** How many units of the new text are known to equal an end of the old text. */
  let repeated = 0;
  /** Where an end of the old text starts that begins with all of the new text, and is longer. */
  let starts = text.length < MIN_REPEATED_UNITS ? [] : [
    ...(text.length > MAX_REPEATED_UNITS ? [0] : []),
    ...Array.from(
      { length: Math.min(text.length, MAX_REPEATED_UNITS) - MIN_REPEATED_UNITS + 1 },
      (_, index) => Math.max(text.length - MAX_REPEATED_UNITS, 0) + index,
    ),
  ];

  function goesOn(start: number, part: string): boolean {
    const left = text.length - start - held;
    if (!text.startsWith(part.slice(0, left), start + held)) return false;
    if (part.length >= left) repeated = Math.max(repeated, text.length - start);
    return part.length < left;
  }

  const heldText = () => text.slice(starts[0], starts[0] + held);

  return {
    /** The text after the repetition; null: not known yet. */
    push(part: string): string | null {
      const before = heldText();
      starts = starts.filter((start) => goesOn(start, part));
      if (starts.length === 0) return (before + part).slice(repeated);
      held += part.length;
      return null;
    },
    /** The same for the text that was held back. */
    end: () => heldText().slice(repeated),
  };
}

function lengthOfSameStart(one: string, other: string): number {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length++;
  return length;
}
