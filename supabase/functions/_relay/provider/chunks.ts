/** Collects what the chunks of one answer bring, whichever API they are of: deltas, how the model finished, tokens. */

import { RelayError } from "../protocol/errors.ts";
import type { Usage } from "../protocol/events.ts";
import { createDeltas } from "./deltas.ts";
import { reportedError } from "./errors.ts";
import type { SoleDelta } from "./fast_path.ts";
import { problemOf, readProblem } from "./problem.ts";
import type { Delta, ProviderEnd } from "./provider.ts";
import { type Secrets, withoutSecrets } from "./redact.ts";

/** These mean that the answer was broken off, or are the relay's own words for that. */
const NOT_A_FINISH = new Set([
  "cancelled",
  "disconnected",
  "timeout",
  "interrupted",
  "error",
  "abort",
  "network_error",
  "insufficient_system_resource",
  "failed",
  "server_error",
  "aborted",
  "exception",
]);

const isFinish = (reason: string) => !NOT_A_FINISH.has(reason.toLowerCase());

/** Of a list of chunks, or of lines, in one event. */
const MAX_CHUNKS_OF_AN_EVENT = 1_000;

/** Events that look like JSON and are none: to find that out costs as much as reading some ten chunks. */
const MAX_BROKEN_EVENTS = 100;

/** Of a finish reason, from which 100 are kept once the secrets are out. */
const MAX_REASON_UNITS = 1_000;

/** One JSON object of a provider's stream. */
export type Chunk = Record<string, unknown>;

/** What a bot knows of its model, and what must not be said. */
export interface ChunkOptions {
  secrets: Secrets;
  /** A text without an opening tag may begin within the reasoning. */
  thinksFirst: boolean;
}

/** Reads the data of one answer's events. */
export interface ChunkReader {
  /** Adds what the fast path has read. */
  add(kind: Delta["kind"], text: string): void;
  /** Gives the delta of a chunk that brought nothing else. Throws a RelayError for an error that the provider reports. */
  read(data: string, isError?: boolean): SoleDelta | null;
  /** The same for what `data` was parsed to. */
  readValue(value: unknown, data: string, isError?: boolean): SoleDelta | null;
  /** Whether a line that is too long, of which this is a part, says nothing new, though there is text in it. */
  skips?(part: string): boolean;
  /** What has come since the last call, clean; of much, the next part. */
  take(): Delta[];
  hasMore(): boolean;
  /** The provider has said that nothing more will come. */
  isDone(): boolean;
  /** The model has said how it finished. */
  isComplete(): boolean;
  /** `isWhole`: the body was one answer, which needs no word for its end. `stray`: a line that was no event. */
  end(isWhole?: boolean, stray?: string | null): ProviderEnd;
}

/** What an API's chunks are read into. */
export interface Answer {
  add(kind: Delta["kind"], text: string): void;
  /** The model has said how it finished. An answer that was complete stays so. */
  finish(reason: string): void;
  isComplete(): boolean;
  /** Nothing more will come. */
  close(): void;
  usage: Usage | null;
  /** Throws what the provider says of a failure, parsed or as text; but not once the answer was complete. */
  fail(said: unknown): void;
}

/** Reads one chunk into the answer; gives its delta where it brought nothing else. */
export type ReadChunk = (chunk: Chunk, isError: boolean) => SoleDelta | null;

/** `name`: what a chunk of this API is called, for the error about something else. */
export function createChunkReader(
  options: ChunkOptions,
  name: string,
  createReadChunk: (answer: Answer) => ReadChunk,
): ChunkReader {
  const answer = createAnswer(options, name);
  const readChunk = createReadChunk(answer);
  /** The first data that was no chunk. */
  let junk: string | null = null;
  const parseJson = createJsonParser();

  function read(data: string, isError = false): SoleDelta | null {
    if (data.startsWith("data:")) return read(data.replace(/^(?:data:\s*)+/, ""), isError);
    if (isDone(data)) answer.close();
    if (answer.isClosed()) return null;
    const chunk = parseJson(data);
    if (chunk !== undefined) return readValue(chunk, data, isError);
    if (isError && data.trim() !== "") {
      answer.beginChunk();
      answer.fail(data);
    } else if (data.includes("\n")) {
      // Several events without a blank line between them.
      for (const line of data.split("\n", MAX_CHUNKS_OF_AN_EVENT)) read(line, isError);
    } else if (data.trim() !== "") {
      junk ??= data.slice(0, 1_000);
    }
    return null;
  }

  function readValue(value: unknown, data: string, isError = false): SoleDelta | null {
    if (Array.isArray(value)) {
      // A list within one is no chunk, and thousands of them would fill the stack.
      for (const item of value.slice(0, MAX_CHUNKS_OF_AN_EVENT)) {
        readValue(Array.isArray(item) ? null : item, data, isError);
      }
      return null;
    }
    answer.beginChunk();
    if (typeof value === "object" && value !== null) {
      return answer.isClosed() ? null : readChunk(value as Chunk, isError);
    }
    if (isError) answer.fail(value);
    else junk ??= data.slice(0, 1_000);
    return null;
  }

  return {
    add: answer.deltas.add,
    read,
    readValue,
    take: answer.deltas.take,
    hasMore: answer.deltas.hasMore,
    isDone: answer.isClosed,
    isComplete: answer.isComplete,
    end: (isWhole = false, stray = null) => answer.end(answer.isClosed() || isWhole, junk ?? stray),
  };
}

