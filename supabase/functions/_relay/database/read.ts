/** Asks relay_read how generations stand that others run, or that have ended. */

import type { ErrorCode } from "../protocol/errors.ts";
import type { Usage } from "../protocol/events.ts";
import type { EndStatus } from "./finish.ts";
import type { Rpc } from "./rpc.ts";

/** A generation's row, as far as a reader needs it. */
export interface GenerationRow {
  status: "running" | EndStatus;
  conversation_id: string | null;
  bot_id: string | null;
  user_message_id: string | null;
  parent_id: string | null;
  message_id: string | null;
  model: string;
  finish_reason: string | null;
  error_code: ErrorCode | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
}

/** The message of a generation that has ended. */
export interface MessageRow {
  id: string;
  conversation_id: string;
  bot_id: string | null;
  parent_id: string | null;
  is_complete: boolean;
  finish_reason: string | null;
  usage: Usage | null;
}

/** The text begins at the offset `start`; null where there is none. The generation's row is forgotten in time. */
export interface View {
  generation: GenerationRow | null;
  message?: MessageRow | null;
  start: number | null;
  text: string | null;
}

/** Who reads what, and how much of the text they have. */
export interface Reading {
  userId: string;
  streamId: string;
  from: number;
}

/** One round trip for all; null: unknown, or another user's. */
export function read(rpc: Rpc, readings: Reading[]): Promise<(View | null)[]> {
  return rpc("relay_read", {
    user_ids: readings.map((reading) => reading.userId),
    stream_ids: readings.map((reading) => reading.streamId),
    from_units: readings.map((reading) => reading.from),
  });
}
