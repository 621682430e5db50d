/** What a client of the relay can fail with: one class, one closed union of codes. */

/** The relay's codes, as docs/errors.md lists them. */
export type ErrorCode =
  | "invalid_request"
  | "unauthenticated"
  | "budget_exceeded"
  | "forbidden"
  | "not_admitted"
  | "provider_not_allowed"
  | "bot_not_found"
  | "conversation_not_found"
  | "message_not_found"
  | "not_found"
  | "stream_not_found"
  | "method_not_allowed"
  | "stream_id_taken"
  | "stream_id_required"
  | "conversation_busy"
  | "payload_too_large"
  | "context_exceeded"
  | "unsupported_media_type"
  | "rate_limited"
  | "too_many_streams"
  | "internal"
  | "provider_auth"
  | "provider_bad_response"
  | "provider_error"
  | "provider_rate_limited"
  | "provider_refused"
  | "interrupted"
  | "unavailable"
  | "overloaded"
  | "provider_timeout"
  | "timeout";

/**
 * The relay's codes, and two for what the relay did not say. `unreachable`: no answer, or an answer that broke off.
 * `unexpected_response`: an answer that no relay gives.
 */
export type ClientErrorCode = ErrorCode | "unreachable" | "unexpected_response";

/** One thing that is wrong with a request: the path of the field, and what was found there. */
export interface Issue {
  path: string;
  message: string;
}

/** What an error may have in addition to its code and message. */
export interface ClientErrorDetails {
  /** The HTTP status; absent if there was no answer, or the stream had begun. */
  status?: number | undefined;
  /** Whether the same request may succeed later without a change. */
  retryable?: boolean;
  /** Seconds that the relay asks to wait. */
  retryAfter?: number | undefined;
  /** Of `invalid_request` alone. */
  issues?: Issue[];
  /** Of `conversation_busy` alone: the generation that runs. */
  streamId?: string | undefined;
  /** The stored message, if there was text before the failure. */
  messageId?: string | number | null;
  cause?: unknown;
}

/** A failed generation or request. `code` is for programs, `message` for people. */
export class RelayClientError extends Error {
  declare readonly code: ClientErrorCode;
  declare readonly status: number | undefined;
  declare readonly retryable: boolean;
  declare readonly retryAfter: number | undefined;
  declare readonly issues: Issue[];
  declare readonly streamId: string | undefined;
  declare readonly messageId: string | number | null;

  constructor(code: ClientErrorCode, message: string, { cause, ...details }: ClientErrorDetails = {}) {
    super(message, { cause });
    Object.assign(this, { name: "RelayClientError", code, retryable: false, issues: [], messageId: null }, details);
  }
}

/** No answer, or one that broke off: the same request may be sent again. */
export function unreachable(message: string, cause?: unknown): RelayClientError {
  return new RelayClientError("unreachable", message, { retryable: true, cause });
}

/** What ended a request: the reason that it was aborted with, a typed failure, or the network. */
export function failureOf(cause: unknown, signal: AbortSignal, message: string): RelayClientError {
  return signal.reason ??
    (cause instanceof RelayClientError ? cause : unreachable(message, cause));
}
