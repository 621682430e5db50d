/**
 * Reads chunks that differ from an earlier one in their text alone, without parsing JSON. After
 * `data: {"id":"a","choices":[{"delta":{"content":"Once"}}]}` was parsed, the template is that event with a hole for
 * `Once`; every event with the same characters around the hole is read by cutting out its text. docs/performance.md has
 * what that saves.
 */

import type { Delta } from "./provider.ts";

/** The one delta of a chunk that brought nothing else, and the field that held it. */
export interface SoleDelta {
  kind: Delta["kind"];
  field: string;
}

/** The chunks of one answer; they are alike, and the first of them was parsed. */
export interface FastPath {
  /** Reads the events that match, the first of which begins at the index `at`; gives the index after them. */
  read(text: string, at: number): number;
  /** The event, whole and raw, that brought this alone: what follows may be like it. */
  learn(event: string, sole: SoleDelta): void;
  /** Adds what was read since the last call. */
  flush(): void;
}

/** The text of many chunks is added at once, because to clean it costs as much for one as for all. */
export function createFastPath(add: (kind: Delta["kind"], text: string) => void): FastPath {
  let template: ChunkTemplate | null = null;
  let kind: Delta["kind"] = "text";
  let cut = "";
  return {
    read(text, at) {
      if (template === null) return at;
      const end = template.read(text, at);
      cut += template.value;
      return end;
    },
    learn(event, sole) {
      template = learnTemplate(event, sole.field);
      kind = sole.kind;
    },
    flush() {
      if (cut !== "") add(kind, cut);
      cut = "";
    },
  };
}

/** One chunk that was parsed, as the template of those that follow. */
export interface ChunkTemplate {
  /**
   * Reads events from the index on while they differ from the template in the values of their holes alone; gives the
   * index after them. What follows must be parsed, which says nothing more about it.
   */
  read(text: string, from: number): number;
  /** The text of these events: the values of their first holes. */
  readonly value: string;
}

/** OpenAI pads its chunks with one that hides their length; nothing else is made of it. */
const PADDING = "obfuscation";

/** What a JSON string can hold only escaped, and the backslash that escapes it. */
// deno-lint-ignore no-control-regex
const SPECIAL = /[\x00-\x1f\\]/;

/**
 * Makes a template of an event, whole and raw, whose chunk only added the value of `field` to the answer. Null where
 * that is not certain: an event without a backslash has no escapes, so a name that occurs once, followed by a colon, is
 * the field.
 */
export function learnTemplate(event: string, field: string): ChunkTemplate | null {
  const body = event.trimEnd();
  if (/[\r\n\\]/.test(body)) return null;
  const text = holeOf(event, field);
  if (text === null) return null;
  const rest = event.slice(text.end);
  const padding = holeOf(rest, PADDING);
  return createTemplate(
    event.slice(0, text.start),
    padding === null ? [rest] : [rest.slice(0, padding.start), rest.slice(padding.end)],
  );
}

/** Where the value of a field stands, between its quotes. */
function holeOf(event: string, field: string): { start: number; end: number } | null {
  const name = `"${field}"`;
  const at = event.indexOf(name);
  if (at === -1 || event.indexOf(name, at + 1) !== -1) return null;
  const before = /^ *: *"/.exec(event.slice(at + name.length));
  if (before === null) return null;
  const start = at + name.length + before[0].length;
  return { start, end: event.indexOf('"', start) };
}

/** `fixed` is what follows the text, with a hole between two parts of it; each begins with a quote. */
function createTemplate(first: string, fixed: string[]): ChunkTemplate {
  let value = "";

  /** The quote that ends the string which begins at `from`; -1: there is none. */
  function endOfString(text: string, from: number): number {
    let end = text.indexOf('"', from);
    while (end !== -1 && isEscaped(text, end, from)) {
      end = text.indexOf('"', end + 1);
    }
    return end;
  }

  /** The end of one event and the beginning of the next are compared at once, which saves a fifth of the reading. */
  const last = fixed.length - 1;
  const toNext = fixed[last] + first;

  /** The index of the quote before the event's last part; -1: there is no match up to it. */
  function endOfHoles(text: string, quote: number): number {
    let at = quote;
    for (let part = 0; part < last && at !== -1; part++) {
      if (!standsAt(text, at, fixed[part])) return -1;
      const start = at + fixed[part].length;
      at = endOfString(text, start);
      if (SPECIAL.test(text.slice(start, at))) return -1;
    }
    return at;
  }

  return {
    read(text, from) {
      value = "";
      let at = from;
      let start = standsAt(text, from, first) ? from + first.length : -1;
      while (start !== -1) {
        const quote = endOfString(text, start);
        // Where the field is empty, another one of the chunk may have the text.
        const end = quote <= start ? -1 : endOfHoles(text, quote);
        if (end === -1) break;
        const isFollowed = text.length > end + toNext.length && standsAt(text, end, toNext);
        if (!isFollowed && !standsAt(text, end, fixed[last])) break;
        const found = text.slice(start, quote);
        const read = SPECIAL.test(found) ? readString(found) : found;
        if (read === null) break;
        value += read;
        at = end + fixed[last].length;
        start = isFollowed ? at + first.length : -1;
      }
      return at;
    },
    get value() {
      return value;
    },
  };
}

/** Compares whole strings, as memory; startsWith() goes by characters, and costs seven times as much. */
function standsAt(text: string, at: number, part: string): boolean {
  return text.slice(at, at + part.length) === part;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let before = at;
  while (before > from && text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}

function readString(inner: string): string | null {
  try {
    return JSON.parse(`"${inner}"`);
  } catch {
    return null;
  }
}
