/** The longest line of an answer, and the most values of an event: what is above either is skipped or refused. */

import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_EVENT_VALUES, MAX_PROVIDER_LINE_BYTES, MAX_PROVIDER_SKIPPED_BYTES } from "../protocol/limits.ts";
import type { LineLimit } from "../sse/lines.ts";
import type { ChunkReader } from "./chunks.ts";

/** Hears of the first line that is skipped. */
export interface OnSkippedLine {
  /** A line without text was longer than the limit, for the first time. */
  onSkippedLine(): void;
}

/** A field that may hold what the model wrote, and is not empty. */
const HAS_TEXT = /"(?:content|delta|text|refusal|reasoning|reasoning_content|thinking)"\s*:\s*(?:"[^"]|\[)/;

/** Once the answer is complete, any line may be skipped. */
export class AnswerLineLimit implements Required<LineLimit> {
  bytes = MAX_PROVIDER_LINE_BYTES;
  skippedBytes = MAX_PROVIDER_SKIPPED_BYTES;
  #chunks: ChunkReader;
  #options: OnSkippedLine;
  #hasSkipped = false;

  constructor(chunks: ChunkReader, options: OnSkippedLine) {
    this.#chunks = chunks;
    this.#options = options;
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
    if (!this.#hasSkipped) this.#options.onSkippedLine();
    this.#hasSkipped = true;
  }
}

/** Of JSON with more values than the limit; it is skipped where a line that is too long may be. */
export function mustSkip(data: string, limit: AnswerLineLimit): boolean {
  // A value has at least two characters, with what is between it and the next.
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
