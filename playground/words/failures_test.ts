/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, doesNotMatch, match, ok } from "node:assert/strict";
import { type ClientErrorCode, RelayClientError } from "../../client/errors.ts";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { accountFailure, dataFailure, endingOf, failureOf } from "./failures.ts";

const CODES: ClientErrorCode[] = [...Object.keys(ERRORS) as ErrorCode[], "unreachable", "unexpected_response"];

Deno.test("failureOf() has whole sentences for each code, and none of them is a code", () => {
  for (const code of CODES) {
    const { title, advice } = failureOf(new RelayClientError(code, "x"), 0);
    for (const sentence of [title, advice]) {
      match(sentence, /^[A-Z].*\.$/);
      doesNotMatch(sentence, /_|\bnull\b|\bHTTP\b|\b[45]\d\d\b/, code);
    }
  }
});

Deno.test("failureOf() offers a second try wherever one may succeed", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { remedy } = failureOf(new RelayClientError(code, "x"), 0);
    const passes = ERRORS[code].status >= 500 || ERRORS[code].status === 429;
    if (passes) ok(/retry|bot/.test(remedy), code);
  }
});

Deno.test("failureOf() knows until when trying again is in vain, and what is wrong with a request", () => {
  const limited = new RelayClientError("rate_limited", "x", { retryAfter: 7 });
  equal(failureOf(limited, 1_000).notBefore, 8_000);
  const wrong = new RelayClientError("invalid_request", "x", {
    issues: [{ path: "prompt", message: "It has 40,000 characters" }],
  });
  equal(failureOf(wrong, 0).advice, "It has 40,000 characters");
});

Deno.test("failureOf() quotes the provider where that may help, and nobody else", () => {
  const detail = (code: ClientErrorCode) => failureOf(new RelayClientError(code, "said so"), 0).detail;
  equal(detail("provider_error"), "said so");
  equal(detail("provider_auth"), undefined);
  equal(detail("internal"), undefined);
});

Deno.test("dataFailure() and accountFailure() tell the network from a refusal", () => {
  match(dataFailure(new TypeError("Failed to fetch")), /cannot be reached/);
  match(dataFailure({ code: "42501", message: "x" }), /may not/);
  match(accountFailure({ code: "invalid_credentials" }), /do not fit/);
  match(accountFailure({ message: "Failed to fetch" }), /cannot be reached/);
});

Deno.test("endingOf() is silent about what came to its own end", () => {
  equal(endingOf("stop", true), null);
  equal(endingOf("length", true), "Ended at the bot’s length limit");
  equal(endingOf("cancelled", false), "Stopped by you");
  equal(endingOf("error", false), "Cut short");
});
