import assert from "node:assert/strict";
import type { GenerationRow, MessageRow, View } from "../database/read.ts";
import { frames } from "./frames.ts";
import { endOf, startOf, unseen } from "./catch_up.ts";

function makeGeneration(overrides: Partial<GenerationRow> = {}): GenerationRow {
  return {
    status: "completed",
    conversation_id: "conversation-1",
    bot_id: "bot-1",
    user_message_id: "message-of-user",
    parent_id: "message-of-user",
    message_id: "message-1",
    model: "model-1",
    finish_reason: "stop",
    error_code: null,
    prompt_tokens: null,
    completion_tokens: null,
    total_tokens: null,
    ...overrides,
  };
}

function makeMessage(overrides: Partial<MessageRow> = {}): MessageRow {
  return {
    id: "message-1",
    conversation_id: "conversation-of-message",
    bot_id: "bot-of-message",
    parent_id: "parent-of-message",
    is_complete: true,
    finish_reason: "stop",
    usage: null,
    ...overrides,
  };
}

/** A view of this generation and message, by default of what was completed. */
function makeView(generation: Partial<GenerationRow> | null = {}, message: Partial<MessageRow> | null = {}): View {
  return {
    generation: generation && makeGeneration(generation),
    message: message && makeMessage(message),
    start: 0,
    text: "Once",
  };
}

/** The view of a generation that runs: the text that begins at `start`. */
const running = (start: number | null, text: string | null): View => ({
  generation: makeGeneration({ status: "running", finish_reason: null, message_id: null }),
  start,
  text,
});

Deno.test("unseen() gives the text behind each offset, and never half a character", () => {
  const text = "a🐉é\n🐉b";
  // Offsets 2 and 6 lie inside a pair.
  const begins = [0, 1, 1, 3, 4, 5, 5, 7];
  for (const [offset, begin] of begins.entries()) {
    for (const view of [running(0, text), { ...makeView(), text }]) {
      assert.deepEqual(unseen(view, offset), { frame: frames.token(text.slice(begin), 8), offset: 8 });
    }
  }
});

Deno.test("unseen() gives nothing at the end of the text", () => {
  assert.deepEqual(unseen(running(0, "Once"), 4), { frame: "", offset: 4 });
});

Deno.test("unseen() gives nothing to a reader who is ahead, and leaves it where it is", () => {
  for (const view of [running(0, "Once"), running(null, null), makeView()]) {
    assert.deepEqual(unseen(view, 9), { frame: "", offset: 9 });
  }
});

Deno.test("unseen() leaves out what a chunk that begins earlier repeats", () => {
  const view = running(5, "upon a 🐉");
  const wanted: [number, string][] = [[5, "upon a 🐉"], [9, " a 🐉"], [12, "🐉"], [13, "🐉"]];
  for (const [offset, text] of wanted) {
    assert.deepEqual(unseen(view, offset), { frame: frames.token(text, 14), offset: 14 });
  }
  assert.deepEqual(unseen(view, 14), { frame: "", offset: 14 });
});

Deno.test("unseen() of no text is nothing", () => {
  assert.deepEqual(unseen(running(null, null), 0), { frame: "", offset: 0 });
  assert.deepEqual(unseen({ ...makeView({}, null), text: null }, 0), { frame: "", offset: 0 });
});

Deno.test("what is read from offset to offset is the whole text, however it is cut", () => {
  const text = "a🐉é🐉b";
  for (let cut = 0; cut <= text.length; cut++) {
    const first = unseen(running(0, text.slice(0, cut)), 0);
    if (!text.slice(0, cut).isWellFormed()) continue;
    const second = unseen(running(0, text), first.offset);
    const wanted = [text.slice(0, cut), text.slice(cut)];
    assert.equal(
      first.frame + second.frame,
      (wanted[0] && frames.token(wanted[0], cut)) +
        (wanted[1] && frames.token(wanted[1], text.length)),
    );
  }
});

Deno.test("startOf() is the generation's place", () => {
  for (const view of [makeView(), makeView({}, null), running(null, null)]) {
    assert.deepEqual(startOf("stream-1", view), {
      stream_id: "stream-1",
      conversation_id: "conversation-1",
      bot_id: "bot-1",
      model: "model-1",
      user_message_id: "message-of-user",
      parent_id: "message-of-user",
    });
  }
});

