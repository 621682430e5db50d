/** Reads the lines of an answer: events, or JSON. */

import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_EVENT_VALUES, MAX_PROVIDER_LINE_BYTES, MAX_PROVIDER_SKIPPED_BYTES } from "../protocol/limits.ts";
import type { LineLimit } from "../sse/lines.ts";
import { createEventParser, type EventParser } from "../sse/parse.ts";
import type { ChunkReader } from "./chunks.ts";
import { type ChunkTemplate, learnTemplate } from "./fast_path.ts";
import type { Delta } from "./provider.ts";

/** A field that may hold what the model wrote, and is not empty. */
const HAS_TEXT = /"(?:content|delta|text|refusal|reasoning|reasoning_content|thinking)"\s*:\s*(?:"[^"]|\[)/;

/** The limit of a line. Once the answer is complete, any line may be skipped. */
export class Limit implements Required<LineLimit> {
  bytes = MAX_PROVIDER_LINE_BYTES;
  skippedBytes = MAX_PROVIDER_SKIPPED_BYTES;
  #chunks: ChunkReader;
  #onSkippedLine: () => void;
  #hasSkipped = false;

  constructor(chunks: ChunkReader, onSkippedLine: () => void) {
    this.#chunks = chunks;
    this.#onSkippedLine = onSkippedLine;
  }

  exceeded(): RelayError {
    return new RelayError(
      "provider_bad_response",
      `The provider sent a line of more than ${this.bytes} bytes, the limit`,
    );
  }

  maySkip(part: string): boolean {
    return this.#chunks.skips?.(part) || this.#chunks.isComplete() || !HAS_TEXT.test(part);
  }

  onSkipped() {
    if (!this.#hasSkipped) this.#onSkippedLine();
    this.#hasSkipped = true;
  }
}

/**
 * Whether to skip JSON that has more values than the limit. It throws unless a line that is too long could be skipped,
 * too.
 */
function mustSkip(data: string, limit: Limit): boolean {
  // A value has at least two characters, its separator included.
  if (data.length <= 2 * MAX_PROVIDER_EVENT_VALUES || !hasMoreValues(data, MAX_PROVIDER_EVENT_VALUES)) return false;
  if (!limit.maySkip(data)) {
    throw new RelayError(
      "provider_bad_response",
      `The provider sent an event of more than ${MAX_PROVIDER_EVENT_VALUES} values, the limit`,
    );
  }
  limit.onSkipped();
  return true;
}

/** Counts what begins a value, outside of strings. */
function hasMoreValues(json: string, limit: number): boolean {
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') {
      do at = json.indexOf('"', at + 1); while (at !== -1 && isEscaped(json, at));
      if (at === -1) return false;
    } else if ((character === "," || character === "{" || character === "[") && ++count > limit) {
      return true;
    }
  }
  return false;
}

function isEscaped(json: string, at: number): boolean {
  let before = at;
  while (json[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}

/**
 * Reads an event that is like an earlier one without parsing it. The texts of such events are added together, because
 * cleaning many costs as much as one.
 */
export class EventReader {
  #chunks: ChunkReader;
  #limit: Limit;
  #parser: EventParser;
  /** An event may have begun, whose other lines come next. */
  #isOpen = false;
  #template: ChunkTemplate | null = null;
  #kind: Delta["kind"] = "text";

  constructor(chunks: ChunkReader, limit: Limit) {
    this.#chunks = chunks;
    this.#limit = limit;
    this.#parser = createEventParser((data, event, isError) => this.#onData(data, event, isError), limit);
  }

  /** What `read` returns is of this kind. */
  get kind(): Delta["kind"] {
    return this.#kind;
  }

  /** Returns what the template has read last: it is not added yet. */
  read(text: string): string {
    // A longer text may hold a line above the limit, which only the parser sees.
    const mayMatch = text.length <= MAX_PROVIDER_LINE_BYTES;
    let cut = "";
    let at = 0;
    while (at < text.length) {
      if (mayMatch && this.#template !== null && !this.#isOpen && !this.#chunks.isDone()) {
        cut += this.#template.read(text, at);
        at = this.#template.end;
      }
      if (at === text.length) break;
      if (cut !== "") this.#chunks.add(this.#kind, cut);
      cut = "";
      // Set before the call, because that may throw, and a complete answer is read on.
      this.#isOpen = true;
      at = this.#parser.parse(text, at);
      this.#isOpen = this.#parser.isOpen();
    }
    return cut;
  }

  end(rest: string) {
    this.#parser.end(rest);
  }

  /** The lines that the fast path did not read. */
  lines(): number {
    return this.#parser.lines();
  }

  stray(): string | null {
    return this.#parser.stray();
  }

  #onData(data: string, event: string, isError: boolean) {
    if (mustSkip(data, this.#limit)) return;
    const sole = this.#chunks.read(data, isError);
    if (sole === null || event === "") return;
    this.#template = learnTemplate(event, sole.field);
    this.#kind = sole.kind;
  }
}

/** If the first line is valid JSON by itself, each line is read as JSON; else the whole body is. */
export class JsonReader {
  lines = 0;
  #chunks: ChunkReader;
  #limit: Limit;
  #inLines: boolean | null = null;
  #kept = "";
  #count = 0;

  constructor(chunks: ChunkReader, limit: Limit) {
    this.#chunks = chunks;
    this.#limit = limit;
  }

  read(text: string) {
    if (text !== "") { for (const line of text.split(/\r\n?|\n/)) this.#line(line); }
  }

  end(rest: string) {
    this.#line(rest);
    if (this.#kept !== "" && !mustSkip(this.#kept, this.#limit)) this.#chunks.read(this.#kept.replaceAll("\n", " "));
  }

  isWhole(): boolean {
    return this.#kept !== "" || this.#count === 1;
  }

  #line(text: string) {
    this.lines++;
    if (text.trim() === "" || mustSkip(text, this.#limit)) return;
    if (this.#inLines === null) {
      const first = parsed(text);
      this.#inLines = first !== undefined;
      if (this.#inLines) {
        this.#count++;
        this.#chunks.readValue(first, text);
        return;
      }
    }
    if (this.#inLines) {
      this.#count++;
      // Servers that fail in the middle of such a body send an event next.
      this.#chunks.read(text.replace(/^(?:data|error):\s*/, ""), text.startsWith("error:"));
    } else {
      this.#kept += `${text}\n`;
      if (this.#kept.length > this.#limit.bytes) throw this.#limit.exceeded();
    }
  }
}

/** Undefined: it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
