import assert from "node:assert/strict";
import type { Ending, Outcome } from "../database/finish.ts";
import { RelayError } from "../protocol/errors.ts";
import { frames } from "./frames.ts";
import { terminalFrame } from "./terminal.ts";

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

function makeEnding(overrides: Partial<Ending> = {}): Ending {
  return {
    status: "completed",
    finishReason: "stop",
    errorCode: null,
    content: "text",
    usage: USAGE,
    firstTokenMs: 7,
    ...overrides,
  };
}

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

const done = (
  message_id: string | null,
  finish_reason: string,
  is_complete = false,
) =>
  frames.done({
    stream_id: "stream-1",
    message_id,
    is_complete,
    finish_reason,
    usage: USAGE,
  });

Deno.test("what the provider finished is done and complete", () => {
  assert.equal(
    terminalFrame("stream-1", makeEnding(), makeOutcome(), null),
    done("message-1", "stop", true),
  );
});

Deno.test("what somebody ended is done and incomplete", () => {
  for (const status of ["cancelled", "disconnected"] as const) {
    const frame = terminalFrame(
      "stream-1",
      makeEnding({ status, finishReason: status }),
      makeOutcome({ status, finish_reason: status, is_complete: false }),
      null,
    );
    assert.equal(frame, done("message-1", status));
  }
});

Deno.test("the database's word counts, for a cancel may have come first there", () => {
  const cancelled = makeOutcome({
    status: "cancelled",
    finish_reason: "cancelled",
  });
  const failure = new RelayError("provider_error", "The provider failed");
  const endings: [Ending, RelayError | null][] = [
    [makeEnding(), null],
    [
      makeEnding({
        status: "failed",
        finishReason: "error",
        errorCode: "provider_error",
      }),
      failure,
    ],
  ];
  for (const [ending, error] of endings) {
    assert.equal(
      terminalFrame("stream-1", ending, cancelled, error),
      done("message-1", "cancelled"),
    );
  }
});

Deno.test("without the database's word the worker's own counts, and there is no message", () => {
  assert.equal(
    terminalFrame("stream-1", makeEnding(), null, null),
    done(null, "stop", true),
  );
});

Deno.test("what failed is an error with the words of the failure", () => {
  const failure = new RelayError("provider_auth", "The key was refused");
  const ending = makeEnding({
    status: "failed",
    finishReason: "error",
    errorCode: "provider_auth",
  });
  const outcome = makeOutcome({
    status: "failed",
    finish_reason: "error",
    error_code: "provider_auth",
    message_id: null,
  });
  for (const known of [outcome, null]) {
    assert.equal(
      terminalFrame("stream-1", ending, known, failure),
      frames.error({
        code: "provider_auth",
        message: "The key was refused",
        retryable: false,
        stream_id: "stream-1",
        message_id: null,
      }),
    );
  }
});

Deno.test("what the sweep interrupted is an error, also where the provider finished", () => {
  const outcome = makeOutcome({
    status: "interrupted",
    finish_reason: "interrupted",
    error_code: "interrupted",
  });
  assert.equal(
    terminalFrame("stream-1", makeEnding(), outcome, null),
    frames.error({
      code: "interrupted",
      message: "The generation failed",
      retryable: true,
      stream_id: "stream-1",
      message_id: "message-1",
    }),
  );
});

Deno.test("the words of another failure are not those of this one", () => {
  const frame = terminalFrame(
    "stream-1",
    makeEnding({ status: "failed", errorCode: "timeout" }),
    makeOutcome({ status: "failed", error_code: "provider_error" }),
    new RelayError("timeout", "Too long"),
  );
  assert.equal(
    frame,
    frames.error({
      code: "provider_error",
      message: "The generation failed",
      retryable: true,
      stream_id: "stream-1",
      message_id: "message-1",
    }),
  );
});

Deno.test("a failure of which nobody knows the code is internal", () => {
  const frame = terminalFrame(
    "stream-1",
    makeEnding({ status: "failed", finishReason: "error" }),
    null,
    null,
  );
  assert.match(frame, /^event: error\ndata: \{"code":"internal",/);
});
