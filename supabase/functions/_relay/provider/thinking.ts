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
  /** `inside`: after an opening tag; `maybe`: without one; `after`: behind the closing tag, before the answer. */
  let state: "start" | "inside" | "maybe" | "after" | "text" = "start";
  let closing = "</think>";
  let held = "";
  /** In the state `maybe`: all that was streamed as reasoning. */
  let shown = "";
  let begun = false;

  function start() {
    const text = held.trimStart();
    const tag = TAGS.find((tag) => text.startsWith(`<${tag}>`));
    if (tag !== undefined) {
      closing = `</${tag}>`;
      held = text.slice(tag.length + 2);
      state = "inside";
    } else if (!TAGS.some((tag) => `<${tag}>`.startsWith(text))) {
      state = startsInside ? "maybe" : "text";
    }
  }

  function think(text: string) {
    if (state === "maybe") shown += text;
    if (shown.length > MAX_MESSAGE_UNITS) shown = shown.slice(0, MAX_MESSAGE_UNITS + 1);
    add("reasoning", text);
  }

  /** White space before the first word, and what may be the beginning of the closing tag, waits. */
  function readThoughts() {
    const end = held.indexOf(closing);
    const length = end === -1 ? held.length - tailThatBegins(held, closing) : end;
    const thought = held.slice(0, length);
    begun ||= thought.trim() !== "";
    if (begun && thought !== "") think(thought);
    if (end === -1) {
      if (begun) held = held.slice(length);
      return;
    }
    held = held.slice(end + closing.length);
    shown = "";
    state = "after";
  }

  return {
    push(part) {
      if (state === "text") return add("text", part);
      held += part;
      if (state === "start") start();
      if (state === "inside" || state === "maybe") readThoughts();
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
      if (state === "maybe" || state === "start") add("text", shown + held);
      else if (state === "inside" && (begun || held.trim() !== "")) add("reasoning", held);
      held = shown = "";
      state = "text";
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
