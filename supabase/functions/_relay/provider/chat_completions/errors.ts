/** Turns the failures of a provider's request into the relay's own errors. */

import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai";
import { RelayError } from "../../protocol/errors.ts";
import { MAX_PROVIDER_MESSAGE_CHARACTERS } from "../../protocol/limits.ts";

/** Of the body of an answer only the message is passed on, cut and without the bot's key. */
export function toProviderError(error: unknown, accessKey: string | null): RelayError {
  if (error instanceof RelayError) return error;
  if (error instanceof APIConnectionTimeoutError) {
    return new RelayError("provider_timeout", "The provider did not answer in time");
  }
  if (error instanceof APIConnectionError) {
    return new RelayError("provider_error", "Cannot reach the provider", { cause: reasonOf(error, accessKey) });
  }
  if (error instanceof APIError && typeof error.status === "number") {
    return refusedWith(error.status, error, accessKey);
  }
  return new RelayError(
    "provider_bad_response",
    "The provider's answer broke off before it was finished",
    { cause: reasonOf(error, accessKey) },
  );
}

/** For the log: the runtime's message quotes the URL, and its query may hold a key. */
function reasonOf(error: unknown, accessKey: string | null): string {
  let deepest = error;
  for (let depth = 0; depth < 5; depth++) {
    if (!(deepest instanceof Error && deepest.cause instanceof Error)) break;
    deepest = deepest.cause;
  }
  if (!(deepest instanceof Error)) return typeof deepest;
  const said = `${deepest.name}: ${deepest.message}`;
  return withoutKey(said, accessKey).replaceAll(/(https?:\/\/[^\s?)]*)\?[^\s)]*/g, "$1");
}

function withoutKey(text: string, accessKey: string | null): string {
  return accessKey ? text.replaceAll(accessKey, "[key]") : text;
}

/** The message of a 401 or 403 stays here: providers quote parts of the key in it, and a bot may be shared. */
function refusedWith(status: number, error: APIError, accessKey: string | null): RelayError {
  if (status === 401 || status === 403) {
    return new RelayError("provider_auth", `The provider refused the key of this bot with status ${status}`);
  }
  if (status >= 300 && status < 400) {
    return new RelayError(
      "provider_error",
      `The provider answered with a redirect (status ${status}), which is not followed`,
    );
  }
  const body = error.error as { message?: unknown } | null | undefined;
  return new RelayError(
    status === 429 ? "provider_rate_limited" : "provider_error",
    `The provider refused the request with status ${status}${providerMessage(body?.message, accessKey)}`,
  );
}

/** `: "…"` with what the provider said, or nothing where it said nothing that can be shown. */
export function providerMessage(said: unknown, accessKey: string | null): string {
  if (typeof said !== "string" || said.trim() === "") return "";
  // deno-lint-ignore no-control-regex
  const line = withoutKey(said, accessKey).replaceAll(/[\0-\x1f\x7f]+/g, " ")
    .trim().toWellFormed();
  return `: "${line.slice(0, MAX_PROVIDER_MESSAGE_CHARACTERS).toWellFormed()}"`;
}
