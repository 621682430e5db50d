/** Collects what the chunks of one answer bring: deltas, how the model finished, tokens. */

import { RelayError } from "../../protocol/errors.ts";
import type { Usage } from "../../protocol/events.ts";
import type { ProviderEnd } from "../provider.ts";
import { type Secrets, withoutSecrets } from "../redact.ts";
import { type Choice, createContentReader } from "./content.ts";
import { createDeltas } from "./deltas.ts";
import { reportedError } from "./errors.ts";
import type { SoleDelta } from "./fast_path.ts";
import { isProblem, problemOf, readProblem } from "./problem.ts";
import { withUsage } from "./usage.ts";

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

interface Chunk {
  error?: unknown;
  usage?: unknown;
  x_groq?: { usage?: unknown } | null;
  choices?: unknown;
  object?: unknown;
  [field: string]: unknown;
}

/** What a bot knows of its model, and what must not be said. */
export interface ChunkOptions {
  secrets: Secrets;
  /** A text without an opening tag may begin within the reasoning. */
  thinksFirst: boolean;
}

/** Of a list of chunks, or of lines, in one event. */
const MAX_CHUNKS_OF_AN_EVENT = 1_000;

/** Choices of a chunk that are looked at: the relay asks for one. */
const MAX_CHOICES = 8;

/** Events that look like JSON and are none: to find that out costs as much as reading some ten chunks. */
const MAX_BROKEN_EVENTS = 100;

