/** Turns the failures of a provider's request into the relay's own errors. */

import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai";
import { type ErrorCode, type ErrorDetails, RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_MESSAGE_CHARACTERS } from "../protocol/limits.ts";
import { TransportError } from "../transport/answer.ts";
import { type Secrets, withoutSecrets } from "./redact.ts";
import { type Problem, readProblem } from "./problem.ts";
import { readRefusedContext } from "./window.ts";

/** An answer with another status than 2xx; its body is for `refusedWith` alone. */
export class ProviderRefusal extends Error {
  override readonly name = "ProviderRefusal";

  /** `retryAfter`: the header of that name. */
  constructor(readonly status: number, readonly body: string, readonly retryAfter: string | null = null) {
    super(`The provider answered with status ${status}`);
  }
}

/** Only the message of an answer's body is passed on, cut and without the bot's secrets. */
export function toProviderError(error: unknown, secrets: Secrets): RelayError {
  if (error instanceof RelayError) return error;
  if (error instanceof APIError && error.cause instanceof RelayError) return error.cause;
  const refusal = refusalOf(error);
  if (refusal !== null) return refusedWith(refusal, secrets);
  if (error instanceof APIConnectionTimeoutError) {
    return new RelayError("provider_timeout", "The provider did not answer in time");
  }
  if (error instanceof APIConnectionError) {
    const { cause } = error;
    // Of the relay's own words, which never quote the provider, those that say what is wrong with its answer.
    const words = cause instanceof TransportError && /answer/.test(cause.message)
      ? cause.message
      : "Cannot reach the provider";
    return new RelayError("provider_error", words, { cause: reasonOf(error, secrets) });
  }
  return new RelayError(
    "provider_bad_response",
    "The provider's answer broke off before it was finished",
    { cause: reasonOf(error, secrets) },
  );
}

/** The openai package wraps what its `fetch` throws. */
export function refusalOf(error: unknown): ProviderRefusal | null {
  if (error instanceof ProviderRefusal) return error;
  return error instanceof APIError && error.cause instanceof ProviderRefusal ? error.cause : null;
}

/** For the log: the runtime's message quotes the URL, and its query may hold a key. */
function reasonOf(error: unknown, secrets: Secrets): string {
  let deepest = error;
  for (let depth = 0; depth < 5; depth++) {
    if (!(deepest instanceof Error && deepest.cause instanceof Error)) break;
    deepest = deepest.cause;
  }
  if (!(deepest instanceof Error)) return typeof deepest;
  const said = `${deepest.name}: ${deepest.message}`;
  return withoutSecrets(said, secrets).replaceAll(/(https?:\/\/[^\s?)]*)\?[^\s)]*/g, "$1");
}

function refusedWith({ status, body, retryAfter }: ProviderRefusal, secrets: Secrets): RelayError {
  if (status >= 300 && status < 400) {
    return new RelayError(
      "provider_error",
      `The provider answered with a redirect (status ${status}), which is not followed`,
    );
  }
  const problem = readProblem(body);
  const code = codeOf(problem, status);
  if (code === "provider_auth") {
    return new RelayError(code, `The provider refused the key of this bot with status ${status}`);
  }
  const words = providerMessage(problem.said, secrets);
  return new RelayError(code, `The provider refused the request with status ${status}${words}`, {
    ...taught(code, problem),
    ...((status === 429 || status === 503) && { retryAfter: secondsOf(retryAfter) }),
  });
}

/** A date is too coarse for the seconds that count. */
function secondsOf(retryAfter: string | null): number | undefined {
  return /^\d{1,9}(?:\.\d{1,9})?$/.test(retryAfter?.trim() ?? "") ? Number(retryAfter) : undefined;
}

/** An error that came under status 200; `where` begins the message. */
export function reportedError(problem: Problem, where: string, secrets: Secrets): RelayError {
  const code = codeOf(problem, null);
  // The words of an authentication error stay here: providers quote parts of the key in it, and a bot may be shared.
  if (code === "provider_auth") return new RelayError(code);
  return new RelayError(code, `${where}${providerMessage(problem.said, secrets)}`, taught(code, problem));
}

function taught(code: ErrorCode, { said }: Problem): ErrorDetails {
  return code === "context_exceeded" ? { refusedContext: readRefusedContext(said.join("\n")) } : {};
}

const CONTEXT_CODES =
  /context_length|context_window|context_too_long|prompt_too_long|max_context|exceed_context|tokens_limit|string_above_max_length/;
const CONTEXT_WORDS = new RegExp(
  [
    "context (?:length|window|size)",
    "(?:maximum|max) (?:model )?(?:context|prompt|input) (?:length|tokens?|size)",
    "(?:prompt|input|message|request|text) (?:is|are|was)? ?too (?:long|large|many tokens)",
    "too many (?:input )?tokens",
    "exceeds? (?:the |this model'?s? |model'?s? )?(?:maximum |max )?(?:number of tokens|(?:input )?token (?:limit|count)|context)",
    "input token count",
    "token limit exceeded",
    "reduce the length of the (?:messages|prompt|input)",
    "inputs? tokens? \\+|`inputs` (?:tokens|must have less than)",
    "range of input length should be",
    "maximum prompt length",
    "exceed(?:s|ed)? (?:the )?(?:model(?:'s)? )?token limit",
    "(?:prompt|input)\\b.{0,60}\\bexceed(?:s|ed)?\\b.{0,40}\\b(?:limit|max(?:imum)?|\\d+ tokens)",
    "exceed(?:s|ed)? (?:the maximum number of input|max message) tokens",
    "longer than the maximum model length",
    "(?:prompt|input) \\([^)]{0,60}\\) is too long",
    "max_seq_len",
    "prompt tokens too long|max input characters|context_length_exceeded",
    "too large for .{1,60} model",
    "prompt ?超长|长度超",
  ].join("|"),
  "i",
);
/** Messages about tokens a minute, not about the window. */
const NOT_CONTEXT = /per (?:minute|min|day|hour)|\btp[md]\b|rate limit|throttl|please wait/i;

