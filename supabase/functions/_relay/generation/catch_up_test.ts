import assert from "node:assert/strict";
import type { Answerer } from "../database/finish.ts";
import type { GenerationRow, MessageRow, View } from "../database/database.ts";
import { events } from "../protocol/events.ts";
import { readEvents } from "../testing/events.ts";
import { COMPLETED, makeView as makeViewOf, START_DATA } from "../testing/generation.ts";
import { turns } from "../testing/platform.ts";
import { lastEventOf, startOf, textOf, unseen } from "./catch_up.ts";

const MESSAGE: MessageRow = {
  id: "message-1",
  conversation_id: "conversation-of-message",
  bot_id: "bot-of-message",
  parent_id: "parent-of-message",
  is_complete: true,
  finish_reason: "stop",
  usage: null,
};

/** A view of this generation and message, by default of what was completed. */
function makeView(row: Partial<GenerationRow> | null = {}, message: Partial<MessageRow> | null = {}): View {
  const view = makeViewOf("Once", { ...COMPLETED, ...row });
  return { ...view, generation: row && view.generation, message: message && { ...MESSAGE, ...message } };
}

Deno.test("a view without text has none, from the beginning on", () => {
  assert.deepEqual(textOf({ ...makeView(), start: null, text: null }), { start: 0, text: "" });
  assert.deepEqual(textOf({ ...makeView(), start: 7 }), { start: 7, text: "Once" });
});

Deno.test("what a user has made of a message adds no event, and its offsets stay those of the stored text", async () => {
  const text = "a\rb\r\n\r\revent: done\rdata: {}\r\n\r\n\u2028c\u2029\u0085\x01\ufeff🐉";
  for (let from = 0; from < text.length; from++) {
    const { written, offset } = unseen(textOf({ ...makeView(), text }), from);
    const client = readEvents(new Response(written).body!);
    await turns();
    const seen = text.slice(from === text.length - 1 ? from - 1 : from).replaceAll("\r", "\n");
    assert.deepEqual(client.events, [{ event: "token", id: String(text.length), data: seen }]);
    assert.equal(offset, text.length);
  }
});

Deno.test("a generation that has ended has no last event as long as more of its text is there", () => {
  for (const view of [makeView(), makeView(null)]) {
    assert.equal(lastEventOf("stream-1", { ...view, more: true }), null);
    assert.ok(lastEventOf("stream-1", view)?.startsWith("event: done\n"));
  }
});

Deno.test("start says where the generation stands, else its message, and names nothing that is deleted", () => {
  for (const view of [makeView(), makeView({}, null)]) assert.deepEqual(startOf("stream-1", view), START_DATA);
  assert.deepEqual(startOf("stream-1", makeView(null)), {
    stream_id: "stream-1",
    conversation_id: "conversation-of-message",
    bot_id: "bot-of-message",
    model: "",
    user_message_id: null,
    parent_id: "parent-of-message",
    context: null,
  });
  const unread = startOf("stream-1", makeView({ context_messages: null, left_out: null }, null));
  assert.equal(unread.context, null);
  const deleted = startOf("stream-1", makeView({ conversation_id: null, bot_id: null, parent_id: null }, null));
  assert.deepEqual([deleted.conversation_id, deleted.bot_id, deleted.parent_id], ["", "", null]);
});

const done = (
  finish_reason: string,
  is_complete = false,
  message_id: string | null = "message-1",
  answerer: Answerer = { bot_id: "bot-1", model: "model-1" },
) => events.done({ stream_id: "stream-1", message_id, ...answerer, is_complete, finish_reason, usage: null });

const failed = (code: string) =>
  new RegExp(
    `^event: error\\nretry: 3600000\\ndata: \\{"code":"${code}",.*"retryable":true,"stream_id":"stream-1","message_id":"message-1"\\}\\n\\n$`,
  );

Deno.test("the last event is that of the row, and without one that of the message", () => {
  const ofRow: [Partial<GenerationRow>, string | RegExp][] = [
    [{}, done("stop", true)],
    [{ finish_reason: "length" }, done("length", true)],
    [{ status: "cancelled", finish_reason: "cancelled" }, done("cancelled")],
    [{ status: "disconnected", finish_reason: "disconnected" }, done("disconnected")],
    [{ status: "interrupted", finish_reason: "interrupted", error_code: "interrupted" }, failed("interrupted")],
    [{ status: "failed", finish_reason: "timeout", error_code: "timeout" }, failed("timeout")],
    [{ status: "failed", finish_reason: "error", error_code: "provider_error" }, failed("provider_error")],
  ];
  const ofMessages = (reason: string, isComplete = false) =>
    done(reason, isComplete, "message-1", { bot_id: "bot-of-message", model: null });
  const ofMessage: [Partial<MessageRow>, string | RegExp][] = [
    [{}, ofMessages("stop", true)],
    [{ finish_reason: "length" }, ofMessages("length", true)],
    [{ is_complete: false, finish_reason: "cancelled" }, ofMessages("cancelled")],
    [{ is_complete: false, finish_reason: "disconnected" }, ofMessages("disconnected")],
    [{ is_complete: false, finish_reason: "interrupted" }, failed("interrupted")],
    [{ is_complete: false, finish_reason: "timeout" }, failed("timeout")],
    [{ is_complete: false, finish_reason: "error" }, failed("provider_error")],
    // Of another relay, which stored no reason.
    [{ finish_reason: null }, ofMessages("stop", true)],
    [{ finish_reason: null, is_complete: false }, failed("interrupted")],
  ];
  const views: [View, string | RegExp][] = [
    ...ofRow.map(([row, wanted]): [View, string | RegExp] => [makeView(row), wanted]),
    ...ofMessage.map(([message, wanted]): [View, string | RegExp] => [makeView(null, message), wanted]),
    [makeView({ message_id: null }, null), done("stop", true, null)],
  ];
  for (const [view, wanted] of views) {
    const last = lastEventOf("stream-1", view)!;
    if (typeof wanted === "string") assert.equal(last, wanted);
    else assert.match(last, wanted);
  }
  assert.equal(lastEventOf("stream-1", makeView({ status: "running", finish_reason: null }, null)), null);
});

Deno.test("the usage is that of the message, else of the generation, else none", () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const counted = { prompt_tokens: 4, completion_tokens: null, total_tokens: null };
  const cases: [View, unknown][] = [
    [makeView(counted, { usage }), usage],
    [makeView(null, { usage }), usage],
    [makeView(counted, null), counted],
    [makeView({ total_tokens: 0 }, null), { prompt_tokens: null, completion_tokens: null, total_tokens: 0 }],
    [
      makeView({ ...usage, cached_tokens: 1, reasoning_tokens: 2, cost: 0.5 }, null),
      { ...usage, cached_tokens: 1, reasoning_tokens: 2, cost: 0.5 },
    ],
    // An estimate is for the ledger alone.
    [makeView({ ...usage, usage_is_estimated: true, cost: 0.5 }, null), null],
    [makeView(), null],
    [makeView(null), null],
  ];
  for (const [view, wanted] of cases) {
    const [, data] = /data: (.*)\n/.exec(lastEventOf("stream-1", view)!)!;
    assert.deepEqual(JSON.parse(data).usage, wanted);
  }
});
