/** Reads an answer out of its bytes, whichever API it is of: what the model wrote, and how the answer ended. */

import { RelayError } from "../protocol/errors.ts";
import {
  MAX_PROVIDER_ANSWER_BYTES,
  MAX_PROVIDER_EVENT_VALUES,
  MAX_PROVIDER_JSON_BYTES,
  MAX_PROVIDER_LINE_BYTES,
  MAX_PROVIDER_SKIPPED_BYTES,
} from "../protocol/limits.ts";
import { createEventParser, createLineDecoder, type LineLimit } from "../sse/parse.ts";
import type { Api } from "./api.ts";
import type { ChunkOptions, ChunkReader } from "./chunks.ts";
import { createGiver } from "./deltas.ts";
import { createFastPath } from "./fast_path.ts";
import type { OnRead, ProviderEnd } from "./provider.ts";
import { type Secrets, withoutSecrets } from "./redact.ts";

/** Takes reads of a body. */
export interface AnswerReader {
  /**
   * Whether it brought text or reasoning. Throws the error that the provider reports, or `provider_bad_response`;
   * neither once the answer is complete.
   */
  push(bytes: Uint8Array): boolean;
  /** More was read than is given at once. What else was found, an error for example, comes after it. */
  hasMore(): boolean;
  /** Gives the next part of it. Throws what `push` does. */
  giveMore(): void;
  /** The provider has said that nothing more will come. */
  isDone(): boolean;
  /** The model has said how it finished: whatever goes wrong from here on changes nothing. */
  isComplete(): boolean;
  /** The body is over: reads what is left of it. */
  finish(): void;
  /**
   * After `finish`; gives what `giveMore` has not. Throws `provider_bad_response` where the provider did not say how it
   * finished.
   */
  end(): ProviderEnd;
}

/** What the reading of an answer depends on. */
export interface ReaderOptions extends ChunkOptions {
  /** For a body whose first bytes do not say what it is. */
  contentType: string;
  /** A line without text was longer than the limit, for the first time. */
  onSkippedLine(): void;
}

/** `events`: server-sent events; `json`: one answer, or one chunk a line. */
type BodyKind = "events" | "json";

/** Of a content type, from which 50 are quoted once the secrets are out. */
const MAX_TYPE_UNITS = 1_000;

/** What a line costs beyond its bytes, as bytes of `MAX_PROVIDER_ANSWER_BYTES`. */
const LINE_BYTES = 64;

/** A field that may hold what the model wrote, and is not empty. */
const HAS_TEXT = /"(?:content|delta|text|refusal|reasoning|reasoning_content|thinking)"\s*:\s*(?:"[^"]|\[)/;

/** `onRead` is called for each read, also with what came before an error; for a read of much, with each part. */
export function createAnswerReader(api: Api, options: ReaderOptions, onRead: OnRead): AnswerReader {
  const chunks = api.createChunkReader(options);
  let kind: BodyKind | null = null;
  const limit = createLimit(chunks, options);
  const decoder = createLineDecoder(limit);
  const events = createEventReader(chunks, limit);
  const json = createJsonReader(chunks, limit);
  const giver = createGiver(chunks, onRead);
  const size = createSizeLimit(() => events.lines() + json.lines());

  /** Once the answer is complete, what follows can only add to it. */
  function failUnlessComplete(error: unknown) {
    if (!chunks.isComplete()) giver.fail(error);
  }

  function read(bytes: Uint8Array) {
    size.count(bytes.length);
    if (kind === null) {
      kind = kindOf(bytes, options);
      if (kind === "json") limit.bytes = MAX_PROVIDER_JSON_BYTES;
    }
    const text = decoder.decode(bytes);
    if (kind === "json") json.read(text);
    else if (text !== "") events.read(text);
  }

  return {
    hasMore: chunks.hasMore,
    giveMore: giver.give,
    push(bytes) {
      giver.giveAll();
      try {
        read(bytes);
      } catch (error) {
        failUnlessComplete(error);
      }
      events.flush();
      return giver.give();
    },
    isDone: () => size.isExceeded() || chunks.isDone(),
    isComplete: chunks.isComplete,
    /** Gives nothing: to parse a whole body is enough for one turn. */
    finish() {
      giver.giveAll();
      try {
        if (kind === "json") json.end(decoder.end());
        else events.end(decoder.end());
      } catch (error) {
        failUnlessComplete(error);
      }
      events.flush();
      giver.end(() => chunks.end(json.isWhole(), events.stray()));
    },
    end: giver.result,
  };
}

