/**
 * Reads chunks that differ from an earlier one in their text alone, without parsing JSON. After
 * `data: {"id":"a","choices":[{"delta":{"content":"Once"}}]}` was parsed, the template is that event with a hole for
 * `Once`; every event with the same characters around the hole is read by cutting out its text. docs/performance.md
 * says what that saves.
 */

import type { Delta } from "./provider.ts";

/** The one delta of a chunk that brought nothing else, and the field that held it. */
export interface SoleDelta {
  kind: Delta["kind"];
  field: string;
}

/** A parsed event as the template for the following ones. */
export interface ChunkTemplate {
  /**
   * Reads events from the index on for as long as they differ from the template only in the values of the holes;
   * returns their text, the values of their first holes. What begins at `end` must be parsed.
   */
  read(text: string, from: number): string;
  /** The index after those events. The text is not kept here: the collector notes each old object with a new value. */
  readonly end: number;
}

/** Fields whose values are ignored: OpenAI pads chunks to hide their length, and numbers the events of a response. */
const PADDING = "obfuscation";
const NUMBER = "sequence_number";

/** Characters that a JSON string can hold only escaped, and the backslash that escapes them. */
// deno-lint-ignore no-control-regex
const SPECIAL = /[\x00-\x1f\\]/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f]/;

/** Some APIs name each event before its data. */
const NAME_OF_EVENT = /^event: ?[\w.-]+(?:\r\n?|\n)/;

type HoleKind = "text" | "padding" | "number";

/** Where the value of a field may differ. */
interface Hole {
  kind: HoleKind;
  start: number;
  end: number;
}

/**
 * Makes a template of a whole raw event whose chunk only added the value of `field` to the answer. Null if the field's
 * place is not certain. An event without a backslash has no escapes, so a name that occurs once, followed by a colon,
 * is the field.
 */
export function learnTemplate(event: string, field: string): ChunkTemplate | null {
  if (/[\r\n\\]/.test(event.trimEnd().replace(NAME_OF_EVENT, ""))) return null;
  const text = holeOf(event, field, "text");
  if (text === null) return null;
  const others = [holeOf(event, PADDING, "padding"), holeOf(event, NUMBER, "number")];
  const holes = [text, ...others.filter((hole) => hole !== null)].sort((a, b) => a.start - b.start);
  const ends = [0, ...holes.map(({ end }) => end)];
  const fixed = ends.map((end, index) => event.slice(end, holes[index]?.start));
  return new Template(fixed, holes.map(({ kind }) => kind));
}

/** Where the value of a field is: its digits, or the text between its quotes. */
function holeOf(event: string, field: string, kind: HoleKind): Hole | null {
  const name = `"${field}"`;
  const at = event.indexOf(name);
  if (at === -1 || event.indexOf(name, at + 1) !== -1) return null;
  const value = (kind === "number" ? /^ *: *(?=\d)/ : /^ *: *"/).exec(event.slice(at + name.length));
  if (value === null) return null;
  const start = at + name.length + value[0].length;
  return { kind, start, end: kind === "number" ? endOfNumber(event, start) : event.indexOf('"', start) };
}

class Template implements ChunkTemplate {
  end = 0;
  #first: string;
  #last: string;
  /** The end of one event and the beginning of the next are compared at once, which saves a fifth of the reading. */
  #toNext: string;
  /** The text before each hole, and after the last one. */
  #fixed: string[];
  #kinds: HoleKind[];
  /** Where the text of the present event is; plain: it has no backslash. */
  #textStart = 0;
  #textEnd = 0;
  #isPlain = false;

  constructor(fixed: string[], kinds: HoleKind[]) {
    [this.#first, this.#last] = [fixed[0], fixed[kinds.length]];
    this.#toNext = this.#last + this.#first;
    this.#fixed = fixed;
    this.#kinds = kinds;
  }

  read(text: string, from: number): string {
    return this.#readEvents(text, from, false) ?? this.#readEvents(text, from, true)!;
  }

  /**
   * A JSON string without a backslash is its own value, unless it has a control character, which makes it invalid. All
   * strings are checked for that at once, because checking one costs as much as finding it. Null: one has a control
   * character.
   */
  #readEvents(text: string, from: number, isCareful: boolean): string | null {
    const [first, last, toNext] = [this.#first, this.#last, this.#toNext];
    this.end = from;
    if (!standsAt(text, from, first)) return "";
    let value = "";
    let plain = "";
    let backslash = isCareful ? -1 : indexOrEnd(text, "\\", from);
    let at = from;
    let start = from + first.length;
    while (start !== -1) {
      const rest = this.#readHoles(text, start, backslash);
      if (rest === -1) break;
      const isFollowed = text.length > rest + toNext.length && standsAt(text, rest, toNext);
      if (!isFollowed && !standsAt(text, rest, last)) break;
      const found = text.slice(this.#textStart, this.#textEnd);
      if (this.#isPlain) {
        plain += found;
      } else {
        const read = readString(found);
        if (read === null) break;
        if (CONTROL.test(plain)) return null;
        value += plain + read;
        plain = "";
        if (!isCareful) backslash = indexOrEnd(text, "\\", this.#textEnd);
      }
      at = rest + last.length;
      start = isFollowed ? at + first.length : -1;
    }
    if (CONTROL.test(plain)) return null;
    this.end = at;
    return value + plain;
  }

  /** The index of the event's last part, where its first hole begins at `start`; -1: there is no match up to it. */
  #readHoles(text: string, start: number, backslash: number): number {
    const kinds = this.#kinds;
    const last = kinds.length - 1;
    let at = start;
    for (let index = 0; index <= last; index++) {
      const begin = at;
      if (kinds[index] === "text") {
        at = text.indexOf('"', begin);
        this.#isPlain = at < backslash;
        if (!this.#isPlain) at = endOfString(text, begin);
        // If the field is empty, another field of the chunk may have the text.
        if (at <= begin) return -1;
        this.#textStart = begin;
        this.#textEnd = at;
      } else if (kinds[index] === "number") {
        at = endOfNumber(text, begin);
      } else {
        at = endOfString(text, begin);
        if (SPECIAL.test(text.slice(begin, at))) return -1;
      }
      if (at === -1 || index === last) return at;
      const part = this.#fixed[index + 1];
      if (!standsAt(text, at, part)) return -1;
      at += part.length;
    }
    return at;
  }
}

/** The quote that ends the string which begins at `from`; -1: there is none. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from);
  while (end !== -1 && isEscaped(text, end, from)) {
    end = text.indexOf('"', end + 1);
  }
  return end;
}

/** The index after the digits; -1: there are none. */
function endOfNumber(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(at)) at++;
  return at === from ? -1 : at;
}

function indexOrEnd(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from);
  return index === -1 ? text.length : index;
}

/** Compares whole strings as memory; startsWith() compares characters, and costs seven times as much. */
function standsAt(text: string, at: number, part: string): boolean {
  return text.slice(at, at + part.length) === part;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let before = at;
  while (before > from && text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}

function readString(inner: string): string | null {
  if (!SPECIAL.test(inner)) return inner;
  try {
    return JSON.parse(`"${inner}"`);
  } catch {
    return null;
  }
}