const BALANCE =
  /insufficient[ _](?:quota|balance|credit|funds)|exceeded_current_quota|no credits?\b|out of credits?|payment required|account.{0,60}(?:arrears|overdue)|credit balance|insufficient_\w+_quota|not[ _]enough[ _](?:balance|credit)|balance is insufficient|any credits|all available credits|spending limit|key limit exceeded|billing_hard_limit|billing_error|spend_limit_reached|arrearage|余额|欠费|额度/i;
const REFUSED_CODES =
  /content_filter|content_policy|moderation|guardrail|data_?inspection|sensitive|safety|unsupported_country|region|policy_violation|invalid_prompt|bio_policy|cyber_policy|data_residency|model_not_found|model_permission/;
const REFUSED_WORDS =
  /moderat|flagged|content (?:policy|filter|management)|country|region|territory|(?:your|this) location|location is not supported|violat|usage (?:polic|guideline)|guardrail|blocked by|was blocked|error code: 10\d\d|safety|inappropriate|sensitive|\bgated\b|must be verified|access to (?:the )?model/i;
const AUTH_CODES =
  /^401$|invalid_?(?:authentication|api_?key|token)|api_?key_(?:invalid|expired)|^(?:incorrect|missing|wrong)_api_key|auth(?:entication|orization)(?:_?error)|unauthenticated|unauthorized|invalid_iam_token|^permission_(?:error|denied)$|^forbidden$|^access_?denied|expiredtoken/;
const AUTH_WORDS =
  /(?:api|access|secret|subscription|auth)[ _-]?(?:key|token)s?\b.{0,60}(?:invalid|not valid|incorrect|expired|missing|wrong|revoked|disabled|required|not found|unknown|format)|(?:invalid|incorrect|expired|wrong|missing|revoked|bad|unknown|no|unrecognized|malformed) (?:\w+ )?(?:api|access|secret|subscription|auth)[ _-]?(?:key|token)|unauthori[sz]ed|authenticat(?:ion|e)\b|invalid (?:credentials?|token(?!iz| (?:count|limit|id))|jwt|bearer)|\b(?:invalid|disabled|expired|revoked) key\b|\bkey (?:has been|is) (?:disabled|revoked|expired|invalid)|provide an? api key|auth credentials|validate credentials|security token|token (?:has )?expired|身份验证|no auth credentials|login fail|鉴权|令牌/i;
const RATE =
  /rate.?limit|too_?many_?requests|\bthrottl|resource_exhausted|^429$|requests? per (?:minute|day)|tokens? per (?:minute|day)|too many (?:requests|tokens, please wait)|slow down|速率/i;
const REFUSED_TYPES =
  /^(?:bad_?request(?:_?error)?|invalid_?(?:request|argument|parameter|value)s?(?:_?error)?|not_?found(?:_?error)?|model_not_found|unsupported_\w+|extra_forbidden|request_too_large|failed_precondition|validation(?:_?error)?)$/;

/** For errors without a status that says that the request is refused. */
const FLAGGED = /moderat|flagged|content (?:policy|filter)|guardrail|\bsensitive|_sensitive|敏感|^invalid param/i;

/** Code and type of a failure decide, then its words, then its status. */
export function codeOf({ codes, said, status: ownStatus }: Problem, httpStatus: number | null): ErrorCode {
  const words = said.join("\n");
  const names = codes.join("\n");
  const any = (pattern: RegExp) => codes.some((code) => pattern.test(code));
  const status = httpStatus === null || httpStatus < 400 || (httpStatus >= 500 && ownStatus !== null)
    ? ownStatus
    : httpStatus;
  if (httpStatus === 401) return "provider_auth";
  if (any(CONTEXT_CODES) || CONTEXT_WORDS.test(words) && !NOT_CONTEXT.test(words)) return "context_exceeded";
  const isUnpaid = BALANCE.test(names) || BALANCE.test(words) || status === 402;
  if (isUnpaid && !any(AUTH_CODES)) return "provider_refused";
  const saysAuth = any(AUTH_CODES) && !(status === 403 && REFUSED_WORDS.test(words)) || AUTH_WORDS.test(words);
  if (saysAuth && !any(REFUSED_CODES) && status !== 429) return "provider_auth";
  if (isUnpaid) return "provider_refused";
  const mayBeRate = status === null || status === 400 || status === 403 || status >= 500;
  if (status === 429 || any(RATE) || RATE.test(words) && mayBeRate) {
    return "provider_rate_limited";
  }
  if (any(REFUSED_CODES)) return "provider_refused";
  if (status === 403) return REFUSED_WORDS.test(words) ? "provider_refused" : "provider_auth";
  if (status === 401) return "provider_auth";
  if (status === null) return any(REFUSED_TYPES) || FLAGGED.test(words) ? "provider_refused" : "provider_error";
  const mayPass = status >= 500 || [408, 409, 424, 425, 498, 499].includes(status);
  return mayPass ? "provider_error" : "provider_refused";
}

/** `: "…"` with the provider's words, or nothing if it has none that can be shown. */
export function providerMessage(said: string[], secrets: Secrets): string {
  const line = withoutSecrets(said.join(": "), secrets)
    // deno-lint-ignore no-control-regex
    .replaceAll(/[\0-\x1f\x7f]+/g, " ").trim().toWellFormed();
  return line === "" ? "" : `: "${line.slice(0, MAX_PROVIDER_MESSAGE_CHARACTERS).toWellFormed()}"`;
}
