/** Why a generation stops before its provider has finished: the reason alone decides how it ends. */

import type { Ending } from "../database/finish.ts";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";

/** What can stop a generation. */
export type StopKind =
  | "cancelled"
  | "disconnected"
  | "timeout"
  | "shutdown"
  | "lost"
  | "failed";

/** The reason that the generation's AbortController is given; `error` is what the client is told, if it failed. */
export class Stop extends Error {
  override readonly name = "Stop";
  readonly kind: StopKind;
  readonly error: RelayError | null;

  constructor(kind: StopKind, error: RelayError | null = null) {
    super(`The generation was stopped: ${kind}`, { cause: error ?? undefined });
    this.kind = kind;
    this.error = error;
  }
}

/** The worker ends, or another has taken the generation over: the client may ask for it again. */
export function interruption(kind: "shutdown" | "lost"): Stop {
  return new Stop(
    kind,
    new RelayError("interrupted", "The generation was interrupted: its worker ended, and what was written is stored"),
  );
}

/** How a stopped generation ends. */
export function endingOf(stop: Stop): Pick<Ending, "status" | "finishReason" | "errorCode"> {
  switch (stop.kind) {
    case "cancelled":
    case "disconnected":
      return { status: stop.kind, finishReason: stop.kind, errorCode: null };
    case "shutdown":
    case "lost":
      return { status: "interrupted", finishReason: "interrupted", errorCode: "interrupted" };
    case "timeout":
      return { status: "failed", finishReason: "timeout", errorCode: codeOf(stop, "timeout") };
    case "failed":
      return { status: "failed", finishReason: "error", errorCode: codeOf(stop, "internal") };
  }
}

function codeOf(stop: Stop, fallback: ErrorCode): ErrorCode {
  return stop.error?.code ?? fallback;
}
