/** Tells relay_finish how a generation ended. */

import { type ErrorCode, RelayError } from "../protocol/errors.ts";
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
  usage: Usage | null;
  firstTokenMs: number | null;
  /** What the relay itself took until it called the provider; null where it did not call. */
  overheadMs: number | null;
}

/** An end as the database has it: of whoever came first. */
export interface Outcome {
  status: EndStatus;
  finish_reason: string;
  error_code: ErrorCode | null;
  message_id: string | null;
  is_complete: boolean;
}

/** What relay_finish says; `running` where the fence is not this worker's any more. */
type Answer = Omit<Outcome, "status"> & { status: EndStatus | "running" };

/** The text of a generation, of which the database may have the beginning. */
export interface EndingText {
  readonly storedUnits: number;
  from(offset: number): string;
}

/**
 * May be repeated at will: only the first call counts. Only what the database lacks of the text is sent; a database that
 * knows otherwise says where to begin. Null: there is no such generation, or another worker runs it.
 */
export async function finish(
  rpc: Rpc,
  streamId: string,
  fence: string,
  ending: Ending,
  text: EndingText,
): Promise<Outcome | null> {
  const call = (start: number) =>
    rpc<Answer | { expected_start: number } | null>("relay_finish", {
      stream_id: streamId,
      fence,
      status: ending.status,
      finish_reason: ending.finishReason,
      error_code: ending.errorCode,
      content: text.from(start),
      start_at: start,
      prompt_tokens: ending.usage?.prompt_tokens ?? null,
      completion_tokens: ending.usage?.completion_tokens ?? null,
      total_tokens: ending.usage?.total_tokens ?? null,
      first_token_ms: ending.firstTokenMs,
      overhead_ms: ending.overheadMs,
    });
  let start = text.storedUnits;
  // A beat under way, or a sweep, may move the beginning between two calls; it cannot do so for ever.
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = await call(start);
    if (answer === null) return null;
    if ("expected_start" in answer) {
      start = answer.expected_start;
      continue;
    }
    const { status } = answer;
    return status === "running" ? null : { ...answer, status };
  }
  throw new RelayError("unavailable", "Cannot store the message: its beginning moves", { retryAfter: 1 });
}
