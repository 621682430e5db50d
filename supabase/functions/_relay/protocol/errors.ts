/** The closed vocabulary of failures: one table, and one class that carries its codes. */

// `status` is the HTTP status if no stream has begun, `message` the default message.

/** The same request would be refused again. */
const refused = (status: number, message: string) => ({ status, retryable: false, ends: false, message }) as const;

/** The same request may succeed later. */
const delayed = (status: number, message: string) => ({ status, retryable: true, ends: false, message }) as const;

/** A generation can end with it, and would again. relay.generations takes this code and the following ones. */
const lost = (status: number, message: string) => ({ status, retryable: false, ends: true, message }) as const;

/** A generation can end with it, and another try may succeed. */
const failed = (status: number, message: string) => ({ status, retryable: true, ends: true, message }) as const;

/** An `error` event after `start` carries the same codes as an answer before it. */
export const ERRORS = {
  invalid_request: refused(400, "Cannot accept the request"),
  unauthenticated: refused(401, "Cannot authenticate"),
  budget_exceeded: refused(402, "Cannot start the generation: a budget has too little left"),
  forbidden: refused(403, "Cannot use the relay"),
  not_admitted: refused(403, "Cannot start the generation: the operator of this relay does not admit it"),
  provider_not_allowed: lost(403, "Cannot call the provider of this bot: its address is not allowed"),
  bot_not_found: refused(404, "Cannot find a bot that may answer"),
  conversation_not_found: refused(404, "Cannot find the conversation"),
  message_not_found: refused(404, "Cannot find the message"),
  not_found: refused(404, "Cannot find what was asked for"),
  stream_not_found: refused(404, "Cannot find the stream"),
  method_not_allowed: refused(405, "Cannot answer this method"),
  stream_id_taken: refused(409, "Cannot start the generation: its stream_id is taken"),
  stream_id_required: refused(409, "Cannot resume the stream: the request has a Last-Event-ID and no stream_id"),
  conversation_busy: delayed(409, "Cannot start the generation yet: the answer before it is still being written"),
  payload_too_large: refused(413, "Cannot accept so much at once"),
  context_exceeded: lost(413, "The conversation is longer than what the model can read at once"),
  unsupported_media_type: refused(415, "Cannot read the body"),
  rate_limited: delayed(429, "Cannot start the generation yet"),
  too_many_streams: delayed(429, "Cannot open one more stream"),
  internal: failed(500, "The relay failed: its log has the cause"),
  provider_auth: lost(502, "The provider refused the key of this bot"),
  provider_bad_response: failed(502, "The provider sent an answer that cannot be read to its end"),
  provider_error: failed(502, "The provider failed"),
  provider_rate_limited: failed(502, "The provider refused the request: its rate limit was reached"),
  provider_refused: lost(502, "The provider refused the request, and would refuse it again"),
  interrupted: failed(503, "The generation was interrupted: its worker ended, and what was written is stored"),
  unavailable: delayed(503, "Cannot reach the database"),
  overloaded: failed(503, "Cannot open one more stream: this worker has no memory or no call of the database left"),
  provider_timeout: failed(504, "The provider did not answer in time"),
  timeout: failed(504, "The generation took too long"),
};

/** A failure's name for programs; it never changes. */
export type ErrorCode = keyof typeof ERRORS;

/** The codes that a generation can end with. */
export type EndingCode = { [C in ErrorCode]: (typeof ERRORS)[C]["ends"] extends true ? C : never }[ErrorCode];

/** Gives `internal` for a code that cannot end a generation, or that this worker does not know. */
export function toEndingCode(code: ErrorCode): EndingCode {
  return Object.hasOwn(ERRORS, code) && ERRORS[code].ends ? code as EndingCode : "internal";
}

/** One thing that is wrong with a request: the path of the field, and what was found there. */
export interface Issue {
  path: string;
  message: string;
}

/** What an error may carry in addition to its code and message. */
export interface ErrorDetails {
  /** Kept for the log, never sent. */
  cause?: unknown;
  /** Of `invalid_request` alone. */
  issues?: Issue[];
  /** Seconds, for the `Retry-After` header; of a provider's refusal: those that it named, never sent. */
  retryAfter?: number;
  /** Of `conversation_busy` alone: the generation that runs. */
  streamId?: string;
  /** Of `budget_exceeded` alone: when the budget begins again, as an ISO time; absent: never. */
  resetsAt?: string;
  /** Of a provider's `context_exceeded`: what it named. Kept for the database, never sent. */
  refusedContext?: RefusedContext;
}

/** A provider's numbers for a request that the model's window has no room for; null: it names none. */
export interface RefusedContext {
  /** The tokens that the model reads at once. */
  window: number | null;
  /** The tokens of the messages, as the provider counts them. */
  tokens: number | null;
}

/** A failure that a client or an operator can act on; `message` may be shown to people. */
export class RelayError extends Error {
  override readonly name = "RelayError";
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;
  readonly retryAfter: number | undefined;
  readonly streamId: string | undefined;
  readonly resetsAt: string | undefined;
  readonly refusedContext: RefusedContext | undefined;

  constructor(code: ErrorCode, message: string = ERRORS[code].message, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.issues = details.issues;
    this.retryAfter = details.retryAfter;
    this.streamId = details.streamId;
    this.resetsAt = details.resetsAt;
    this.refusedContext = details.refusedContext;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** An unexpected error becomes one opaque `internal`; its cause is for the log. */
export function toRelayError(error: unknown): RelayError {
  return error instanceof RelayError ? error : new RelayError("internal", undefined, { cause: error });
}
