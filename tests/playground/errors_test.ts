/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, doesNotMatch, match, ok } from "node:assert/strict";
import { type ClientErrorCode, type ClientErrorDetails, RelayClientError } from "../../client/errors.ts";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { dataError, endingNote, errorNotice } from "../../playground/copy/errors.ts";

const RELAY_CODES = Object.keys(ERRORS) as ErrorCode[];
const CODES: ClientErrorCode[] = [...RELAY_CODES, "unreachable", "unexpected_response"];

const noticeOf = (code: ClientErrorCode, details?: ClientErrorDetails) =>
  errorNotice(new RelayClientError(code, "x", details), 1_000);

Deno.test("errorNotice() has whole sentences for each code, and none of them is a code", () => {
  for (const code of CODES) {
    const { title, advice } = errorNotice(new RelayClientError(code, ""), 1_000);
    for (const sentence of [title, advice]) {
      match(sentence, /^[A-Z].*\.$/);
      doesNotMatch(sentence, /_|\bnull\b|\bHTTP\b|\b[45]\d\d\b/, code);
    }
  }
});

Deno.test("errorNotice() offers a retry wherever one may succeed", () => {
  for (const code of RELAY_CODES) {
    if (ERRORS[code].status >= 500 || ERRORS[code].status === 429) ok(/retry|bot/.test(noticeOf(code).action), code);
  }
});

Deno.test("errorNotice() has the operator's own words where these refuse", () => {
  equal(noticeOf("not_admitted").advice, "x");
});

Deno.test("errorNotice() has the time of Retry-After, the issue of a request, and the provider's message alone", () => {
  equal(noticeOf("rate_limited", { retryAfter: 7 }).notBefore, 8_000);
  const issues = [{ path: "prompt", message: "It has 40,000 characters" }];
  equal(noticeOf("invalid_request", { issues }).advice, "It has 40,000 characters");
  const details = (["provider_error", "provider_auth", "internal"] as const)
    .map((code) => noticeOf(code).detail);
  equal(details, ["x", undefined, undefined]);
});

Deno.test("dataError() distinguishes the network from a refusal", () => {
  match(dataError(new TypeError("Failed to fetch")), /^Could not reach/);
  match(dataError({ code: "42501", message: "x" }), /not allowed/);
  match(dataError({ code: "55P03", message: "canceling statement due to lock timeout" }), /Retry/);
});

Deno.test("endingNote() is null for an answer that ended by itself", () => {
  equal(endingNote("stop", true), null);
  equal(endingNote("length", true), "Reached the length limit");
  equal(endingNote("cancelled", false), "Stopped");
  equal(endingNote("error", false), "Interrupted");
});
