/** Reads the chunks of a chat completion: what each adds to the text, and how it ended. */

import type { Usage } from "../../protocol/events.ts";
import { RelayError } from "../../protocol/errors.ts";
import { providerMessage } from "./errors.ts";
import type { Delta, ProviderEnd } from "../provider.ts";
import { createTextCleaner } from "../clean_text.ts";

/** A piece of the answer, and the field of the chunk that it came in. */
export interface Piece {
  kind: Delta["kind"];
  field: string;
}

/** Takes the data of events, collects clean deltas. */
export interface ChunkReader {
  /**
   * Throws a RelayError for what is no chunk, and for an error that the provider reports amid the stream. Gives the piece
   * where the chunk brought that one and nothing else; what comes behind `[DONE]` is not read.
   */
  read(data: string): Piece | null;
  /** A piece of a chunk that brought nothing else. */
  add(kind: Delta["kind"], text: string): void;
  /** What has come since the last call; neighbours of a kind are one delta. */
  take(): Delta[];
  /** True once nothing more will come. */
  readonly done: boolean;
  /** Throws `provider_bad_response` where the provider did not say that it had finished. */
  end(): ProviderEnd;
}

/** These mean that the relay ended a generation; a provider that uses one has not finished by itself. */
const NOT_A_FINISH = new Set(["cancelled", "disconnected", "timeout", "interrupted", "error"]);

/** Where providers put what the model writes; the first field that is there counts. */
const FIELDS: Record<Delta["kind"], string[]> = {
  reasoning: ["reasoning_content", "reasoning"],
  text: ["content", "refusal"],
};

const KINDS = ["reasoning", "text"] as const;

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

/** `accessKey` is kept out of whatever the provider says of an error. */
export function createChunkReader(accessKey: string | null): ChunkReader {
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

  /** The piece that a choice brings; null where it brings none, or more than one thing. */
  function readChoice(choice: Choice): Piece | null {
    if (choice.index !== undefined && choice.index !== 0) return null;
    const delta = choice.delta ?? {};
    const pieces: Piece[] = [];
    for (const kind of KINDS) {
      const field = FIELDS[kind].find((name) => (delta[name] ?? null) !== null);
      const value = field && delta[field];
      if (!value || typeof value !== "string") continue;
      add(kind, value);
      pieces.push({ kind, field: field! });
    }
    // Some providers send an empty one with every chunk.
    const reason = choice.finish_reason;
    if (typeof reason === "string" && reason !== "") {
      finishReason = toName(reason);
      return null;
    }
    return pieces.length === 1 ? pieces[0] : null;
  }

  return {
    read(data) {
      if (done) return null;
      if (data === "[DONE]") {
        done = true;
        return null;
      }
      const chunk = parseChunk(data);
      if (chunk.error) throw reportedError(chunk.error, accessKey);
      if (chunk.usage) usage = toUsage(chunk.usage);
      const choices = chunk.choices ?? [];
      const pieces = choices.map(readChoice);
      return choices.length === 1 && !chunk.usage ? pieces[0] : null;
    },
    add,
    take() {
      const taken = deltas;
      deltas = [];
      return taken;
    },
    get done() {
      return done;
    },
    end() {
      push("text", cleaners.text.end());
      if (finishReason === null) {
        throw new RelayError("provider_bad_response", "The provider closed the stream without a finish reason");
      }
      if (NOT_A_FINISH.has(finishReason)) {
        throw new RelayError("provider_error", `The provider ended with the finish reason "${finishReason}"`);
      }
      return { finishReason, usage };
    },
  };
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
    // Falls through: the text of the failure would quote the provider.
  }
  throw new RelayError("provider_bad_response", "The provider sent an event that is not a chat completion chunk");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function reportedError(error: NonNullable<Chunk["error"]>, accessKey: string | null): RelayError {
  const said = providerMessage(typeof error === "string" ? error : error.message, accessKey);
  return new RelayError("provider_error", `The provider failed amid the stream${said}`);
}

/** The reason goes into a column, which takes neither U+0000 nor half a character. */
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
  return Number.isInteger(value) && Number(value) >= 0 &&
      Number(value) < 2 ** 31
    ? Number(value)
    : null;
}
