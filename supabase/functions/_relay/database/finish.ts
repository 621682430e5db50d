/** Stores with relay_finish how a generation ended. */

import { type EndingCode, type ErrorCode, type RefusedContext, RelayError } from "../protocol/errors.ts";
import type { Id, Usage } from "../protocol/events.ts";
import type { Rpc } from "./rpc.ts";

/** The status of a generation that has ended. */
export type EndStatus = "completed" | "cancelled" | "disconnected" | "failed" | "interrupted";

/** Who answered, or was asked last; null: not known any more. */
export interface Answerer {
  bot_id: Id | null;
  model: string | null;
}

/** One request to a provider. */
export interface Tried {
  botId: Id;
  model: string;
  /** Why it failed; null: it was stopped before it had said something. */
  code: ErrorCode | "answered" | null;
}

/** An ending as the worker sees it. */
export interface Ending {
  status: EndStatus;
  finishReason: string;
  errorCode: EndingCode | null;
  usage: Usage | null;
  firstTokenMs: number | null;
  /** Milliseconds that the relay itself took until it called the provider; null if it did not call it. */
  overheadMs: number | null;
  /** What a refusal for length taught. */
  refusedContext?: RefusedContext;
  /** All requests, if there was more than one or could have been. */
  tries?: Tried[];
  /** The fallback whose answer it is. */
  answeredBy?: Id;
}

/** An ending as the database has it, which keeps the first one. */
export interface StoredEnding extends Answerer {
  status: EndStatus;
  finish_reason: string;
  error_code: ErrorCode | null;
  message_id: Id | null;
  is_complete: boolean;
  /** The message that a memory should be written for now. */
  memory_due?: Id;
  /** The message up to which the story is read for a title, if it has none yet. */
  title_due?: Id;
  /** The cost of what the provider has reported; absent: the model has no price. */
  cost?: number;
}

/** The text of a generation; the database may have the beginning of it. */
export interface EndingText {
  readonly storedUnits: number;
  from(offset: number): string;
}

/**
 * The offset up to which readers on this worker were sent the text; `toOthers`: without the one that may have
 * cancelled.
 */
export interface Sent {
  units: number;
  toOthers: number;
}

/** `running` if the fence is no longer this worker's. */
type Answer = Omit<StoredEnding, "status"> & { status: EndStatus | "running" };

/**
 * May be repeated: only the first call counts. Sends only what the database lacks of the text; a database that has
 * another length says where to begin. Null: there is no such generation, or another worker runs it.
 */
export async function finish(
  rpc: Rpc,
  streamId: string,
  fence: string,
  ending: Ending,
  text: EndingText,
  sent: Sent,
): Promise<StoredEnding | null> {
  let start = text.storedUnits;
  // A beat under way, or a sweep, may move the start between two calls; it cannot do so for ever.
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = await rpc<Answer | { expected_start: number } | null>("relay_finish", {
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
      cached_tokens: ending.usage?.cached_tokens ?? null,
      reasoning_tokens: ending.usage?.reasoning_tokens ?? null,
      first_token_ms: ending.firstTokenMs,
      overhead_ms: ending.overheadMs,
      sent_units: sent.units,
      sent_to_others: sent.toOthers,
      ...(ending.answeredBy !== undefined && { answered_by: String(ending.answeredBy) }),
      ...(ending.tries && {
        tried_bots: ending.tries.map(({ botId }) => String(botId)),
        tried_codes: ending.tries.map(({ code }) => code),
      }),
      ...(ending.refusedContext && {
        refused_window: ending.refusedContext.window,
        refused_tokens: ending.refusedContext.tokens,
      }),
    });
    if (answer === null) return null;
    if ("expected_start" in answer) {
      start = answer.expected_start;
      continue;
    }
    const { status } = answer;
    return status === "running" ? null : { ...answer, status };
  }
  throw new RelayError("unavailable", "Cannot store the message: its start moves", { retryAfter: 1 });
}
