/**
 * Where an answer that is continued goes on: what the provider repeats of the old text is left out.
 *
 * Some providers begin with the last words of the old text, or with all of it. What came is held back only as long as it
 * may be such a repetition: while it is the beginning of an end of the old text. White space at the very end of the old
 * text is not sent to the provider, which then may write it again.
 */

import type { Delta } from "../provider/provider.ts";

/** Fewer units may be the same by chance: a story says "and he" again and again. */
const MIN_REPEATED_UNITS = 8;

/** Where a repetition may begin, from the end of the old text; or at its very beginning. */
const MAX_REPEATED_UNITS = 2_048;

/** Takes what a provider sends, read by read; the result does not depend on where it was cut. */
export interface Seam {
  take(deltas: Delta[]): Delta[];
  /** Adds what was held back. A provider that broke off may have been repeating still: then it is not called. */
  end(): Delta[];
}

/** What is sent of the text: models take a last message that ends with white space for one that is over, or refuse it. */
export function withoutBlankEnd(text: string): string {
  return text.trimEnd();
}

/** Builds one for the text that is continued. */
export function createSeam(old: string): Seam {
  const seen = withoutBlankEnd(old);
  const repetition = createRepetition(seen);
  let blank = old.slice(seen.length);
  let isRepeating = true;

  /** The text behind the seam; empty, while it is not known where that is. */
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

/** Finds the longest end of the text with which what comes begins. */
function createRepetition(text: string) {
  /** The units that are held back: not a copy, for the text has them. */
  let held = 0;
  /** The units of what came that are an end of the text. */
  let repeated = 0;
  /** Where an end begins with all that came, and goes on. */
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
    /** What is behind the repetition; null: it is not known yet. */
    push(part: string): string | null {
      const before = heldText();
      starts = starts.filter((start) => goesOn(start, part));
      if (starts.length === 0) return (before + part).slice(repeated);
      held += part.length;
      return null;
    },
    /** The same for what was held back. */
    end: () => heldText().slice(repeated),
  };
}

function lengthOfSameStart(one: string, other: string): number {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length++;
  return length;
}
