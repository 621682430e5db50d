import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { UIMessage, UIMessageChunk } from "ai";
import { createRelayTransport, type StreamStorage } from "./transport.ts";
import { toUIMessages } from "./history.ts";
import { type Answer, makeLab, makeStream, refusal, say, silence, START, unreachable } from "../testing/fake_relay.ts";

const ROW = "00000000-0000-4000-8000-00000000000a";

function message(id: string, role: UIMessage["role"], text: string, metadata?: unknown): UIMessage {
  return { id, role, parts: [{ type: "text", text }], metadata };
}

const question = (id = "q1") => message(id, "user", "Tell me");
const whole = () => makeStream(say.start + say.token("ab", 2) + say.done()).answer;

/** A transport before a fake relay, and what useChat would ask of it. */
function makeChat(answers: Answer[], storage?: StreamStorage) {
  const lab = makeLab(answers, { retry: { attempts: 0 } });
  const transport = createRelayTransport({ client: lab.client, storage });
  const send = (messages: UIMessage[], fields: Partial<Parameters<typeof transport.sendMessages>[0]> = {}) =>
    transport.sendMessages({
      trigger: "submit-message",
      chatId: "chat",
      messageId: undefined,
      abortSignal: undefined,
      messages,
      ...fields,
    });
  return { ...lab, transport, send };
}

const bodies = (lab: ReturnType<typeof makeChat>) => lab.requests.map(({ body }) => body);

async function chunksIn(stream: ReadableStream<UIMessageChunk>): Promise<UIMessageChunk[]> {
  return await Array.fromAsync(stream);
}

Deno.test("a generation is said in the AI SDK's chunks, with the stream's id as the message's", async () => {
  const stream = makeStream(say.start + say.reasoning("Hm") + say.token("ab", 2) + say.done());
  const lab = makeChat([stream.answer]);
  const chunks = await chunksIn(await lab.send([question()]));
  const [{ stream_id, ...body }] = bodies(lab);
  equal(body, { prompt: "Tell me" });
  equal(chunks.map(({ type }) => type), [
    "start",
    "reasoning-start",
    "reasoning-delta",
    "reasoning-end",
    "text-start",
    "text-delta",
    "text-end",
    "finish",
  ]);
  equal(chunks[0], { type: "start", messageId: stream_id, messageMetadata: START });
  equal(chunks.at(-1), {
    type: "finish",
    finishReason: "stop",
    messageMetadata: { stream_id: "s1", message_id: "a1", is_complete: true, finish_reason: "stop", usage: null },
  });
});

Deno.test("the next message goes to the same conversation, below the answer before it", async () => {
  const lab = makeChat([whole(), whole()]);
  const [start] = await chunksIn(await lab.send([question()]));
  const answer = message((start as { messageId: string }).messageId, "assistant", "ab");
  await chunksIn(await lab.send([question(), answer, question("q2")], { body: { bot_id: "b2" } }));
  const { stream_id: _, ...body } = bodies(lab)[1];
  equal(body, { prompt: "Tell me", conversation_id: "c1", parent_id: "a1", bot_id: "b2" });
});

Deno.test("messages that were there before the page have their rows' ids, answers also in their metadata", async () => {
  const lab = makeChat([whole(), whole()]);
  const answer = message("some-stream", "assistant", "ab", {
    stream_id: "some-stream",
    message_id: "a7",
    conversation_id: "c7",
  });
  await chunksIn(await lab.send([question(ROW), answer, question("q2")]));
  await chunksIn(await lab.send([question(ROW)], { trigger: "regenerate-message" }));
  const [sent, again] = bodies(lab);
  equal([sent.conversation_id, sent.parent_id], ["c7", "a7"]);
  equal([again.reroll_of, again.prompt], [ROW, undefined]);
});

Deno.test("regenerate asks for another answer to the same stored question", async () => {
  const lab = makeChat([whole(), whole()]);
  await chunksIn(await lab.send([question()]));
  await chunksIn(await lab.send([question()], { trigger: "regenerate-message" }));
  const [first, second] = bodies(lab);
  equal(second.reroll_of, START.parent_id);
  ok(first.stream_id !== second.stream_id);
});

Deno.test("a question that may not have arrived is asked again as the same request", async () => {
  const lab = makeChat([unreachable, whole()]);
  await rejects(chunksIn(await lab.send([question(ROW)])), { code: "unreachable" });
  await chunksIn(await lab.send([question(ROW)], { trigger: "regenerate-message" }));
  const [first, second] = bodies(lab);
  equal(first, second);
});

Deno.test("a stream whose end did not come can still be resumed", async () => {
  const lab = makeChat([makeStream(say.start).answer, whole()]);
  const shown = rejects(async () => await chunksIn(await lab.send([question()])), { code: "unreachable" });
  await lab.clock.run(25_000);
  await shown;
  await lab.transport.reconnectToStream({ chatId: "chat" });
  equal(lab.requests[1].path, `/stream/${bodies(lab)[0].stream_id}`);
});