Deno.test("startOf() a forgotten generation is its message's place", () => {
  assert.deepEqual(startOf("stream-1", makeView(null)), {
    stream_id: "stream-1",
    conversation_id: "conversation-of-message",
    bot_id: "bot-of-message",
    model: "",
    user_message_id: null,
    parent_id: "parent-of-message",
  });
});

Deno.test("startOf() a generation whose conversation and bot are deleted names none", () => {
  const { conversation_id, bot_id, parent_id } = startOf(
    "stream-1",
    makeView({ conversation_id: null, bot_id: null, parent_id: null }, null),
  );
  assert.deepEqual([conversation_id, bot_id, parent_id], ["", "", null]);
});

Deno.test("endOf() what runs is not there yet", () => {
  assert.equal(endOf("stream-1", running(0, "Once")), null);
});

const done = (finish_reason: string, is_complete = false, message_id: string | null = "message-1") =>
  frames.done({ stream_id: "stream-1", message_id, is_complete, finish_reason, usage: null });

const failed = (code: "interrupted" | "timeout" | "provider_error") =>
  new RegExp(
    `^event: error\\ndata: \\{"code":"${code}",.*"retryable":true,"stream_id":"stream-1","message_id":"message-1"\\}\\n\\n$`,
  );

Deno.test("endOf() each status is the event that its own worker would send", () => {
  assert.equal(endOf("stream-1", makeView()), done("stop", true));
  assert.equal(endOf("stream-1", makeView({ finish_reason: "length" })), done("length", true));
  for (const status of ["cancelled", "disconnected"] as const) {
    assert.equal(endOf("stream-1", makeView({ status, finish_reason: status })), done(status));
  }
  const failures: Partial<GenerationRow>[] = [
    { status: "interrupted", finish_reason: "interrupted", error_code: "interrupted" },
    { status: "failed", finish_reason: "timeout", error_code: "timeout" },
    { status: "failed", finish_reason: "error", error_code: "provider_error" },
  ];
  for (const failure of failures) {
    assert.match(endOf("stream-1", makeView(failure))!, failed(failure.error_code as "timeout"));
  }
});

Deno.test("endOf() a generation without a message names none", () => {
  assert.equal(endOf("stream-1", makeView({ message_id: null }, null)), done("stop", true, null));
});

Deno.test("endOf() a forgotten generation is told from its message alone", () => {
  const cases: [Partial<MessageRow>, string | RegExp][] = [
    [{}, done("stop", true)],
    [{ finish_reason: "length" }, done("length", true)],
    [{ is_complete: false, finish_reason: "cancelled" }, done("cancelled")],
    [{ is_complete: false, finish_reason: "disconnected" }, done("disconnected")],
    [{ is_complete: false, finish_reason: "interrupted" }, failed("interrupted")],
    [{ is_complete: false, finish_reason: "timeout" }, failed("timeout")],
    [{ is_complete: false, finish_reason: "error" }, failed("provider_error")],
  ];
  for (const [message, wanted] of cases) {
    const end = endOf("stream-1", makeView(null, message))!;
    if (typeof wanted === "string") assert.equal(end, wanted);
    else assert.match(end, wanted);
  }
});

Deno.test("endOf() a message of before, which has no finish_reason, is complete or interrupted", () => {
  assert.equal(endOf("stream-1", makeView(null, { finish_reason: null })), done("stop", true));
  assert.match(endOf("stream-1", makeView(null, { finish_reason: null, is_complete: false }))!, failed("interrupted"));
});

Deno.test("endOf() gives the usage of the message, else of the generation, else none", () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const counted = { prompt_tokens: 4, completion_tokens: null, total_tokens: null };
  const cases: [View, unknown][] = [
    [makeView(counted, { usage }), usage],
    [makeView(null, { usage }), usage],
    [makeView(counted, null), counted],
    [makeView({ total_tokens: 0 }, null), { prompt_tokens: null, completion_tokens: null, total_tokens: 0 }],
    [makeView(), null],
    [makeView(null), null],
  ];
  for (const [view, wanted] of cases) {
    const [, data] = /data: (.*)\n/.exec(endOf("stream-1", view)!)!;
    assert.deepEqual(JSON.parse(data).usage, wanted);
  }
});
