/**
 * Splits what a model wrote before its answer from the answer, where both come as one text.
 *
 * A text that begins with `<think>` is reasoning up to `</think>`. Some chat templates put the opening tag into the
 * prompt, so that only the closing one comes. What was streamed as text cannot be taken back, so this is looked for only
 * where a bot or the name of its model says so: such a text is streamed as reasoning until the closing tag; if none
 * comes, it is given as text at the end.
 */

import { MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import type { Delta } from "./provider.ts";

/** Takes a text part by part; the result does not depend on where it was cut. */
export interface ThinkingSplitter {
  push(part: string): void;
  /** Reasoning came in a field of its own: a text without an opening tag is the answer. */
  reasoningCame(): void;
  /** Adds what was held back. */
  end(): void;
}

/** White space that is held back, for a tag may follow; more of it is looked through with each part that comes. */
const MAX_BLANK_UNITS = 1_000;

const TAGS = ["think", "thinking", "thought", "reasoning"];

/** Models whose common templates open the tag in the prompt. */
const THINKS_FIRST = /deepseek[-_/]?r1|\bqwq\b|qwen3[^/]*thinking/i;

/** Whether the model's name says that a text may begin within its reasoning. */
export function thinksFirst(model: string): boolean {
  return THINKS_FIRST.test(model);
}

/** `add` gets what is known to be of a kind, as soon as that is known. */
export function createThinkingSplitter(
  add: (kind: Delta["kind"], text: string) => void,
  startsInside = false,
): ThinkingSplitter {
  /** `after`: behind the closing tag, before the answer. */
  let state: "start" | "thinking" | "after" | "text" = "start";
  let held = "";
  let thoughts = createThoughts(add, "think", false);

  function start() {
    const text = held.trimStart();
    const beginning = text === "" && held.length > MAX_BLANK_UNITS ? null : beginningOf(text);
    if (beginning === undefined) return;
    if (beginning === null) {
      state = startsInside ? "thinking" : "text";
      return;
    }
    held = text.slice(beginning.length);
    // A closing tag comes first where a server has put the thoughts elsewhere.
    state = beginning.tag === null ? "after" : "thinking";
    if (beginning.tag !== null) thoughts = createThoughts(add, beginning.tag, true);
  }

  return {
    push(part) {
      if (state === "text") return add("text", part);
      held += part;
      if (state === "start") start();
      if (state === "thinking") {
        const rest = thoughts.push(held);
        held = rest ?? "";
        if (rest !== null) state = "after";
      }
      if (state === "after") {
        held = held.trimStart();
        if (held !== "") state = "text";
      }
      if (state !== "text") return;
      add("text", held);
      held = "";
    },
    reasoningCame() {
      if (state === "start") startsInside = false;
    },
    end() {
      if (state === "start") add("text", held);
      else if (state === "thinking") thoughts.end();
      held = "";
      state = "text";
    },
  };
}

/** What a text begins with: how much of it, and the tag if it opens one; null: neither; undefined: it may become one. */
function beginningOf(text: string): { length: number; tag: string | null } | null | undefined {
  const whole = /^<(\/?)([a-z]+)(?:\s[^>]{0,100})?>/i.exec(text);
  if (whole !== null) {
    const tag = whole[2].toLowerCase();
    return TAGS.includes(tag) ? { length: whole[0].length, tag: whole[1] === "" ? tag : null } : null;
  }
  const part = /^<?\/?([a-z]*)(\s[^>]{0,100})?$/i.exec(text);
  const name = part?.[1].toLowerCase() ?? "";
  const mayBecome = text === "" || part !== null && text.startsWith("<") &&
      TAGS.some((tag) => part[2] === undefined ? tag.startsWith(name) : tag === name);
  return mayBecome ? undefined : null;
}

/** Reads up to the closing tag. `isCertain`: the opening one came. */
function createThoughts(add: (kind: Delta["kind"], text: string) => void, tag: string, isCertain: boolean) {
  const closing = `</${tag}>`;
  const closingPattern = new RegExp(closing, "i");
  let held = "";
  let begun = false;
  /** All that was streamed as reasoning and may be the answer; a message cannot be longer. */
  let shown = "";
  return {
    /**
     * Returns what comes after the closing tag; null: it has not come. White space before the first word, and what may
     * be the beginning of the tag, waits.
     */
    push(part: string): string | null {
      held += part;
      // Not by lower case, which changes the length of some characters.
      const end = held.search(closingPattern);
      const length = end === -1 ? held.length - tailThatBegins(held, closing) : end;
      const thought = held.slice(0, length);
      begun ||= thought.length > MAX_BLANK_UNITS || thought.trim() !== "";
      if (begun && thought !== "") {
        if (!isCertain && shown.length <= MAX_MESSAGE_UNITS) shown += thought;
        add("reasoning", thought);
      }
      if (end !== -1) return held.slice(end + closing.length);
      if (begun) held = held.slice(length);
      return null;
    },
    /** Adds what was held back. */
    end() {
      if (!isCertain) add("text", shown + held);
      else if (begun || held.trim() !== "") add("reasoning", held);
    },
  };
}

/** How many characters at the end of the text may be the first ones of the tag. */
function tailThatBegins(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.slice(-length).toLowerCase() === tag.slice(0, length)) return length;
  }
  return 0;
}
