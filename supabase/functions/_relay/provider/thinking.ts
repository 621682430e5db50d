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

const TAGS = ["think", "thinking", "thought"];

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
    const tag = openingTag(text);
    if (tag === undefined) return;
    state = tag !== null || startsInside ? "thinking" : "text";
    if (tag === null) return;
    thoughts = createThoughts(add, tag, true);
    held = text.slice(tag.length + 2);
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

/** The tag that the text begins with; null: none; undefined: it may become one. */
function openingTag(text: string): string | null | undefined {
  const tag = TAGS.find((tag) => text.startsWith(`<${tag}>`));
  return tag ?? (TAGS.some((tag) => `<${tag}>`.startsWith(text)) ? undefined : null);
}

/** Reads up to the closing tag. `isCertain`: the opening one came. */
function createThoughts(add: (kind: Delta["kind"], text: string) => void, tag: string, isCertain: boolean) {
  const closing = `</${tag}>`;
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
      const end = held.indexOf(closing);
      const length = end === -1 ? held.length - tailThatBegins(held, closing) : end;
      const thought = held.slice(0, length);
      begun ||= thought.trim() !== "";
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
    if (text.endsWith(tag.slice(0, length))) return length;
  }
  return 0;
}
