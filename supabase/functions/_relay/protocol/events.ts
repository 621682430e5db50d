/** What a stream says: the JSON that its events carry. */

import type { ErrorCode } from "./errors.ts";

/** Token counts as the provider reports them. */
export interface Usage {
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
}

/** The first event: where the generation stands in the story. */
export interface StartData {
  stream_id: string;
  conversation_id: string;
  bot_id: string;
  model: string;
  user_message_id: string | null;
  parent_id: string | null;
}

/** The last event of what ended as somebody meant it to. */
export interface DoneData {
  stream_id: string;
  message_id: string | null;
  is_complete: boolean;
  finish_reason: string;
  usage: Usage | null;
}

/** The last event of what failed. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  stream_id: string;
  message_id: string | null;
}
