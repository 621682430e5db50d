/** The closed vocabulary of failures: one table, and one class that carries its codes. */

/** What the table says of a code. */
interface ErrorEntry {
  /** The HTTP status where no stream has begun. */
  status: number;
  /** Whether the same request may succeed later without a change. */
  retryable: boolean;
  /** Whether a generation can end with it: these are the codes that relay.generations takes. */
  ends: boolean;
  /** The words where there are no better ones. */
  message: string;
}

/** An `error` event after `start` carries the same codes as an answer before it. */
export const ERRORS = {
  invalid_request: { status: 400, retryable: false, ends: false, message: "Cannot accept the request" },
  unauthenticated: { status: 401, retryable: false, ends: false, message: "Cannot authenticate" },
  budget_exceeded: {
    status: 402,
    retryable: false,
    ends: false,
    message: "Cannot start the generation: a budget has too little left",
  },
  forbidden: { status: 403, retryable: false, ends: false, message: "Cannot use the relay" },
  not_admitted: {
    status: 403,
    retryable: false,
    ends: false,
    message: "Cannot start the generation: the operator of this relay does not admit it",
  },
  provider_not_allowed: {
    status: 403,
    retryable: false,
    ends: true,
    message: "Cannot call the provider of this bot: its address is not allowed",
  },
  bot_not_found: { status: 404, retryable: false, ends: false, message: "Cannot find a bot that may answer" },
  conversation_not_found: { status: 404, retryable: false, ends: false, message: "Cannot find the conversation" },
  message_not_found: { status: 404, retryable: false, ends: false, message: "Cannot find the message" },
  not_found: { status: 404, retryable: false, ends: false, message: "Cannot find what was asked for" },
  stream_not_found: { status: 404, retryable: false, ends: false, message: "Cannot find the stream" },
  method_not_allowed: { status: 405, retryable: false, ends: false, message: "Cannot answer this method" },
  stream_id_taken: {
    status: 409,
    retryable: false,
    ends: false,
    message: "Cannot start the generation: its stream_id is taken",
  },
  stream_id_required: {
    status: 409,
    retryable: false,
    ends: false,
    message: "Cannot resume the stream: the request has a Last-Event-ID and no stream_id",
  },
  conversation_busy: {
    status: 409,
    retryable: true,
    ends: false,
    message: "Cannot start the generation yet: the answer before it is still being written",
  },
  payload_too_large: { status: 413, retryable: false, ends: false, message: "Cannot accept so much at once" },
  context_exceeded: {
    status: 413,
    retryable: false,
    ends: true,
    message: "The conversation is longer than what the model can read at once",
  },
  unsupported_media_type: { status: 415, retryable: false, ends: false, message: "Cannot read the body" },
  rate_limited: { status: 429, retryable: true, ends: false, message: "Cannot start the generation yet" },
  too_many_streams: { status: 429, retryable: true, ends: false, message: "Cannot open one more stream" },
  internal: { status: 500, retryable: true, ends: true, message: "The relay failed: its log has the cause" },
  provider_auth: {
    status: 502,
    retryable: false,
    ends: true,
    message: "The provider refused the key of this bot",
  },
  provider_bad_response: {
    status: 502,
    retryable: true,
    ends: true,
    message: "The provider sent an answer that cannot be read to its end",
  },
  provider_error: { status: 502, retryable: true, ends: true, message: "The provider failed" },
  provider_rate_limited: {
    status: 502,
    retryable: true,
    ends: true,
    message: "The provider refused the request: its rate limit was reached",
  },
  provider_refused: {
    status: 502,
    retryable: false,
    ends: true,
    message: "The provider refused the request, and would refuse it again",
  },
  interrupted: {
    status: 503,
    retryable: true,
    ends: true,
    message: "The generation was interrupted: its worker ended, and what was written is stored",
  },
  unavailable: { status: 503, retryable: true, ends: false, message: "Cannot reach the database" },
  overloaded: {
    status: 503,
    retryable: true,
    ends: true,
    message: "Cannot open one more stream: this worker has no memory or no call of the database left",
  },
  provider_timeout: { status: 504, retryable: true, ends: true, message: "The provider did not answer in time" },
  timeout: { status: 504, retryable: true, ends: true, message: "The generation took too long" },
} as const satisfies Record<string, ErrorEntry>;

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

/** What a provider says of a request that its model's window has no room for; null: it does not say. */
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

/** What was not expected becomes one opaque `internal`: its cause is for the log. */
export function toRelayError(error: unknown): RelayError {
  return error instanceof RelayError ? error : new RelayError("internal", undefined, { cause: error });
}