function createAnswer({ secrets, thinksFirst }: ChunkOptions, name: string) {
  const deltas = createDeltas(thinksFirst);
  let hasText = false;
  let hasBegun = false;
  let finishReason: string | null = null;
  let isClosed = false;
  /** Before the chunk that is read: an error counts although a finish reason came with it. */
  let wasComplete = false;

  const isComplete = () => finishReason !== null && isFinish(finishReason);

  return {
    deltas,
    usage: null as Usage | null,
    add(kind: Delta["kind"], text: string) {
      hasBegun = true;
      hasText ||= kind === "text";
      deltas.add(kind, text);
    },
    finish(reason: string) {
      if (!isComplete() || isFinish(reason)) finishReason = reason.slice(0, MAX_REASON_UNITS);
    },
    isComplete,
    isClosed: () => isClosed,
    close: () => void (isClosed = true),
    beginChunk: () => void (wasComplete = isComplete()),
    /** A text is what a provider said; anything else, what was parsed of that. */
    fail(said: unknown) {
      if (wasComplete) return;
      const problem = typeof said === "string" ? readProblem(said) : problemOf(said);
      const where = hasBegun
        ? "The provider failed in the middle of the stream"
        : "The provider answered with an error";
      finishReason = null;
      throw reportedError(problem, where, secrets);
    },
    end(isOver: boolean, junk: string | null): ProviderEnd {
      deltas.end();
      if (finishReason === null && hasText && isOver) finishReason = "stop";
      if (finishReason === null) throw unfinished(junk, hasText, secrets, name);
      const reason = cleanReason(finishReason, secrets);
      if (!isFinish(finishReason)) {
        throw new RelayError("provider_error", `The provider ended with the finish reason "${reason}"`);
      }
      return { finishReason: reason, usage: this.usage };
    },
  };
}

/** The reason goes into a column, which can hold neither U+0000 nor half a character. */
function cleanReason(reason: string, secrets: Secrets): string {
  return withoutSecrets(reason, secrets).slice(0, 100).replaceAll(/[^\x20-\x7e]/g, "?");
}

function unfinished(junk: string | null, hasText: boolean, secrets: Secrets, name: string): RelayError {
  if (junk === null) {
    return new RelayError("provider_bad_response", "The provider closed the stream without a finish reason");
  }
  if (!/^\s*[{["<]/.test(junk)) {
    const where = hasText ? "The provider failed in the middle of the stream" : "The provider sent no answer";
    const error = reportedError(readProblem(junk), where, secrets);
    // One word may be anything.
    if (/\S\s+\S/.test(junk) || !hasText && error.code !== "provider_error") return error;
  }
  return new RelayError("provider_bad_response", `The provider sent an event that is not a ${name}`);
}

/** Whether it is the word of chat completions for the end. */
export function isDone(data: string): boolean {
  return data.length < 40 && /^\s*["']?\s*\[?\s*DONE\s*\]?\s*["']?\s*$/i.test(data);
}

/** Undefined for what is no JSON, or neither an object, a list nor a string. */
function createJsonParser() {
  let broken = 0;
  return (data: string): unknown => {
    if (!/^\s*[[{"]/.test(data)) return undefined;
    try {
      if (broken <= MAX_BROKEN_EVENTS) return JSON.parse(data);
    } catch {
      // The parser's message would quote the provider.
      broken++;
    }
    if (broken <= MAX_BROKEN_EVENTS) return undefined;
    throw new RelayError(
      "provider_bad_response",
      `The provider sent more than ${MAX_BROKEN_EVENTS} events that are broken JSON`,
    );
  };
}
