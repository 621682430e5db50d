/** Collects what the chunks of one answer bring, whichever API they are of: deltas, how the model finished, tokens. */

import { RelayError } from "../protocol/errors.ts";
import type { Usage } from "../protocol/events.ts";
import { Deltas } from "./deltas.ts";
import { reportedError } from "./errors.ts";
import type { SoleDelta } from "./fast_path.ts";
import { problemOf, readProblem } from "./problem.ts";
import type { Delta, ProviderEnd } from "./provider.ts";
import { type Secrets, withoutSecrets } from "./redact.ts";

/** These mean that the answer was broken off, or are the relay's own words for that. */
const NOT_A_FINISH = new RegExp(
  "^(?:(?:\\w+_)?(?:error|cancell?ed|timeout|overloaded)|abort(?:ed)?|disconnected|interrupted|failed|exception|" +
    "preempted|insufficient_system_resource|malformed_.*|function_call_filter.*)$",
  "i",
);

const isFinish = (reason: string) => !NOT_A_FINISH.test(reason);

/** How models finish in the words that clients know, and in those of providers; any other word is passed on. */
const FINISHES: [finish: string, words: RegExp][] = [
  ["stop", /^(?:stop|end_turn|stop_sequence|eos|eos_token|completed?|normal)$/i],
  // A paused turn goes on from where it is, as one at a limit does.
  ["length", /^(?:length|max_(?:\w+_)?tokens|max_length|model_length|model_context_window_exceeded|pause_turn)$/i],
  [
    "content_filter",
    /^content[_-]filter|^(?:refusal|sensitive|language|guardrail_intervened)$|safety|recitation|blocklist|prohibited|spii|model_armor/i,
  ],
  ["tool_calls", /^tool_(?:calls?|use)$/i],
];

function finishOf(reason: string): string {
  return FINISHES.find(([finish, words]) => reason === finish || words.test(reason))?.[0] ?? reason;
}

/** The most chunks, or lines, of one event that are read. */
const MAX_CHUNKS_OF_AN_EVENT = 1_000;

/** The most events that look like JSON but are not: to find that out costs as much as reading ten chunks. */
const MAX_BROKEN_EVENTS = 100;

/** Units of a finish reason that are searched for secrets; then 100 are kept. */
const MAX_REASON_UNITS = 1_000;

/** One JSON object of a provider's stream. */
export type Chunk = Record<string, unknown>;

/** What a bot knows about its model, and the secrets that must not leave. */
export interface ChunkOptions {
  secrets: Secrets;
  /** A text without an opening tag may begin within the reasoning. */
  thinksFirst: boolean;
}

/** Reads the data of one answer's events. */
export interface ChunkReader {
  /** Adds what the fast path has read. */
  add(kind: Delta["kind"], text: string): void;
  /**
   * Returns the delta of a chunk that brought nothing else. Throws a RelayError for an error that the provider reports.
   */
  read(data: string, isError?: boolean): SoleDelta | null;
  /** The same for the value that `data` was parsed to. */
  readValue(value: unknown, data: string, isError?: boolean): SoleDelta | null;
  /** Whether a line that is too long brings nothing new although it has text; `part` is a part of it. */
  skips?(part: string): boolean;
  /**
   * Adds a text of a kind that has come before; returns the clean text since the last call, or if it is long, the next
   * part of it.
   */
  take(kind?: Delta["kind"], text?: string): Delta[];
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
  /** The model has said how it finished, in its provider's words. An answer that was complete stays so. */
  finish(reason: string): void;
  isComplete(): boolean;
  /** Nothing more will come. */
  close(): void;
  usage: Usage | null;
  /** Throws the failure that the provider reports, parsed or as text, unless the answer is complete. */
  fail(said: unknown): void;
}

/** Reads one chunk into the answer; returns its delta if it brought nothing else. */
export type ReadChunk = (chunk: Chunk, isError: boolean) => SoleDelta | null;

/** `name`: what a chunk of this API is called, for the error about something else. */
export function createChunkReader(
  options: ChunkOptions,
  name: string,
  createReadChunk: (answer: Answer) => ReadChunk,
): ChunkReader {
  return new Chunks(options, name, createReadChunk);
}

/**
 * One class for both interfaces, like everything that each read goes through: between two reads, 199 other streams and
 * the idle time drive every further object out of the processor's cache.
 */
class Chunks implements ChunkReader, Answer {
  skips?: (part: string) => boolean;
  usage: Usage | null = null;
  #deltas: Deltas;
  #secrets: Secrets;
  #name: string;
  #readChunk: ReadChunk;
  #hasText = false;
  #hasBegun = false;
  #isClosed = false;
  #finishReason: string | null = null;
  /** Whether it was complete before the present chunk: an error counts even if a finish reason came with it. */
  #wasComplete = false;
  /** The first data that was no chunk. */
  #junk: string | null = null;
  #broken = 0;

