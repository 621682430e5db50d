import assert from "node:assert/strict";
import { RelayError } from "../../protocol/errors.ts";
import { secretsOf } from "../redact.ts";
import { createMessageChunkReader } from "./chunks.ts";

const OPTIONS = { secrets: secretsOf(null, {}), thinksFirst: false };

const full = { type: "message_delta", delta: { stop_reason: "model_context_window_exceeded" } };

function refusedContextOf(...chunks: object[]): unknown {
  const reader = createMessageChunkReader(OPTIONS);
  try {
    for (const chunk of chunks) reader.read(JSON.stringify(chunk));
  } catch (error) {
    assert.ok(error instanceof RelayError);
    assert.equal(error.code, "context_exceeded");
    return error.refusedContext;
  }
  assert.fail("It did not fail");
}

Deno.test("a window that an answer has filled is what was read and what was written", () => {
  const usage = {
    input_tokens: 10,
    cache_read_input_tokens: 190_000,
    cache_creation_input_tokens: 990,
    output_tokens: 1,
  };
  const start = { type: "message_start", message: { usage } };
  const wanted = { window: 200_000, tokens: 191_000 };
  assert.deepEqual(refusedContextOf(start, { ...full, usage: { output_tokens: 9_000 } }), wanted);
  assert.equal(refusedContextOf({ ...full, usage: { output_tokens: 9_000 } }), undefined);
  assert.equal(refusedContextOf(full), undefined);
});

Deno.test("counts that are none are not taken", () => {
  for (const count of [-1, 1.5, "9", null, 2 ** 31]) {
    const reader = createMessageChunkReader(OPTIONS);
    reader.read(JSON.stringify({ type: "message_start", message: { usage: { input_tokens: count } } }));
    const usage = { input_tokens: count, output_tokens: 2 };
    reader.read(JSON.stringify({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage }));
    const wanted = { prompt_tokens: null, completion_tokens: 2, total_tokens: null };
    assert.deepEqual(reader.end(), { finishReason: "stop", usage: wanted });
  }
});
