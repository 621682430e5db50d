import assert from "node:assert/strict";
import type { Outcome } from "../database/finish.ts";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";
import { frames } from "./frames.ts";
import { interruption } from "./stop.ts";
import { terminalFrame } from "./terminal.ts";

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

function makeOutcome(overrides: Partial<Outcome> = {}): Outcome {
  return {
    status: "completed",
    finish_reason: "stop",
    error_code: null,
    message_id: "message-1",
    is_complete: true,
    ...overrides,
  };
}

const done = (message_id: string | null, finish_reason: string, is_complete = false) =>
  frames.done({ stream_id: "stream-1", message_id, is_complete, finish_reason, usage: USAGE });

Deno.test("what the provider finished is done and complete", () => {
  assert.equal(terminalFrame("stream-1", makeOutcome(), USAGE, null), done("message-1", "stop", true));
});

Deno.test("what somebody ended is done and incomplete", () => {
  for (const status of ["cancelled", "disconnected"] as const) {
    const frame = terminalFrame(
      "stream-1",
      makeOutcome({ status, finish_reason: status, is_complete: false }),
      USAGE,
      null,
    );
    assert.equal(frame, done("message-1", status));
  }
});

Deno.test("the outcome counts, whatever the worker saw, for a cancel may have come first there", () => {
  const cancelled = makeOutcome({ status: "cancelled", finish_reason: "cancelled", is_complete: false });
  const failure = new RelayError("provider_error", "The provider failed");
  for (const error of [null, failure]) {
    assert.equal(terminalFrame("stream-1", cancelled, USAGE, error), done("message-1", "cancelled"));
  }
});

Deno.test("an outcome without a message has none, and one without usage says so", () => {
  assert.equal(terminalFrame("stream-1", makeOutcome({ message_id: null }), USAGE, null), done(null, "stop", true));
  assert.match(terminalFrame("stream-1", makeOutcome(), null, null), /"usage":null\}\n\n$/);
});

Deno.test("what failed is an error with the words of the failure", () => {
  const failure = new RelayError("provider_auth", "The key was refused");
  for (const message_id of [null, "message-1"]) {
    const outcome = makeOutcome({ status: "failed", finish_reason: "error", error_code: "provider_auth", message_id });
    assert.equal(
      terminalFrame("stream-1", outcome, USAGE, failure),
      frames.error({
        code: "provider_auth",
        message: "The key was refused",
        retryable: false,
        stream_id: "stream-1",
        message_id,
      }),
    );
  }
});

Deno.test("what the sweep interrupted is an error that says what is stored, also where the provider finished", () => {
  const outcome = makeOutcome({ status: "interrupted", finish_reason: "interrupted", error_code: "interrupted" });
  assert.equal(
    terminalFrame("stream-1", outcome, USAGE, null),
    frames.error({
      code: "interrupted",
      message: interruption("lost").error!.message,
      retryable: true,
      stream_id: "stream-1",
      message_id: "message-1",
    }),
  );
});

/** What a reader is told of a failure with this code, of which only the code is known. */
function wordsOf(error_code: ErrorCode, error: RelayError | null = null) {
  const frame = terminalFrame(
    "stream-1",
    makeOutcome({ status: "failed", finish_reason: "error", error_code }),
    null,
    error,
  );
  const { code, message, retryable } = JSON.parse(/^event: error\ndata: (.*)\n\n$/.exec(frame)![1]);
  assert.equal(code, error_code);
  assert.match(message, /^[A-Z].*[^.]$/s);
  return [message, retryable];
}

Deno.test("a reader who comes later is told what the code alone says", () => {
  const cases: [ErrorCode, string, boolean][] = [
    ["timeout", "The generation took too long", true],
    ["provider_auth", "The provider refused the key of this bot", false],
    ["provider_timeout", "The provider did not answer in time", true],
    ["provider_rate_limited", "The provider refused the request: its rate limit was reached", true],
    ["provider_error", "The generation failed", true],
    ["provider_bad_response", "The generation failed", true],
    ["provider_not_allowed", "The generation failed", false],
    ["internal", "The generation failed", true],
  ];
  for (const [code, message, retryable] of cases) {
    assert.deepEqual(wordsOf(code), [message, retryable]);
  }
});

Deno.test("the words of another failure are not those of this one", () => {
  assert.deepEqual(wordsOf("provider_error", new RelayError("timeout", "Too long")), ["The generation failed", true]);
});

Deno.test("a failure of which nobody knows the code is internal", () => {
  for (const status of ["failed", "interrupted"] as const) {
    const outcome = makeOutcome({ status, finish_reason: "error" });
    const frame = terminalFrame("stream-1", outcome, USAGE, null);
    assert.match(frame, /^event: error\ndata: \{"code":"internal",/);
  }
});
