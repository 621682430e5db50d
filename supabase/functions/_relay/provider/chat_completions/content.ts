/** Finds what a choice of a chunk brings, in whichever field the provider puts it. */

import type { Answer } from "../chunks.ts";
import type { SoleDelta } from "../fast_path.ts";
import type { Delta } from "../provider.ts";

/** One choice of a chunk, as it came. */
export interface Choice {
  index?: unknown;
  finish_reason?: unknown;
  finish_details?: unknown;
  finishReason?: unknown;
  delta?: unknown;
  message?: unknown;
  text?: unknown;
  usage?: unknown;
  error?: unknown;
}

/** A text, and the field that held it where it was a plain string. */
interface Found {
  text: string;
  field: string | null;
}

/** Both kinds of text that a delta or a message may bring; null where it brings none. */
interface Content {
  reasoning: Found | null;
  text: Found | null;
}

const REASONING_FIELDS = ["reasoning_content", "reasoning", "reasoning_details", "thinking", "reasoning_text"];

/** The fields in which a part of a list may have its text. */
const PART_FIELDS = ["text", "thinking", "reasoning", "summary", "content", "refusal"];

const REASONING_PART = /think|reason|summary/i;
const TEXT_PART = /^(?:text|output_text|refusal)$/;

const NOTHING: Content = { reasoning: null, text: null };

/** The texts of a delta, or of a message, which has the same fields. */
function contentOf(delta: unknown): Content {
  if (typeof delta === "string") return { reasoning: null, text: found(delta, "delta") };
  if (typeof delta !== "object" || delta === null) return NOTHING;
  const fields = delta as Record<string, unknown>;
  let reasoning: Found | null = null;
  let text: Found | null = null;
  for (const field of REASONING_FIELDS) {
    const value = fields[field];
    if (value && reasoning === null) reasoning = found(value, field);
  }
  const { content } = fields;
  if (typeof content === "string") {
    if (content !== "") text = { text: content, field: "content" };
  } else if (typeof content === "object" && content !== null) {
    const parts = Array.isArray(content) ? content : [content];
    reasoning ??= listed(parts, "reasoning");
    text = listed(parts, "text");
  }
  if (text === null && fields.refusal) text = found(fields.refusal, "refusal");
  // A model that speaks writes down what it says.
  if (text === null && fields.audio) text = found((fields.audio as Record<string, unknown>).transcript, "transcript");
  return { reasoning, text };
}

/** A string, or the texts of a list or an object; null for none. */
function found(value: unknown, field: string): Found | null {
  if (typeof value === "string") return value === "" ? null : { text: value, field };
  const text = wordsOf(value);
  return text === "" ? null : { text, field: null };
}

function listed(parts: unknown[], kind: Delta["kind"]): Found | null {
  const text = parts.filter((part) => kindOf(part) === kind).map((part) => wordsOf(part)).join("");
  return text === "" ? null : { text, field: null };
}

/** A part without a type is text if it has one; images, references and calls of tools are neither. */
function kindOf(part: unknown): Delta["kind"] | null {
  if (typeof part === "string") return "text";
  if (typeof part !== "object" || part === null) return null;
  const { type, text } = part as Record<string, unknown>;
  if (typeof type !== "string") return typeof text === "string" ? "text" : null;
  if (TEXT_PART.test(type)) return "text";
  return REASONING_PART.test(type) ? "reasoning" : null;
}

function wordsOf(value: unknown, depth = 0): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || depth > 5) return "";
  if (Array.isArray(value)) return value.map((part) => wordsOf(part, depth + 1)).join("");
  for (const field of PART_FIELDS) {
    const words = wordsOf((value as Record<string, unknown>)[field], depth + 1);
    if (words !== "") return words;
  }
  return "";
}

/** Adds what a choice brings, wherever it stands; a message that repeats what came as deltas is not read again. */
export class ContentReader {
  #to: Pick<Answer, "add">;
  #cameText = false;
  #cameReasoning = false;
  /** Most answers have none. */
  #texts: MessageReader | null = null;
  #thoughts: MessageReader | null = null;

  constructor(to: Pick<Answer, "add">) {
    this.#to = to;
  }

  read(choice: Choice, isWhole: boolean): SoleDelta | null {
    let { reasoning, text } = contentOf(choice.delta);
    if (reasoning !== null) this.#cameReasoning = true;
    if (text !== null) this.#cameText = true;
    if (choice.message) {
      const message = contentOf(choice.message);
      if (!this.#cameReasoning) reasoning = (this.#thoughts ??= new MessageReader()).read(message.reasoning, isWhole);
      if (!this.#cameText) text = (this.#texts ??= new MessageReader()).read(message.text, isWhole);
    }
    if (text === null && choice.text) {
      text = found(choice.text, "text");
      this.#cameText = true;
    }
    if (reasoning !== null) this.#to.add("reasoning", reasoning.text);
    if (text !== null) this.#to.add("text", text.text);
    return soleOf(reasoning, text);
  }
}

/** A message may be repeated as a whole, longer each time, or come in parts. */
class MessageReader {
  #whole = "";
  #inParts = false;

  read(part: Found | null, isWhole: boolean): Found | null {
    if (part === null) return null;
    const whole = this.#whole;
    const repeats = whole !== "" && !this.#inParts && part.text.startsWith(whole) && (isWhole || part.text !== whole);
    const text = repeats ? part.text.slice(whole.length) : part.text;
    if (whole !== "" && !repeats) this.#inParts = true;
    this.#whole = this.#inParts ? "…" : part.text;
    return text === "" ? null : { text, field: null };
  }
}

function soleOf(reasoning: Found | null, text: Found | null): SoleDelta | null {
  const only = reasoning === null ? text : text === null ? reasoning : null;
  if (only === null || only.field === null) return null;
  return { kind: reasoning === null ? "text" : "reasoning", field: only.field };
}
