/** The closed vocabulary of failures: one status for each code, one class that carries them. */

/** The HTTP status of each code; an `error` event after `start` carries the same codes. */
export const STATUS_OF = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  provider_not_allowed: 403,
  bot_not_found: 404,
  conversation_not_found: 404,
  message_not_found: 404,
  not_found: 404,
  stream_not_found: 404,
  method_not_allowed: 405,
  stream_id_taken: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  too_many_streams: 429,
  internal: 500,
  provider_auth: 502,
  provider_bad_response: 502,
  provider_error: 502,
  provider_rate_limited: 502,
  interrupted: 503,
  unavailable: 503,
  provider_timeout: 504,
  timeout: 504,
} as const;

/** A failure's name for programs; it never changes. */
export type ErrorCode = keyof typeof STATUS_OF;

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "rate_limited",
  "too_many_streams",
  "internal",
  "provider_bad_response",
  "provider_error",
  "provider_rate_limited",
  "interrupted",
  "unavailable",
  "provider_timeout",
  "timeout",
]);

/** One thing that is wrong with a request: the path of the field, and what was found there. */
export interface Issue {
  path: string;
  message: string;
}

/** What an error may carry beside its code and message. */
export interface ErrorDetails {
  /** Kept for the log, never sent. */
  cause?: unknown;
  /** Of `invalid_request` alone. */
  issues?: Issue[];
  /** Seconds, for the `Retry-After` header. */
  retryAfter?: number;
}

/** A failure that a client or an operator can act on; `message` may be shown to people. */
export class RelayError extends Error {
  override readonly name = "RelayError";
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.issues = details.issues;
    this.retryAfter = details.retryAfter;
  }

  /** The HTTP status where no stream has begun. */
  get status(): number {
    return STATUS_OF[this.code];
  }

  /** Whether the same request may succeed later without a change. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** What nobody expected becomes one opaque `internal`: its cause is for the log. */
export function toRelayError(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  return new RelayError("internal", "The relay failed: its log has the cause", { cause: error });
}
