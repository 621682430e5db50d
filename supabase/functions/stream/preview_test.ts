import assert from "node:assert/strict";
import type { Preview } from "../_relay/database/begin.ts";
import { previewOf } from "./preview.ts";

const PREVIEW: Preview = {
  bot_id: "bot-1",
  bot_reason: "conversation",
  model: "model-1",
  conversation_id: "conversation-1",
  parent_id: "message-1",
  system_prompt: "Bot",
  takes_system: true,
  takes_prefill: false,
  messages: [
    { role: "assistant", characters: 100, bytes: 212, message_id: "message-1" },
    { role: "user", characters: 2, bytes: 14, message_id: null },
  ],
  memory: null,
  left_out: 3,
  fixed_bytes: 20,
  bytes_per_token: 4,
  context_tokens: 8_192,
  reply_tokens: 2_048,
  fits: true,
};

Deno.test("a preview has the instructions first, and estimates tokens as admission does", () => {
  const { messages, ...rest } = previewOf(PREVIEW, { on_disconnect: "stop", prompt: "Hi", system: "é🐉" });
  assert.deepEqual(messages, [
    { role: "system", characters: 7, estimated_tokens: 6, message_id: null },
    { role: "assistant", characters: 100, estimated_tokens: 53, message_id: "message-1" },
    { role: "user", characters: 2, estimated_tokens: 4, message_id: null },
  ]);
  assert.deepEqual(rest, {
    ...{ bot_id: "bot-1", bot_reason: "conversation", model: "model-1" },
    ...{ conversation_id: "conversation-1", parent_id: "message-1", memory: null, left_out: 3 },
    ...{ estimated_tokens: 62, context_tokens: 8_192, reply_tokens: 2_048, fits: true },
  });
  const { messages: [first] } = previewOf({ ...PREVIEW, takes_system: false }, { on_disconnect: "stop", prompt: "Hi" });
  assert.equal(first.role, "user");
});

Deno.test("a preview shows the memory behind the instructions, which counts already", () => {
  const memory = { message_id: "message-0", characters: 30, bytes: 83 };
  const shown = (given: Partial<Preview>) =>
    previewOf({ ...PREVIEW, ...given }, { on_disconnect: "stop", prompt: "Hi" });
  const { messages, estimated_tokens, memory: remembered } = shown({ memory });
  assert.deepEqual(messages[1], { role: "system", characters: 71, estimated_tokens: 21, message_id: null });
  assert.deepEqual([messages.length, messages[0].role, remembered], [4, "system", {
    message_id: "message-0",
    characters: 30,
  }]);
  assert.equal(estimated_tokens, shown({}).estimated_tokens);
  assert.equal(shown({ memory, takes_system: false }).messages[1].role, "user");
});

Deno.test("of a client's own context those are shown that are sent, and the prompt where none fits", () => {
  const messages = [{ role: "user", content: "A" }, { role: "assistant", content: "B" }, {
    role: "user",
    content: "C",
  }];
  const request = { on_disconnect: "stop", messages, prompt: "C" } as Parameters<typeof previewOf>[1];
  const bare = { ...PREVIEW, system_prompt: null, messages: [], fixed_bytes: 0 };
  const sent = (left_out: number | null) => previewOf({ ...bare, left_out }, request).messages.length;
  assert.deepEqual([sent(0), sent(2), sent(null)], [3, 1, 1]);
  assert.equal(previewOf({ ...bare, left_out: 0 }, request).estimated_tokens, 10);
});
