/** Short pieces of texts around words that were searched. */

/** Characters before the words. */
const BEFORE = 40;
const CHARACTERS = 120;

/** One line around the words, with an ellipsis where it was cut. */
export function around(text: string, words: string): string {
  const line = text.replace(/\s+/g, " ");
  const at = Math.max(indexOf(line, words), 0);
  const start = at > BEFORE ? line.indexOf(" ", at - BEFORE) + 1 || at : 0;
  const from = start > at ? at : start;
  const end = from + CHARACTERS;
  return `${from > 0 ? "…" : ""}${line.slice(from, end).trim().toWellFormed()}${end < line.length ? "…" : ""}`;
}

/** The text in pieces; those that are the words are marked. */
export function highlighted(text: string, words: string): { text: string; isFound: boolean }[] {
  const wanted = words.replace(/\s+/g, " ");
  const pieces: { text: string; isFound: boolean }[] = [];
  let from = 0;
  for (let at = indexOf(text, wanted); at >= 0; at = indexOf(text, wanted, from)) {
    pieces.push({ text: text.slice(from, at), isFound: false });
    from = at + wanted.length;
    pieces.push({ text: text.slice(at, from), isFound: true });
  }
  pieces.push({ text: text.slice(from), isFound: false });
  return pieces.filter(({ text }) => text !== "");
}

/** If a letter of the text changes its length with its case, nothing is marked. */
function indexOf(text: string, words: string, from = 0): number {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower.indexOf(words.toLowerCase(), from) : text.indexOf(words, from);
}
