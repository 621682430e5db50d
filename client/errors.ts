/** What a client of the relay can fail with: one class, one closed union of codes. */

import type { ErrorCode, Issue } from "../supabase/functions/_relay/protocol/errors.ts";

/**
 * The relay's own codes, and two for what is no word of the relay's. `unreachable`: no answer, or an answer that broke
 * off. `unexpected_response`: an answer that no relay gives.
 */
export type ClientErrorCode = ErrorCode | "unreachable" | "unexpected_response";

/** What an error may know beside its code and message. */
export interface ClientErrorDetails {
  /** The HTTP status; absent where there was no answer, or where the stream had begun. */
  status?: number;
  /** Whether the same request may succeed later without a change. */
  retryable?: boolean;
  /** Seconds that the relay asks to wait. */
  retryAfter?: number;
  /** Of `invalid_request` alone. */
  issues?: Issue[];
  /** The stored message, where there was text before the failure. */
  messageId?: string | null;
  cause?: unknown;
}

/** A failed generation or request. `code` is for programs, `message` for people. */
export class RelayClientError extends Error {
  override readonly name = "RelayClientError";
  declare readonly status: number | undefined;
  declare readonly retryable: boolean;
  declare readonly retryAfter: number | undefined;
  declare readonly issues: Issue[];
  declare readonly messageId: string | null;

  constructor(readonly code: ClientErrorCode, message: string, { cause, ...details }: ClientErrorDetails = {}) {
    super(message, { cause });
    Object.assign(this, { retryable: false, issues: [], messageId: null }, details);
  }
}

/** No answer, or one that broke off: the same request may be sent again. */
export function unreachable(message: string, cause?: unknown) {
  return new RelayClientError("unreachable", message, { retryable: true, cause });
}

/** What ended a request: the reason that it was aborted with, a failure with a type, or the network. */
export function failureOf(cause: unknown, signal: AbortSignal, message: string): RelayClientError {
  return signal.reason ??
    (cause instanceof RelayClientError ? cause : unreachable(message, cause));
}
