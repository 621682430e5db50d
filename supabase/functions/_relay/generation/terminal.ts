/** Chooses the last event of a stream. */

import type { Outcome } from "../database/finish.ts";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";
import type { Usage } from "../protocol/events.ts";
import { frames } from "./frames.ts";

/** `error` is what the worker knows of a failure, if it was its own. */
export function terminalFrame(
  streamId: string,
  outcome: Outcome,
  usage: Usage | null,
  error: RelayError | null,
): string {
  const { status, finish_reason, message_id, is_complete } = outcome;
  if (status === "failed" || status === "interrupted") {
    const code = outcome.error_code ?? "internal";
    const known = error?.code === code ? error : new RelayError(code, MESSAGES[code] ?? "The generation failed");
    return frames.error({ code, message: known.message, retryable: known.retryable, stream_id: streamId, message_id });
  }
  return frames.done({ stream_id: streamId, message_id, is_complete, finish_reason, usage });
}

/** For a reader who comes later: the words of the failure itself are not stored. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  interrupted: "The generation was interrupted: its worker ended, and what was written is stored",
  timeout: "The generation took too long",
  provider_auth: "The provider refused the key of this bot",
  provider_timeout: "The provider did not answer in time",
  provider_rate_limited: "The provider refused the request: its rate limit was reached",
};