Deno.test("an edited first question is a root beside the first", async () => {
  const lab = makeChat([whole(), whole()]);
  await chunksIn(await lab.send([question()]));
  await chunksIn(await lab.send([question()], { messageId: "q1" }));
  const { stream_id: _, ...body } = bodies(lab)[1];
  equal(body, { prompt: "Tell me", conversation_id: "c1", parent_id: null });
});

Deno.test("what the relay does not do is refused before anything is sent", async () => {
  const lab = makeChat([]);
  await rejects(lab.send([message("a1", "assistant", "ab")]), {
    name: "TypeError",
    message: 'Cannot ask the relay: the last message is of the role "assistant", not "user"',
  });
  const image: UIMessage = { id: "q1", role: "user", parts: [{ type: "file", mediaType: "image/png", url: "data:," }] };
  await rejects(lab.send([image]), /a part of the type "file", not "text"$/);
  equal(lab.requests.length, 0);
});

Deno.test("a failure ends the chunks with the typed error, after the row of what was stored", async () => {
  const stream = makeStream(say.start + say.token("ab", 2) + say.error("provider_timeout"));
  const lab = makeChat([stream.answer]);
  const seen: UIMessageChunk[] = [];
  await rejects(async () => {
    for await (const chunk of await lab.send([question()])) seen.push(chunk);
  }, { name: "RelayClientError", code: "provider_timeout" });
  equal(seen.slice(-2), [{ type: "text-end", id: "part-1" }, {
    type: "message-metadata",
    messageMetadata: { message_id: "a1" },
  }]);
});

Deno.test("stop cancels, and the next message waits for the row of what was stopped", async () => {
  const stream = makeStream(say.start + say.token("ab", 2));
  const lab = makeChat([stream.answer, () => Response.json({ status: "cancelling" }, { status: 202 }), whole()]);
  const controller = new AbortController();
  const reader = (await lab.send([question()], { abortSignal: controller.signal }))
    .getReader();
  const { value } = await reader.read();
  const { messageId } = value as { messageId: string };
  controller.abort("stopped");
  await reader.cancel();
  await lab.clock.run(0);
  equal(lab.requests[1].path, "/cancel");
  const next = lab.send([question(), message(messageId, "assistant", "ab"), question("q2")]);
  await lab.clock.run(0);
  equal(lab.requests.length, 2);
  stream.send(say.done({ finish_reason: "cancelled", is_complete: false }));
  await chunksIn(await next);
  equal(bodies(lab)[2].parent_id, "a1");
});

Deno.test("a page that is loaded again resumes the stream that it was reading", async () => {
  const kept = new Map<string, string>();
  const storage: StreamStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  const first = makeChat([makeStream(say.start).answer], storage);
  await (await first.send([question()])).getReader().read();
  const [{ stream_id }] = bodies(first);
  equal([...kept.values()], [stream_id]);

  const second = makeChat([whole()], storage);
  const stream = await second.transport.reconnectToStream({ chatId: "chat" });
  equal((await chunksIn(stream!)).map(({ type }) => type), ["start", "text-start", "text-delta", "text-end", "finish"]);
  equal(second.requests[0].path, `/stream/${stream_id}`);
  ok(second.transport.resumeStreamIsReplay);
  equal(kept.size, 0);
  equal(await second.transport.reconnectToStream({ chatId: "chat" }), null);
});

Deno.test("a stream that is forgotten is nothing to resume", async () => {
  const lab = makeChat([refusal(404, "stream_not_found")]);
  const body = { stream_id: "s9" };
  equal(await lab.transport.reconnectToStream({ chatId: "chat", body }), null);
  equal(lab.requests[0].path, "/stream/s9");
});

Deno.test("leaving before a resumed stream has begun does not stop it", async () => {
  const lab = makeChat([silence]);
  const controller = new AbortController();
  const resumed = lab.transport.reconnectToStream({
    chatId: "chat",
    body: { stream_id: "s9" },
    abortSignal: controller.signal,
  });
  await lab.clock.run(0);
  controller.abort("unmounted");
  equal(await resumed, null);
  await lab.clock.run(60_000);
  equal(lab.requests.map(({ path }) => path), ["/stream/s9"]);
});

Deno.test("the stored path to a leaf is shown, other branches are not", () => {
  const row = (id: string, parent_id: string | null, is_user: boolean) => ({
    id,
    parent_id,
    conversation_id: "c1",
    stream_id: is_user ? null : `stream-of-${id}`,
    content: `text of ${id}`,
    is_user_author: is_user,
    is_complete: true,
    finish_reason: is_user ? null : "stop",
  });
  const rows = [row("a2", "u1", false), row("u1", null, true), row("a1", "u1", false)];
  equal(toUIMessages(rows, "a2"), [{ id: "u1", role: "user", parts: [{ type: "text", text: "text of u1" }] }, {
    id: "stream-of-a2",
    role: "assistant",
    parts: [{ type: "text", text: "text of a2" }],
    metadata: {
      message_id: "a2",
      conversation_id: "c1",
      parent_id: "u1",
      is_complete: true,
      stream_id: "stream-of-a2",
      finish_reason: "stop",
    },
  }]);
  equal(toUIMessages(rows, null), []);
  const [loop] = [{ ...row("x", "x", true) }];
  equal(toUIMessages([loop], "x").length, 1);
});
