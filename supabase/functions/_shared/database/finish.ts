/** Tells relay_finish how a generation ended. */

import type { ErrorCode } from "../protocol/errors.ts";
import type { Usage } from "../protocol/events.ts";
import type { Rpc } from "./rpc.ts";

/** How a generation can stand at its end. */
export type EndStatus =
  | "completed"
  | "cancelled"
  | "disconnected"
  | "failed"
  | "interrupted";

/** An end as the worker sees it. */
export interface Ending {
  status: EndStatus;
  finishReason: string;
  errorCode: ErrorCode | null;
  content: string;
  usage: Usage | null;
  firstTokenMs: number | null;
}

/** An end as the database has it: of whoever came first. */
export interface Outcome {
  status: EndStatus;
  finish_reason: string;
  error_code: ErrorCode | null;
  message_id: string | null;
  is_complete: boolean;
}

/** May be repeated at will: only the first call counts. Null: there is no such generation. */
export function finish(
  rpc: Rpc,
  streamId: string,
  fence: string,
  ending: Ending,
): Promise<Outcome | null> {
  return rpc("relay_finish", {
    stream_id: streamId,
    fence,
    status: ending.status,
    finish_reason: ending.finishReason,
    error_code: ending.errorCode,
    content: ending.content,
    prompt_tokens: ending.usage?.prompt_tokens ?? null,
    completion_tokens: ending.usage?.completion_tokens ?? null,
    total_tokens: ending.usage?.total_tokens ?? null,
    first_token_ms: ending.firstTokenMs,
  });
}