/** Bounds the whole body: no provider may send for ever what is no text. */
function createSizeLimit(lines: () => number) {
  let bytesRead = 0;
  let isExceeded = false;
  return {
    count(bytes: number) {
      bytesRead += bytes;
      // A line has at least one byte, so hardly any answer is long enough that its lines must be counted.
      if (bytesRead * (1 + LINE_BYTES) <= MAX_PROVIDER_ANSWER_BYTES) return;
      if (bytesRead + LINE_BYTES * lines() <= MAX_PROVIDER_ANSWER_BYTES) return;
      isExceeded = true;
      throw new RelayError(
        "provider_bad_response",
        `The provider sent more than ${MAX_PROVIDER_ANSWER_BYTES} bytes, the limit; a line counts for ${LINE_BYTES} more`,
      );
    },
    isExceeded: () => isExceeded,
  };
}

/** Once the answer is complete, any line may be skipped. */
function createLimit(chunks: ChunkReader, { onSkippedLine }: ReaderOptions) {
  let hasSkipped = false;
  const limit: Required<LineLimit> = {
    bytes: MAX_PROVIDER_LINE_BYTES,
    skippedBytes: MAX_PROVIDER_SKIPPED_BYTES,
    exceeded: () =>
      new RelayError("provider_bad_response", `The provider sent a line of more than ${limit.bytes} bytes, the limit`),
    maySkip: (part: string) => chunks.skips?.(part) || chunks.isComplete() || !HAS_TEXT.test(part),
    onSkipped() {
      if (!hasSkipped) onSkippedLine();
      hasSkipped = true;
    },
  };
  return limit;
}

type Limit = ReturnType<typeof createLimit>;

/** Of JSON with more values than the limit; it is skipped where a line that is too long may be. */
function mustSkip(data: string, limit: Limit): boolean {
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

/** Null: there were only blank bytes. A mark of byte order counts as blank. */
function kindOf(bytes: Uint8Array, { contentType, secrets }: ReaderOptions): BodyKind | null {
  const first = bytes.find((byte) => byte > 0x20 && ![0xef, 0xbb, 0xbf].includes(byte));
  if (first === undefined) return null;
  const character = String.fromCharCode(first);
  if (character === "{" || character === "[") return "json";
  // data, event, id, retry, error, and comments.
  if (!/[deir:]/.test(character) && /html|json|xml/i.test(contentType)) {
    throw notAStream(contentType.split(";", 1)[0], secrets);
  }
  return "events";
}

/** Names what came in place of an answer. */
export function notAStream(found: string, secrets: Secrets = () => null): RelayError {
  const type = withoutSecrets(found.slice(0, MAX_TYPE_UNITS), secrets).slice(0, 50);
  return new RelayError(
    "provider_bad_response",
    `The provider answered with ${JSON.stringify(type)}, not with an event stream`,
  );
}

/** What is like an earlier event is read without parsing it. */
function createEventReader(chunks: ChunkReader, limit: Limit) {
  const fastPath = createFastPath(chunks.add);
  const parser = createEventParser((data, event, isError) => {
    fastPath.flush();
    if (mustSkip(data, limit)) return;
    const sole = chunks.read(data, isError);
    if (sole !== null && event !== "") fastPath.learn(event, sole);
  }, limit);
  return {
    read(text: string) {
      // A longer text may hold a line above the limit, which only the parser sees.
      const mayMatch = text.length <= limit.bytes;
      let at = 0;
      while (at < text.length) {
        if (mayMatch && !parser.isOpen() && !chunks.isDone()) at = fastPath.read(text, at);
        if (at < text.length) at = parser.parse(text, at);
      }
    },
    flush: fastPath.flush,
    end: parser.end,
    /** Those that the fast path did not read. */
    lines: parser.lines,
    stray: parser.stray,
  };
}

/** Where the first line is JSON by itself, so is each of the others; else the whole body is. */
function createJsonReader(chunks: ChunkReader, limit: Limit) {
  let inLines: boolean | null = null;
  let kept = "";
  let count = 0;
  let lines = 0;

  function line(text: string) {
    lines++;
    if (text.trim() === "" || mustSkip(text, limit)) return;
    if (inLines === null) {
      const first = parsed(text);
      inLines = first !== undefined;
      if (inLines) {
        count++;
        chunks.readValue(first, text);
        return;
      }
    }
    if (inLines) {
      count++;
      // Servers that fail within such a body go on with an event.
      chunks.read(text.replace(/^(?:data|error):\s*/, ""), text.startsWith("error:"));
    } else {
      kept += `${text}\n`;
      if (kept.length > limit.bytes) throw limit.exceeded();
    }
  }

  return {
    read(text: string) {
      if (text !== "") text.split(/\r\n?|\n/).forEach(line);
    },
    end(rest: string) {
      line(rest);
      if (kept !== "" && !mustSkip(kept, limit)) chunks.read(kept.replaceAll("\n", " "));
    },
    lines: () => lines,
    isWhole: () => kept !== "" || count === 1,
  };
}

/** Undefined: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