  constructor({ secrets, thinksFirst }: ChunkOptions, name: string, createReadChunk: (answer: Answer) => ReadChunk) {
    this.#deltas = new Deltas(thinksFirst);
    this.#secrets = secrets;
    this.#name = name;
    this.#readChunk = createReadChunk(this);
  }

  add(kind: Delta["kind"], text: string) {
    this.#hasBegun = true;
    this.#hasText ||= kind === "text";
    this.#deltas.add(kind, text);
  }

  read(data: string, isError = false): SoleDelta | null {
    if (data.startsWith("data:")) return this.read(data.replace(/^(?:data:\s*)+/, ""), isError);
    if (isDone(data)) this.close();
    if (this.#isClosed) return null;
    const chunk = this.#parse(data);
    if (chunk !== undefined) return this.readValue(chunk, data, isError);
    if (isError && data.trim() !== "") {
      this.#beginChunk();
      this.fail(data);
    } else if (data.includes("\n")) {
      // Several events without a blank line between them.
      for (const line of data.split("\n", MAX_CHUNKS_OF_AN_EVENT)) this.read(line, isError);
    } else if (data.trim() !== "") {
      this.#junk ??= data.slice(0, 1_000);
    }
    return null;
  }

  readValue(value: unknown, data: string, isError = false): SoleDelta | null {
    if (Array.isArray(value)) {
      // A list within one is no chunk, and thousands of them would fill the stack.
      for (const item of value.slice(0, MAX_CHUNKS_OF_AN_EVENT)) {
        this.readValue(Array.isArray(item) ? null : item, data, isError);
      }
      return null;
    }
    this.#beginChunk();
    if (typeof value === "object" && value !== null) {
      return this.#isClosed ? null : this.#readChunk(value as Chunk, isError);
    }
    if (isError) this.fail(value);
    else this.#junk ??= (typeof value === "string" ? value : data).slice(0, 1_000);
    return null;
  }

  take(kind?: Delta["kind"], text?: string): Delta[] {
    return this.#deltas.take(kind, text);
  }

  hasMore(): boolean {
    return this.#deltas.hasMore();
  }

  finish(reason: string) {
    if (this.isComplete() && !isFinish(reason)) return;
    this.#finishReason = finishOf(reason.slice(0, MAX_REASON_UNITS));
  }

  isComplete(): boolean {
    return this.#finishReason !== null && isFinish(this.#finishReason);
  }

  close() {
    this.#isClosed = true;
  }

  isDone(): boolean {
    return this.#isClosed;
  }

  /** A string is what the provider sent; any other value was parsed from that. */
  fail(said: unknown) {
    if (this.#wasComplete) return;
    const problem = typeof said === "string" ? readProblem(said) : problemOf(said);
    const where = this.#hasBegun
      ? "The provider failed in the middle of the stream"
      : "The provider answered with an error";
    this.#finishReason = null;
    throw reportedError(problem, where, this.#secrets);
  }

  end(isWhole = false, stray: string | null = null): ProviderEnd {
    this.#deltas.end();
    if (this.#finishReason === null && this.#hasText && (this.#isClosed || isWhole)) this.#finishReason = "stop";
    const finishReason = this.#finishReason;
    if (finishReason === null) throw unfinished(this.#junk ?? stray, this.#hasText, this.#secrets, this.#name);
    const reason = cleanReason(finishReason, this.#secrets);
    if (!isFinish(finishReason)) {
      throw new RelayError("provider_error", `The provider ended with the finish reason "${reason}"`);
    }
    return { finishReason: reason, usage: this.usage };
  }

  #beginChunk() {
    this.#wasComplete = this.isComplete();
  }

  /** Undefined for what is no JSON, or neither an object, a list nor a string. */
  #parse(data: string): unknown {
    if (!/^\s*[[{"]/.test(data)) return undefined;
    try {
      if (this.#broken <= MAX_BROKEN_EVENTS) return JSON.parse(data);
    } catch {
      // The parser's message would quote the provider.
      this.#broken++;
    }
    if (this.#broken <= MAX_BROKEN_EVENTS) return undefined;
    throw new RelayError(
      "provider_bad_response",
      `The provider sent more than ${MAX_BROKEN_EVENTS} events that are broken JSON`,
    );
  }
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
    // A single word may be anything.
    if (/\S\s+\S/.test(junk) || !hasText && error.code !== "provider_error") return error;
  }
  return new RelayError("provider_bad_response", `The provider sent an event that is not a ${name}`);
}

/** Whether it is the word of chat completions for the end. */
export function isDone(data: string): boolean {
  return data.length < 40 && /^\s*["']?\s*\[?\s*DONE\s*\]?\s*["']?\s*$/i.test(data);
}
