/** Chooses the last event of a stream. */

import type { Ending, Outcome } from "../database/finish.ts";
import { RelayError } from "../protocol/errors.ts";
import { frames } from "./frames.ts";

/**
 * The database's word counts, for a cancel may have come first there; without it, the worker's own. `error` is what
 * the worker knows of a failure.
 */
export function terminalFrame(
  streamId: string,
  ending: Ending,
  outcome: Outcome | null,
  error: RelayError | null,
): string {
  const status = outcome?.status ?? ending.status;
  const messageId = outcome?.message_id ?? null;
  if (status === "failed" || status === "interrupted") {
    const code = outcome?.error_code ?? ending.errorCode ?? "internal";
    const known = error?.code === code
      ? error
      : new RelayError(code, "The generation failed");
    return frames.error({
      code,
      message: known.message,
      retryable: known.retryable,
      stream_id: streamId,
      message_id: messageId,
    });
  }
  return frames.done({
    stream_id: streamId,
    message_id: messageId,
    is_complete: status === "completed",
    finish_reason: outcome?.finish_reason ?? ending.finishReason,
    usage: ending.usage,
  });
}