/** Reads the data of one answer's events. */
export function createChunkReader(options: ChunkOptions) {
  const answer = createAnswer(options);
  let done = false;
  /** The first data that was no chunk. */
  let junk: string | null = null;
  const parseJson = createJsonParser();

  /** Throws a RelayError for an error that the provider reports. */
  function read(data: string, isError = false): SoleDelta | null {
    if (data.startsWith("data:")) return read(data.replace(/^(?:data:\s*)+/, ""), isError);
    done ||= isDone(data);
    if (done) return null;
    const chunk = parseJson(data);
    if (chunk !== undefined) return readValue(chunk, data, isError);
    if (isError && data.trim() !== "") {
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
    if (typeof value === "object" && value !== null) {
      const chunk = unwrapped(value as Chunk);
      done ||= typeof chunk.data === "string" && isDone(chunk.data);
      return done ? null : answer.readChunk(chunk, isError);
    }
    if (isError) answer.fail(value);
    else junk ??= data.slice(0, 1_000);
    return null;
  }

  return {
    add: answer.add,
    read,
    /** The same for what `data` was parsed to. */
    readValue,
    take: answer.take,
    hasMore: answer.hasMore,
    isDone: () => done,
    isComplete: answer.isComplete,
    /** `isWhole`: the body was one completion, which needs no word for its end. `stray`: a line that was no event. */
    end: (isWhole = false, stray: string | null = null): ProviderEnd => answer.end(done || isWhole, junk ?? stray),
  };
}

/** What the chunks of one answer bring together: deltas, how the model finished, tokens. */
function createAnswer({ secrets, thinksFirst }: ChunkOptions) {
  const deltas = createDeltas(thinksFirst);
  const content = createContentReader(deltas.add);
  const chooseChoice = createChooser();
  let finishReason: string | null = null;
  let usage: Usage | null = null;

  const isComplete = () => finishReason !== null && isFinish(finishReason);

  function readChoice(choice: Choice, isWhole: boolean): SoleDelta | null {
    const sole = content.read(choice, isWhole);
    const reason = reasonOf(choice.finish_reason) ?? reasonOf(choice.finish_details) ?? reasonOf(choice.finishReason);
    if (reason === null) return sole;
    // An answer that was complete stays so.
    if (!isComplete() || isFinish(reason)) finishReason = reason;
    return null;
  }

  function readChunk(chunk: Chunk, isError: boolean): SoleDelta | null {
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    // An error counts although a finish reason came with it.
    const wasComplete = isComplete();
    const choice = chooseChoice(choices);
    const sole = choice === undefined ? null : readChoice(choice, chunk.object === "chat.completion");
    const known = usage;
    if (chunk.usage) usage = withUsage(usage, chunk.usage);
    if (chunk.x_groq) usage = withUsage(usage, chunk.x_groq.usage);
    if (choice?.usage) usage = withUsage(usage, choice.usage);
    if (isError || isProblem(chunk)) fail(chunk, wasComplete);
    else if (errorOf(choice)) fail(errorOf(choice), wasComplete);
    return usage === known && choices.length === 1 && !chunk.usage && !choice?.usage ? sole : null;
  }

  /** A text is what a provider said; anything else, what was parsed of that. */
  function fail(said: unknown, wasComplete = isComplete()) {
    if (wasComplete) return;
    const problem = typeof said === "string" ? readProblem(said) : problemOf(said);
    const where = content.hasBegun()
      ? "The provider failed in the middle of the stream"
      : "The provider answered with an error";
    finishReason = null;
    throw reportedError(problem, where, secrets);
  }

  function end(isOver: boolean, junk: string | null): ProviderEnd {
    deltas.end();
    if (finishReason === null && content.hasText() && isOver) finishReason = "stop";
    if (finishReason === null) throw unfinished(junk, content.hasText(), secrets);
    const reason = withoutSecrets(finishReason, secrets);
    if (!isFinish(finishReason)) {
      throw new RelayError("provider_error", `The provider ended with the finish reason "${reason}"`);
    }
    return { finishReason: reason, usage };
  }

  return { add: deltas.add, take: deltas.take, hasMore: deltas.hasMore, readChunk, fail, isComplete, end };
}

/** Chooses one choice of each chunk. Where the only choice of the first chunk has another index than 0, that one is read. */
function createChooser() {
  let index: number | null = null;
  return (choices: unknown[]): Choice | undefined => {
    const [first] = choices as Choice[];
    if (choices.length === 1 && first?.index === 0 && !index) {
      index = 0;
      return first;
    }
    const all = choices.slice(0, MAX_CHOICES).filter((choice): choice is Choice =>
      typeof choice === "object" && choice !== null
    );
    index ??= all.length === 0 || all.some((choice) => indexOf(choice) === 0) ? null : indexOf(all[0]);
    const chosen = all.find((choice) => indexOf(choice) === (index ?? 0));
    if (chosen !== undefined) index ??= 0;
    return chosen;
  };
}

/** The chunk itself, where a gateway has put it into `data`; that of DashScope's own API stands in `output`. */
function unwrapped(chunk: Chunk): Chunk {
  if (Array.isArray(chunk.choices) || chunk.error) return chunk;
  const { data, output } = chunk as Record<string, Record<string, unknown> | null | undefined>;
  if (typeof data === "object" && data !== null && !Array.isArray(data)) return data;
  if (typeof output !== "object" || output === null) return chunk;
  if (Array.isArray(output.choices)) return { ...chunk, choices: output.choices };
  if (typeof output.text !== "string") return chunk;
  return { ...chunk, choices: [{ message: { content: output.text }, finish_reason: output.finish_reason }] };
}

function errorOf(choice: Choice | undefined): unknown {
  if (choice === undefined) return undefined;
  return choice.error || (choice.delta as { error?: unknown } | null | undefined)?.error;
}

function unfinished(junk: string | null, hasText: boolean, secrets: Secrets): RelayError {
  if (junk === null) {
    return new RelayError("provider_bad_response", "The provider closed the stream without a finish reason");
  }
  if (!/^\s*[{["<]/.test(junk)) {
    const where = hasText ? "The provider failed in the middle of the stream" : "The provider sent no answer";
    const error = reportedError(readProblem(junk), where, secrets);
    // One word may be anything.
    if (/\S\s+\S/.test(junk) || !hasText && error.code !== "provider_error") return error;
  }
  return new RelayError(
    "provider_bad_response",
    "The provider sent an event that is not a chat completion chunk",
  );
}

function indexOf({ index }: Choice): number {
  return Number(index ?? 0) || 0;
}

function isDone(data: string): boolean {
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

/** The reason goes into a column, which can hold neither U+0000 nor half a character. An empty one is none. */
function reasonOf(reason: unknown): string | null {
  if (typeof reason === "object" && reason !== null) {
    if (Array.isArray(reason)) return reasonOf(typeof reason[0] === "string" ? reason[0] : null);
    const { type, reason: inner, name, finish_reason } = reason as Record<string, unknown>;
    return reasonOf([type, inner, name, finish_reason].find((value) => typeof value === "string"));
  }
  if (typeof reason !== "string" || /^(?:null|none)?$/i.test(reason)) return null;
  return reason.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, "?");
}
