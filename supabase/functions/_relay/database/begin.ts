/** Asks relay_begin whether a generation may run. */

import type { Platform } from "../platform/platform.ts";
import { type ErrorCode, type Issue, RelayError } from "../protocol/errors.ts";
import type { Id } from "../protocol/events.ts";
import { MAX_CONTEXT_CHARACTERS, MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import type { StreamRequest } from "../protocol/requests.ts";
import { bytesIn, MESSAGE_BYTES } from "../protocol/sizes.ts";
import { type Budget, wordsOf } from "./budget.ts";
import type { Rpc } from "./rpc.ts";

/** How much of a user's rate limit is left. */
export interface Rate {
  limit: number;
  remaining: number;
  /** Seconds until the oldest generation of the last minute no longer counts. */
  reset_s: number;
}

/** What it takes to call a bot's provider. */
export interface CalledBot {
  bot_id: Id;
  access_key: string | null;
  access_path: string;
  api: string;
  model: string;
  temperature: number | null;
  params: Record<string, unknown>;
  headers: Record<string, string>;
  takes_system: boolean;
  first_turn_is_user: boolean;
  thinks_first: boolean | null;
  takes_prefill: boolean;
  /** The bot's own limit of its answer. */
  reply_tokens: number | null;
}

/** An admitted generation: everything that its worker needs. */
export interface Admission extends CalledBot {
  fence: string;
  conversation_id: Id;
  user_message_id: Id | null;
  parent_id: Id | null;
  system_prompt: string | null;
  /** The bot is not asked, because its provider has failed too often; there is a fallback. */
  rests: boolean;
  /** Asked in this order once the provider of the one before has failed. */
  fallbacks: CalledBot[];
  /** The text of the answer that is continued: the generation's own begins with it. */
  continued: string | null;
  context: { role: "user" | "assistant"; content: string }[];
  /** The memory that is sent in place of the path up to its message. */
  memory: { message_id: Id; content: string } | null;
  /** How many messages of the path were left out before these; null: too many to count. */
  left_out: number | null;
  rate: Rate;
}

/** What would be sent. */
export interface Preview {
  bot_id: Id;
  bot_reason: "explicit" | "conversation" | "default" | "latest" | "hook";
  model: string;
  conversation_id: Id | null;
  parent_id: Id | null;
  system_prompt: string | null;
  takes_system: boolean;
  takes_prefill: boolean;
  /**
   * Messages of the stored path, then the prompt or the text that is continued; `bytes` is what tokens are estimated
   * from.
   */
  messages: { role: "user" | "assistant"; characters: number; bytes: number; message_id: Id | null }[];
  /** `bytes` is what tokens are estimated from, the heading included; it is a part of `fixed_bytes`. */
  memory: { message_id: Id; characters: number; bytes: number } | null;
  left_out: number | null;
  /** The bytes of the instructions, and of what else is sent with the messages. */
  fixed_bytes: number;
  bytes_per_token: number;
  context_tokens: number | null;
  reply_tokens: number | null;
  fits: boolean;
}

/** A refusal, or the user's own stream_id again. */
interface Refusal {
  outcome: "refused" | "exists";
  code: ErrorCode;
  rate: Rate;
  retry_after_s?: number;
  characters?: number;
  /** What is wrong with an answer that cannot be continued: null, if it is a user's message. */
  field?: "continue_of";
  units?: number | null;
  /** Of `conversation_busy`: the generation that runs, and whether it is about to end. */
  stream_id?: string;
  ends_soon?: boolean;
  tokens?: number;
  context_tokens?: number;
  /** Of `too_many_streams`: how many may run, which the admission hook may have set. */
  limit?: number;
  /** Of `not_admitted`: the hook's own words. */
  words?: string;
  /** Of `internal`: what is wrong with the hook, for the log. */
  cause?: string;
  /** Of `budget_exceeded`: when it begins again; absent: never. */
  resets_at?: string;
  budget?: Budget;
}

/** An adopted table of conversations may have columns that only the project itself can fill. */
const NO_NEW_CONVERSATIONS = {
  path: "conversation_id",
  message: "Must be given, because only the app itself can make a conversation in this database",
};

/** The admission, or that the user has this stream_id already, or the error for the client. */
export type BeginAnswer =
  & { rate: Rate }
  & ({ admission: Admission } | { exists: true } | { refusal: RelayError; characters?: number; endsSoon?: boolean });

/** What a worker asks to begin. */
export interface Start {
  userId: string;
  /** What the admission hook learns about the user, from the token; the metadata is JSON. */
  isAnonymous: boolean;
  appMetadata: string;
  streamId: string;
  /** Made by the worker: the same one again gets the same answer. */
  fence: string;
  request: StreamRequest;
  /** A stored path with more characters is refused with its length, and nothing is written. */
  maxContext: number;
  /** If the model's window cuts the path, at most so many characters of it are taken. */
  maxRoom: number;
}

/** The preview, or the error for the client. */
export type PreviewAnswer = { rate: Rate } & ({ preview: Preview } | { refusal: RelayError });

/** One round trip; rejects as `Rpc` does. */
export async function begin(rpc: Rpc, platform: Asking, start: Start): Promise<BeginAnswer> {
  const answer = await rpc<Refusal | (Admission & { outcome: "admitted" })>(
    "relay_begin",
    argumentsOf(platform, start),
  );
  if (answer.outcome === "admitted") {
    const context = start.request.messages?.slice(answer.left_out ?? 0) ?? answer.context;
    // The database puts it where it is sent: at the end.
    const continued = start.request.continue_of === undefined ? null : context.pop()!.content;
    return { admission: { ...answer, context, continued }, rate: answer.rate };
  }
  if (answer.outcome === "exists") return { exists: true, rate: answer.rate };
  return { ...refusalOf(answer, start), characters: answer.characters, endsSoon: answer.ends_soon };
}

/** The sizes of what `begin` would send; nothing is written. */
export async function preview(rpc: Rpc, platform: Asking, start: Start): Promise<PreviewAnswer> {
  const answer = await rpc<Refusal | (Preview & { outcome: "previewed"; rate: Rate })>(
    "relay_begin",
    { ...argumentsOf(platform, start), preview: true },
  );
  return answer.outcome === "previewed" ? { preview: answer, rate: answer.rate } : refusalOf(answer, start);
}

type Asking = Pick<Platform, "workerId" | "configuration">;

function argumentsOf(
  { workerId, configuration }: Asking,
  { userId, isAnonymous, appMetadata, streamId, fence, request, maxContext, maxRoom }: Start,
) {
  return {
    user_id: userId,
    stream_id: streamId,
    worker_id: workerId,
    prompt: request.prompt ?? null,
    reroll_of: textOf(request.reroll_of),
    continue_of: textOf(request.continue_of),
    answer_to: textOf(request.answer_to),
    conversation_id: textOf(request.conversation_id),
    bot_id: textOf(request.bot_id),
    parent_id: textOf(request.parent_id),
    parent_is_given: request.parent_id !== undefined,
    context_is_given: request.messages !== undefined,
    system_bytes: bytesIn(request.system ?? ""),
    given_bytes: request.messages === undefined ? null : sizesOf(request.messages),
    rate_limit: configuration.rateLimitPerMinute,
    max_concurrent: configuration.maxConcurrent,
    lease_ms: configuration.leaseMs,
    max_context: maxContext,
    max_room: maxRoom,
    fence,
    is_anonymous: isAnonymous,
    app_metadata: appMetadata,
  };
}

/** A context is cut only at a user's message, so the messages that follow one count with it. */
function sizesOf(messages: NonNullable<StreamRequest["messages"]>): number[] {
  const sizes = messages.map(() => 0);
  let cut = 0;
  for (const [index, { role, content }] of messages.entries()) {
    if (role === "user") cut = index;
    sizes[cut] += bytesIn(content) + MESSAGE_BYTES;
  }
  return sizes;
}

function refusalOf(
  answer: Refusal,
  { request }: Start,
): { refusal: RelayError; rate: Rate } {
  const refusal = new RelayError(answer.code, reasonOf(answer, request), {
    cause: answer.cause,
    retryAfter: answer.retry_after_s,
    streamId: answer.stream_id,
    resetsAt: answer.resets_at,
    ...(answer.code === "invalid_request" ? { issues: [issueOf(answer)] } : {}),
  });
  return { refusal, rate: answer.rate };
}

/** The database casts it to the type of its own ids. */
function textOf(id: Id | null | undefined): string | null {
  return id === undefined || id === null ? null : String(id);
}

function issueOf({ field, units }: Refusal): Issue {
  if (field === undefined) return NO_NEW_CONVERSATIONS;
  const isLong = units !== null && units !== undefined && units >= MAX_MESSAGE_UNITS;
  return {
    path: field,
    message: isLong
      ? `Must be an answer of less than ${MAX_MESSAGE_UNITS} UTF-16 units; this one has ${units}`
      : "Must be an answer with a text; a user's message cannot be continued",
  };
}

/** The messages that need numbers; the others are those of the code. */
function reasonOf(
  refusal: Refusal,
  request: StreamRequest,
): string | undefined {
  switch (refusal.code) {
    case "rate_limited":
      return `Cannot start the generation: the limit is ${refusal.rate.limit} in a minute`;
    case "too_many_streams":
      return `Cannot start the generation: the limit is ${refusal.limit} at once`;
    case "not_admitted":
      return refusal.words || undefined;
    case "overloaded":
      return "Cannot start the generation: other starts of this user are not through yet";
    case "invalid_request":
      return `Cannot accept the request: see issues for ${issueOf(refusal).path}`;
    case "budget_exceeded":
      return refusal.budget && `Cannot start the generation: ${wordsOf(refusal.budget)}`;
    case "context_exceeded":
      return `Cannot send ${
        whatIsSent(request)
      }: with the bot's instructions it has about ${refusal.tokens} tokens, and the model reads ${refusal.context_tokens} at once`;
    case "payload_too_large":
      return `Cannot send the conversation: its path has ${refusal.characters} characters, the limit is ${MAX_CONTEXT_CHARACTERS}`;
  }
}

/** What is never left out of a context. */
function whatIsSent({ prompt, continue_of }: StreamRequest): string {
  if (prompt !== undefined) return "the prompt";
  return continue_of === undefined ? "the message that is answered" : "the answer that is continued, and its prompt";
}
