import assert from "node:assert/strict";
import type { StoredEnding } from "../database/finish.ts";
import { type ErrorCode, ERRORS, RelayError } from "../protocol/errors.ts";
import { endingOf, type EndKind, EndReason, lastEvent, notStored, toEndReason } from "./ending.ts";

const ANSWERER = { bot_id: "bot-1", model: "model-1" };
const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

Deno.test("each reason has its ending, and what is not stored looks alike", () => {
  const cases: [EndKind, ErrorCode | null, string, string, string | null][] = [
    ["cancelled", null, "cancelled", "cancelled", null],
    ["disconnected", null, "disconnected", "disconnected", null],
    ["shutdown", null, "interrupted", "interrupted", "interrupted"],
    ["lost", null, "interrupted", "interrupted", "interrupted"],
    ["timeout", "timeout", "failed", "timeout", "timeout"],
    ["timeout", "provider_timeout", "failed", "timeout", "provider_timeout"],
    ["timeout", null, "failed", "timeout", "timeout"],
    ["failed", "provider_auth", "failed", "error", "provider_auth"],
    ["failed", null, "failed", "error", "internal"],
    // The database takes no code that cannot end a generation.
    ["failed", "unavailable", "failed", "error", "internal"],
  ];
  for (const [kind, code, status, finishReason, errorCode] of cases) {
    const ending = endingOf(new EndReason(kind, code && new RelayError(code)));
    const rest = { usage: null, firstTokenMs: null, overheadMs: null };
    assert.deepEqual(ending, { status, finishReason, errorCode, ...rest }, `${kind} ${code}`);
    assert.deepEqual(notStored(ending, ANSWERER), {
      status,
      finish_reason: finishReason,
      error_code: errorCode,
      message_id: null,
      is_complete: false,
      ...ANSWERER,
    });
  }
});

Deno.test("a reason keeps its error as the cause, and what was thrown becomes one", () => {
  const refused = new RelayError("provider_auth", "Refused");
  const { message, kind, error, cause } = toEndReason(refused);
  assert.deepEqual([message, kind, error, cause], [
    "The generation was stopped: failed",
    "failed",
    refused,
    refused,
  ]);
  const bug = new TypeError("x is not a function");
  assert.deepEqual([toEndReason(bug).error?.code, toEndReason(bug).error?.cause], ["internal", bug]);
  const reason = new EndReason("cancelled");
  assert.equal(toEndReason(reason), reason);
  assert.deepEqual([reason.error, reason.cause], [null, undefined]);
});

const COMPLETED: StoredEnding = {
  status: "completed",
  finish_reason: "stop",
  error_code: null,
  message_id: "message-1",
  is_complete: true,
  ...ANSWERER,
};

/** The error event of an ending with this code, where the worker knows this of it. */
function errorOf(error_code: ErrorCode | null, error?: RelayError, status: "failed" | "interrupted" = "failed") {
  const stored = { ...COMPLETED, status, finish_reason: "error", error_code, is_complete: false };
  const written = lastEvent("stream-1", stored, USAGE, error);
  return JSON.parse(/^event: error\nretry: \d+\ndata: (.*)\n\n$/.exec(written)![1]);
}

Deno.test("what failed is an error in the worker's words, else in those of the code", () => {
  const rest = { stream_id: "stream-1", message_id: "message-1" };
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].ends);
  for (const code of codes) {
    const { message, retryable } = ERRORS[code];
    assert.deepEqual(errorOf(code), { code, message, retryable, ...rest });
    assert.equal(errorOf(code, new RelayError(code, "In short")).message, "In short");
    const other = code === "timeout" ? "internal" : "timeout";
    assert.equal(errorOf(code, new RelayError(other, "Of another failure")).message, message);
  }
  assert.equal(errorOf("interrupted", undefined, "interrupted").code, "interrupted");
});

Deno.test("a code that is missing, or that this worker does not know, is internal", () => {
  for (const code of [null, "of_a_newer_worker" as ErrorCode, "rate_limited" as const]) {
    assert.equal(errorOf(code).code, "internal");
  }
});
