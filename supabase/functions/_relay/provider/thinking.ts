/**
 * Splits a model's reasoning from its answer, where both come as one text.
 *
 * A text that begins with `<think>` is reasoning up to `</think>`. Some chat templates put the opening tag into the
 * prompt, so that only the closing one comes. What was streamed as text cannot be taken back, so this is looked for
 * only where a bot or the name of its model says so: such a text is streamed as reasoning until the closing tag; if
 * none comes, it is given as text at the end.
 */

import { MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import type { Delta } from "./provider.ts";

/** Takes a text part by part; the result does not depend on where it was cut. */
export interface ThinkingSplitter {
  /** Adds a part. True: all that follows is the answer, and need not be passed in. */
  push(part: string): boolean;
  /** Reasoning came in a field of its own: a text without an opening tag is the answer. */
  reasoningCame(): void;
  /** Adds what was held back. */
  end(): void;
}

/** The most white space that is held back because a tag may follow: it is searched again with each part that comes. */
const MAX_BLANK_UNITS = 1_000;

const TAGS = ["think", "thinking", "thought", "reasoning", "seed:think"];

/** What other models write in place of tags, in lower case. */
const MARKS: [opening: string, closing: string][] = [
  ["[think]", "[/think]"],
  ["◁think▷", "◁/think▷"],
  ["<|start_thinking|>", "<|end_thinking|>"],
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  ["<|channel>thought\n", "<channel|>"],
  ["<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"],
];

/** Models whose common templates open the tag in the prompt. */
const THINKS_FIRST = /deepseek[-_/]?r1|\bqwq\b|qwen3[^/]*thinking/i;

/** Whether the model's name says that a text may begin within its reasoning. */
export function thinksFirst(model: string): boolean {
  return THINKS_FIRST.test(model);
}

type Add = (kind: Delta["kind"], text: string) => void;

/** `add` gets each text as soon as its kind is known. */
export function createThinkingSplitter(add: Add, startsInside = false): ThinkingSplitter {
  return new Splitter(add, startsInside);
}

class Splitter implements ThinkingSplitter {
  #add: Add;
  #startsInside: boolean;
  /** `after`: after the closing tag, before the answer. */
  #state: "start" | "thinking" | "after" | "text" = "start";
  #held = "";
  #thoughts: Thoughts | null = null;

  constructor(add: Add, startsInside: boolean) {
    this.#add = add;
    this.#startsInside = startsInside;
  }

  push(part: string): boolean {
    this.#held += part;
    if (this.#state === "start") this.#start();
    if (this.#state === "thinking") {
      const rest = this.#inside().push(this.#held);
      this.#held = rest ?? "";
      if (rest !== null) this.#state = "after";
    }
    if (this.#state === "after") {
      this.#held = this.#held.trimStart();
      if (this.#held !== "") this.#state = "text";
    }
    if (this.#state !== "text") return false;
    this.#add("text", this.#held);
    this.#held = "";
    return true;
  }

  reasoningCame() {
    if (this.#state === "start") this.#startsInside = false;
  }

  end() {
    if (this.#state === "start") this.#add("text", this.#held);
    else if (this.#state === "thinking") this.#inside().end();
    this.#held = "";
    this.#state = "text";
  }

  #start() {
    const text = this.#held.trimStart();
    const beginning = text === "" && this.#held.length > MAX_BLANK_UNITS ? null : beginningOf(text);
    if (beginning === undefined) return;
    if (beginning === null) {
      this.#state = this.#startsInside ? "thinking" : "text";
      return;
    }
    this.#held = text.slice(beginning.length);
    // A closing tag comes first if the server has put the reasoning elsewhere.
    this.#state = beginning.closing === null ? "after" : "thinking";
    if (beginning.closing !== null) this.#thoughts = new Thoughts(this.#add, beginning.closing, true);
  }

  #inside(): Thoughts {
    return this.#thoughts ??= new Thoughts(this.#add, "</think>", false);
  }
}

/**
 * The tag or the mark that a text begins with: its length, and what closes it; closing null: it is a closing one; null:
 * there is none; undefined: it may become one.
 */
function beginningOf(text: string): { length: number; closing: string | null } | null | undefined {
  for (const [opening, closing] of MARKS) {
    const start = text.slice(0, opening.length).toLowerCase();
    if (start === opening) return { length: opening.length, closing };
    if (opening.startsWith(start)) return undefined;
  }
  const whole = /^<(\/?)([a-z:]+)(?:\s[^>]{0,100})?>/i.exec(text);
  if (whole !== null) {
    const tag = whole[2].toLowerCase();
    return TAGS.includes(tag) ? { length: whole[0].length, closing: whole[1] === "" ? `</${tag}>` : null } : null;
  }
  const part = /^<?\/?([a-z:]*)(\s[^>]{0,100})?$/i.exec(text);
  const name = part?.[1].toLowerCase() ?? "";
  const mayBecome = text === "" || part !== null && text.startsWith("<") &&
      TAGS.some((tag) => part[2] === undefined ? tag.startsWith(name) : tag === name);
  return mayBecome ? undefined : null;
}

/** Reads up to the closing tag or mark, which is in lower case. `isCertain`: the opening one came. */
class Thoughts {
  #add: Add;
  #isCertain: boolean;
  #closing: string;
  #closingPattern: RegExp;
  #held = "";
  #begun = false;
  /** All that was streamed as reasoning and may turn out to be the answer, up to the longest message. */
  #shown = "";

  constructor(add: Add, closing: string, isCertain: boolean) {
    this.#add = add;
    this.#isCertain = isCertain;
    this.#closing = closing;
    this.#closingPattern = new RegExp(closing.replaceAll(/\W/g, "\\$&"), "i");
  }

  /**
   * Returns what comes after the closing tag; null: it has not come. White space before the first word, and what may
   * be the beginning of the tag, waits.
   */
  push(part: string): string | null {
    const held = this.#held + part;
    // Not with toLowerCase(), which changes the length of some characters.
    const end = held.search(this.#closingPattern);
    const length = end === -1 ? held.length - tailThatBegins(held, this.#closing) : end;
    const thought = held.slice(0, length);
    this.#begun ||= thought.length > MAX_BLANK_UNITS || thought.trim() !== "";
    if (this.#begun && thought !== "") {
      if (!this.#isCertain && this.#shown.length <= MAX_MESSAGE_UNITS) this.#shown += thought;
      this.#add("reasoning", thought);
    }
    this.#held = this.#begun && end === -1 ? held.slice(length) : held;
    return end === -1 ? null : held.slice(end + this.#closing.length);
  }

  /** Adds what was held back. */
  end() {
    if (!this.#isCertain) this.#add("text", this.#shown + this.#held);
    else if (this.#begun || this.#held.trim() !== "") this.#add("reasoning", this.#held);
  }
}

/** How many characters at the end of the text may be the first ones of the tag. */
function tailThatBegins(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.slice(-length).toLowerCase() === tag.slice(0, length)) return length;
  }
  return 0;
}
