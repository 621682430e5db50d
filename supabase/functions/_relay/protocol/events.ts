/** The events of a stream: what each carries, and how it is written. */

import type { ErrorCode } from "./errors.ts";
import { RETRY_AFTER_END_MS } from "./limits.ts";

/**
 * The id of a bot, a conversation or a message, as the database has it: a number where its column holds integers,
 * unless JavaScript would round it.
 */
export type Id = string | number;

/** Token counts as the provider reports them. */
export interface Usage {
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  /** The tokens of the prompt that the provider had in its cache; absent: none, or not reported. */
  cached_tokens?: number;
  /** The tokens of the completion that were reasoning; absent: none, or not reported. */
  reasoning_tokens?: number;
  /** In the operator's currency; absent: the model has no price. */
  cost?: number;
}

/** Which part of a story a provider was sent. */
export interface SentContext {
  /** How many messages, without the instructions. */
  messages: number;
  /** How many of the path, before these, were left out; null: too many to count. */
  left_out: number | null;
  /** The message whose memory stands for what is before it; null: none does. */
  memory: Id | null;
}

/** The first event: where the generation stands in its conversation. */
export interface StartData {
  stream_id: string;
  conversation_id: Id;
  bot_id: Id;
  model: string;
  user_message_id: Id | null;
  parent_id: Id | null;
  /** Null where that is not known any more. */
  context: SentContext | null;
}

/** The last event of what was completed, cancelled or left by its client. */
export interface DoneData {
  stream_id: string;
  message_id: Id | null;
  /** Who answered: the bot, or one of its fallbacks; null: not known any more. */
  bot_id: Id | null;
  model: string | null;
  is_complete: boolean;
  finish_reason: string;
  usage: Usage | null;
}

/** The last event of what failed or was interrupted. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  stream_id: string;
  message_id: Id | null;
}

/** One function for each event; it gives the text that is sent. */
export const events = {
  start: (data: StartData) => encodeEvent("start", JSON.stringify(data), 0),
  /** `offset` is the message's length, in UTF-16 code units, after this text. */
  // Written out, because building it from parts costs as much again.
  token: (text: string, offset: number) => `id: ${offset}\nevent: token\ndata: ${dataOf(text)}\n\n`,
  reasoning: (text: string) => encodeEvent("reasoning", text),
  ping: () => encodeEvent("ping", "{}"),
  error: (data: ErrorData) => encodeLast("error", data),
  done: (data: DoneData) => encodeLast("done", data),
};

/**
 * One server-sent event. `data` may have any number of lines that end with LF; a CR must not occur in it, because parsers
 * take it for the end of a line. They also strip one space after a colon, so a space of the text needs one before it.
 */
export function encodeEvent(event: string, data: string, id?: number): string {
  const head = id === undefined ? `event: ${event}\ndata: ` : `id: ${id}\nevent: ${event}\ndata: `;
  return `${head}${dataOf(data)}\n\n`;
}

function dataOf(text: string): string {
  return text.includes("\n") ? text.replaceAll("\n", "\ndata: ") : text;
}

/** Keeps away parsers that connect again by themselves: each of their POSTs would start a generation. */
function encodeLast(event: string, data: ErrorData | DoneData): string {
  return `event: ${event}\nretry: ${RETRY_AFTER_END_MS}\ndata: ${JSON.stringify(data)}\n\n`;
}

const encoder = new TextEncoder();

/** The bytes of events that leave together: one call for all, because a call costs as much as parsing a token. */
export function toBytes(written: string): Uint8Array {
  return encoder.encode(written);
}
