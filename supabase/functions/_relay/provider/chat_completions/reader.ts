/** Reads an answer of chat completions out of its bytes: what the model wrote, and how the answer ended. */

import { RelayError } from "../../protocol/errors.ts";
import type { Usage } from "../../protocol/events.ts";
import { MAX_PROVIDER_LINE_BYTES } from "../../protocol/limits.ts";
import { createEventParser, createLineDecoder } from "../../sse/parse.ts";
import { createTextCleaner } from "../clean_text.ts";
import type { Delta, ProviderEnd } from "../provider.ts";
import { providerMessage } from "./errors.ts";
import { createFastPath, type SoleDelta } from "./fast_path.ts";

/** Takes reads of a body. */
export interface CompletionReader {
  /** Throws `provider_bad_response` for what is no completion, `provider_error` for an error within it. */
  push(bytes: Uint8Array): void;
  /** The provider has said that nothing more will come. */
  isDone(): boolean;
  /** The body is over. Throws `provider_bad_response` where the provider did not say how it finished. */
  end(): ProviderEnd;
}

const LINE_LIMIT = {
  bytes: MAX_PROVIDER_LINE_BYTES,
  exceeded: () =>
    new RelayError(
      "provider_bad_response",
      `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`,
    ),
};

/** These mean that the relay ended a generation; a provider that uses one has not finished by itself. */
const NOT_A_FINISH = new Set(["cancelled", "disconnected", "timeout", "interrupted", "error"]);

/** Where providers put what the model writes; the first field that is there counts. */
const FIELDS = [["reasoning", ["reasoning_content", "reasoning"]], ["text", ["content", "refusal"]]] as const;

/**
 * `onDeltas` is called once for each read, also with what came before an error. `accessKey` is kept out of what the
 * provider says of an error.
 */
export function createCompletionReader(
  accessKey: string | null,
  onDeltas: (deltas: Delta[]) => void,
): CompletionReader {
  const decoder = createLineDecoder(LINE_LIMIT);
  const chunks = createChunkReader(accessKey);
  const fastPath = createFastPath(chunks.add);
  const parser = createEventParser((data, event) => {
    fastPath.flush();
    const sole = chunks.read(data);
    if (sole !== null && event !== "") fastPath.learn(event, sole);
  }, LINE_LIMIT);

  function read(text: string) {
    // A longer text may hold a line above the limit, which only the parser sees.
    const mayMatch = text.length <= LINE_LIMIT.bytes;
    let at = 0;
    while (at < text.length) {
      if (mayMatch && !parser.isOpen && !chunks.isDone()) at = fastPath.read(text, at);
      if (at < text.length) at = parser.parse(text, at);
    }
  }

  function handOn() {
    fastPath.flush();
    const deltas = chunks.take();
    if (deltas.length > 0) onDeltas(deltas);
  }

  return {
    push(bytes) {
      try {
        read(decoder.decode(bytes));
      } finally {
        handOn();
      }
    },
    isDone: chunks.isDone,
    end() {
      try {
        parser.end(decoder.end());
        fastPath.flush();
        return chunks.end();
      } finally {
        handOn();
      }
    },
  };
}

interface Chunk {
  error?: { message?: unknown } | string | null;
  usage?: Record<string, unknown> | null;
  choices?: Choice[] | null;
}

interface Choice {
  index?: number;
  finish_reason?: unknown;
  delta?: Record<string, unknown> | null;
}

/** Collects clean deltas out of the chunks of one answer; neighbours of a kind are one delta. */
export function createChunkReader(accessKey: string | null) {
  const cleaners = { text: createTextCleaner(), reasoning: createTextCleaner() };
  let deltas: Delta[] = [];
  let finishReason: string | null = null;
  let usage: Usage | null = null;
  let done = false;

  function push(kind: Delta["kind"], text: string) {
    if (text === "") return;
    const last = deltas.at(-1);
    if (last?.kind === kind) last.text += text;
    else deltas.push({ kind, text });
  }

  function add(kind: Delta["kind"], text: string) {
    push(kind, cleaners[kind].clean(text));
  }

  function readChoice({ index, delta, finish_reason }: Choice): SoleDelta | null {
    if (index !== undefined && index !== 0) return null;
    const found = deltasOf(delta ?? {});
    for (const { kind, text } of found) add(kind, text);
    // Some providers send an empty one with every chunk.
    if (typeof finish_reason !== "string" || finish_reason === "") return found.length === 1 ? found[0] : null;
    finishReason = toName(finish_reason);
    return null;
  }

  /** Takes the data of an event. Throws a RelayError for what is no chunk, and for an error that the provider reports. */
  function read(data: string): SoleDelta | null {
    done ||= data === "[DONE]";
    if (done) return null;
    const chunk = parseChunk(data);
    if (chunk.error) throw reportedError(chunk.error, accessKey);
    if (chunk.usage) usage = toUsage(chunk.usage);
    const found = (chunk.choices ?? []).map(readChoice);
    return found.length === 1 && !chunk.usage ? found[0] : null;
  }

  /** What has come since the last call. */
  function take(): Delta[] {
    const taken = deltas;
    deltas = [];
    return taken;
  }

  function end(): ProviderEnd {
    push("text", cleaners.text.end());
    if (finishReason === null) {
      throw new RelayError("provider_bad_response", "The provider closed the stream without a finish reason");
    }
    if (NOT_A_FINISH.has(finishReason)) {
      throw new RelayError("provider_error", `The provider ended with the finish reason "${finishReason}"`);
    }
    return { finishReason, usage };
  }

  return { add, read, take, end, isDone: () => done };
}

/** What a choice brings of each kind. */
function deltasOf(delta: Record<string, unknown>): (SoleDelta & Delta)[] {
  const found: (SoleDelta & Delta)[] = [];
  for (const [kind, names] of FIELDS) {
    const field = names.find((name) => (delta[name] ?? null) !== null);
    const text = field === undefined ? undefined : delta[field];
    if (field !== undefined && typeof text === "string" && text !== "") found.push({ kind, field, text });
  }
  return found;
}

function parseChunk(data: string): Chunk {
  try {
    const chunk: unknown = JSON.parse(data);
    if (typeof chunk === "object" && chunk !== null) {
      const { choices } = chunk as Chunk;
      if (choices === undefined || choices === null) return chunk;
      if (Array.isArray(choices) && choices.every(isObject)) return chunk;
    }
  } catch {
    // Falls through: the parser's message would quote the provider.
  }
  throw new RelayError("provider_bad_response", "The provider sent an event that is not a chat completion chunk");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function reportedError(error: NonNullable<Chunk["error"]>, accessKey: string | null): RelayError {
  const said = providerMessage(typeof error === "string" ? error : error.message, accessKey);
  return new RelayError("provider_error", `The provider failed in the middle of the stream${said}`);
}

/** The reason goes into a column, which can hold neither U+0000 nor half a character. */
function toName(reason: string): string {
  return reason.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, "?");
}

function toUsage(reported: Record<string, unknown>): Usage {
  return {
    prompt_tokens: toCount(reported.prompt_tokens),
    completion_tokens: toCount(reported.completion_tokens),
    total_tokens: toCount(reported.total_tokens),
  };
}

/** The database's columns are integers. */
function toCount(value: unknown): number | null {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : null;
}
