/** Builds generations for tests: what was asked for, and what was admitted. */

import type { Admission } from "../database/begin.ts";
import type { GenerationRow, View } from "../database/database.ts";
import type { Seat } from "../generation/client_stream.ts";
import { createGeneration, type Generation, type StartedRequest } from "../generation/generation.ts";
import { GENERATION_BYTES, READER_BYTES } from "../platform/memory.ts";
import { makePlatform } from "./platform.ts";

/** An admission of a prompt in a new conversation. */
export function makeAdmission(overrides: Partial<Admission> = {}): Admission {
  return {
    fence: "fence-1",
    conversation_id: "conversation-1",
    bot_id: "bot-1",
    user_message_id: "message-of-user",
    parent_id: "message-of-user",
    access_key: "sk-secret",
    access_path: "https://provider.test/v1",
    api: "chat_completions",
    model: "model-1",
    temperature: 0.7,
    system_prompt: "A secret instruction",
    params: {},
    headers: {},
    takes_system: true,
    first_turn_is_user: false,
    thinks_first: null,
    takes_prefill: false,
    continued: null,
    context: [{ role: "user", content: "A secret prompt" }],
    memory: null,
    left_out: 0,
    reply_tokens: null,
    rate: { limit: 5, remaining: 4, reset_s: 60 },
    ...overrides,
  };
}

/** A seat that is never too small. */
export function makeSeat(end = () => {}): Seat {
  return { fits: () => true, end };
}

/** What a test may want otherwise. */
export type AdmittedOverrides = Partial<Omit<StartedRequest, "admission" | "request">> & {
  admission?: Partial<Admission>;
  request?: Partial<StartedRequest["request"]>;
};

/** A request that came at 2026-01-01T00:00:00Z, when the manual clock starts. */
export function makeAdmitted(overrides: AdmittedOverrides = {}, { memory } = makePlatform()): StartedRequest {
  return {
    streamId: "stream-1",
    userId: "user-1",
    requestId: "request-1",
    startedAt: Date.UTC(2026, 0, 1),
    memory: memory.open("user-1", GENERATION_BYTES),
    seat: memory.open("user-1", READER_BYTES),
    ...overrides,
    admission: makeAdmission(overrides.admission),
    request: { on_disconnect: "stop", ...overrides.request },
  };
}

/** A generation of that request that has said this. */
export function makeGeneration(platform = makePlatform(), text = "", overrides: AdmittedOverrides = {}): Generation {
  const generation = createGeneration(platform, makeAdmitted(overrides, platform));
  generation.transcript.append(text);
  return generation;
}

/** The data of that request's `start`. */
export const START_DATA = {
  stream_id: "stream-1",
  conversation_id: "conversation-1",
  bot_id: "bot-1",
  model: "model-1",
  user_message_id: "message-of-user",
  parent_id: "message-of-user",
  context: { messages: 1, left_out: 0, memory: null },
};

/** The fields of every log line about that request. */
export const LOG_FIELDS = {
  request_id: "request-1",
  user_id: "user-1",
  bot_id: "bot-1",
  conversation_id: "conversation-1",
  stream_id: "stream-1",
  model: "model-1",
};

/** How that generation looks in the database while it runs, with this text from `start` on. */
export function makeView(text: string, row: Partial<GenerationRow> = {}, start = 0, more = false): View {
  const { stream_id: _, context: { messages, left_out }, ...place } = START_DATA;
  const running = { status: "running", message_id: null, finish_reason: null, error_code: null } as const;
  const counts = { prompt_tokens: null, completion_tokens: null, total_tokens: null };
  return {
    generation: { ...place, ...running, ...counts, context_messages: messages, left_out, memory_id: null, ...row },
    start,
    end: text.length,
    text: text.slice(start),
    more,
  };
}

/** The row once the provider has finished. */
export const COMPLETED = { status: "completed", finish_reason: "stop", message_id: "message-1" } as const;

/** The row once its lease has run out. */
export const INTERRUPTED = {
  status: "interrupted",
  finish_reason: "interrupted",
  error_code: "interrupted",
  message_id: "message-1",
} as const;
