import assert from "node:assert/strict";
import { frames } from "./frames.ts";

Deno.test("start is the offset 0 and one line of JSON", () => {
  assert.equal(
    frames.start({
      stream_id: "stream-1",
      conversation_id: "conversation-1",
      bot_id: "bot-1",
      model: "a\nmodel",
      user_message_id: null,
      parent_id: "message-1",
    }),
    'id: 0\nevent: start\ndata: {"stream_id":"stream-1","conversation_id":"conversation-1",' +
      '"bot_id":"bot-1","model":"a\\nmodel","user_message_id":null,"parent_id":"message-1"}\n\n',
  );
});

Deno.test("a token is raw text under the offset behind it", () => {
  assert.equal(frames.token(" one\ntwo", 8), "id: 8\nevent: token\ndata:  one\ndata: two\n\n");
});

Deno.test("reasoning has no offset, for it is no part of the message", () => {
  assert.equal(frames.reasoning("hm"), "event: reasoning\ndata: hm\n\n");
});

Deno.test("a ping is a named event", () => {
  assert.equal(frames.ping(), "event: ping\ndata: {}\n\n");
});

Deno.test("the last events have no offset", () => {
  assert.equal(
    frames.done({
      stream_id: "stream-1",
      message_id: null,
      is_complete: false,
      finish_reason: "cancelled",
      usage: null,
    }),
    'event: done\ndata: {"stream_id":"stream-1","message_id":null,"is_complete":false,' +
      '"finish_reason":"cancelled","usage":null}\n\n',
  );
  assert.equal(
    frames.error({
      code: "timeout",
      message: "Too long",
      retryable: true,
      stream_id: "stream-1",
      message_id: "message-1",
    }),
    'event: error\ndata: {"code":"timeout","message":"Too long","retryable":true,' +
      '"stream_id":"stream-1","message_id":"message-1"}\n\n',
  );
});
