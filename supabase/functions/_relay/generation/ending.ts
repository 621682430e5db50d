/** How a generation ends: the reason why it stopped, the ending that is stored for it, and the last event. */

import type { Answerer, Ending, StoredEnding } from "../database/finish.ts";
import { RelayError, toEndingCode, toRelayError } from "../protocol/errors.ts";
import { events, type Usage } from "../protocol/events.ts";

/** What stops a generation before its provider has finished. `lost`: another worker or a sweep has ended it. */
export type EndKind = "cancelled" | "disconnected" | "timeout" | "shutdown" | "lost" | "failed";

/** The reason of the generation's abort signal; `error` is what its readers see, if it failed. */
export class EndReason extends Error {
  override readonly name = "EndReason";
  readonly kind: EndKind;
  readonly error: RelayError | null;

  constructor(kind: EndKind, error: RelayError | null = null) {
    super(`The generation was stopped: ${kind}`, { cause: error ?? undefined });
    this.kind = kind;
    this.error = error;
  }
}

/** Makes the reason for the end of a generation from what was thrown while it ran. */
export function toEndReason(thrown: unknown): EndReason {
  return thrown instanceof EndReason ? thrown : new EndReason("failed", toRelayError(thrown));
}

/** The ending of a generation that was stopped. Usage and times are null; the caller may fill them in. */
export function endingOf({ kind, error }: EndReason): Ending {
  const rest = { usage: null, firstTokenMs: null, overheadMs: null };
  switch (kind) {
    case "cancelled":
    case "disconnected":
      return { status: kind, finishReason: kind, errorCode: null, ...rest };
    case "shutdown":
    case "lost":
      return { status: "interrupted", finishReason: "interrupted", errorCode: "interrupted", ...rest };
    case "timeout":
      return { status: "failed", finishReason: "timeout", errorCode: toEndingCode(error?.code ?? "timeout"), ...rest };
    case "failed":
      return {
        ...{ status: "failed", finishReason: "error", errorCode: toEndingCode(error?.code ?? "internal"), ...rest },
        ...(error?.refusedContext && { refusedContext: error.refusedContext }),
      };
  }
}

/** What readers see of an ending that the database has not stored. */
export function notStored({ status, finishReason, errorCode }: Ending, answerer: Answerer): StoredEnding {
  const is_complete = status === "completed";
  return { status, finish_reason: finishReason, error_code: errorCode, message_id: null, is_complete, ...answerer };
}

/**
 * The last event of a stream. `error` is the failure as this worker knows it: its message is not stored, and later
 * readers get the default message of the code.
 */
export function lastEvent(
  streamId: string,
  { status, finish_reason, error_code, message_id, is_complete, bot_id, model }: StoredEnding,
  usage: Usage | null,
  error: RelayError | null = null,
): string {
  if (status !== "failed" && status !== "interrupted") {
    return events.done({ stream_id: streamId, message_id, bot_id, model, is_complete, finish_reason, usage });
  }
  const code = toEndingCode(error_code ?? "internal");
  const { message, retryable } = error?.code === code ? error : new RelayError(code);
  return events.error({ code, message, retryable, stream_id: streamId, message_id });
}
