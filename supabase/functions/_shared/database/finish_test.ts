import assert from "node:assert/strict";
import { makeRpc } from "../testing/rpc.ts";
import { type Ending, finish } from "./finish.ts";

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  content: "Once 🐉",
  usage: { prompt_tokens: 3, completion_tokens: null, total_tokens: 5 },
  firstTokenMs: 120,
};

const OUTCOME = {
  status: "completed",
  finish_reason: "stop",
  error_code: null,
  message_id: "message-1",
  is_complete: true,
};

Deno.test("a finish gives the ending in scalars", async () => {
  const { rpc, calls } = makeRpc(OUTCOME);
  assert.deepEqual(await finish(rpc, "stream-1", "fence-1", ENDING), OUTCOME);
  assert.deepEqual(calls, [{
    name: "relay_finish",
    args: {
      stream_id: "stream-1",
      fence: "fence-1",
      status: "completed",
      finish_reason: "stop",
      error_code: null,
      content: "Once 🐉",
      prompt_tokens: 3,
      completion_tokens: null,
      total_tokens: 5,
      first_token_ms: 120,
    },
  }]);
});

Deno.test("a finish without usage, token or text gives null, null and nothing", async () => {
  const { rpc, calls } = makeRpc(null);
  const ending: Ending = {
    status: "failed",
    finishReason: "error",
    errorCode: "provider_auth",
    content: "",
    usage: null,
    firstTokenMs: null,
  };
  assert.equal(await finish(rpc, "stream-1", "fence-1", ending), null);
  assert.deepEqual(calls[0].args, {
    stream_id: "stream-1",
    fence: "fence-1",
    status: "failed",
    finish_reason: "error",
    error_code: "provider_auth",
    content: "",
    prompt_tokens: null,
    completion_tokens: null,
    total_tokens: null,
    first_token_ms: null,
  });
});
