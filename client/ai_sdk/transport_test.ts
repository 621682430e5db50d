import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import type { UIMessage, UIMessageChunk } from "ai";
import {
  type Answer,
  busyWith,
  cutAfter,
  makeHistory,
  makeLab,
  makeStream,
  nothing,
  offline,
  refusal,
  running,
  say,
  silence,
  START,
  streamOf,
} from "../testing/fake_relay.ts";
import { createRelayTransport, loadConversation, type StoryRow, toUIMessages } from "./transport.ts";

const ROW = "00000000-0000-4000-8000-00000000000a";

function message(id: string, role: UIMessage["role"], metadata?: unknown): UIMessage {
  return { id, role, parts: [{ type: "text", text: "Tell me" }], metadata };
}

const question = message("q1", "user");
const whole = () => streamOf(say.start, say.token("ab", 2), say.done());

/** A transport before a fake relay; `send` and `reconnect` are called as useChat calls them. */
function makeChat(...answers: Answer[]) {
  const lab = makeLab(answers, { retry: { attempts: 0 } });
  const items = new Map<string, string>();
  /** What the page has loaded. */
  const loaded: UIMessage[] = [];
  const transport = createRelayTransport({
    client: lab.client,
    request: { bot_id: "b1", system: "Be brief" },
    messages: () => loaded,
    storage: {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
      removeItem: (key) => void items.delete(key),
    },
  });
  const common = { chatId: "chat", messageId: undefined, abortSignal: undefined };
  return {
    ...lab,
    items,
    loaded,
    send: (
      messages: UIMessage[],
      fields: { trigger?: "regenerate-message"; body?: object; abortSignal?: AbortSignal } = {},
    ) => transport.sendMessages({ trigger: "submit-message", ...common, messages, ...fields }),
    reconnect: (fields = {}) => transport.reconnectToStream({ ...common, ...fields }),
  };
}

const chunksIn = (stream: ReadableStream<UIMessageChunk> | null) => Array.fromAsync(stream!);

Deno.test("a generation becomes the AI SDK's chunks, with the stream's id as the message's", async () => {
  const lab = makeChat(streamOf(say.start, say.reasoning("Hm"), say.token("ab", 2), say.done()));
  const chunks = await chunksIn(await lab.send([question], { body: { bot_id: "b2" } }));
  const { stream_id, ...body } = lab.requests[0].body;
  equal(body, { prompt: "Tell me", bot_id: "b2", system: "Be brief" });
  const part = { id: "part-1" };
  const next = { id: "part-2" };
  const who = { bot_id: "b1", model: "m1" };
  const done = { stream_id: "s1", message_id: "a1", ...who, is_complete: true, finish_reason: "stop", usage: null };
  equal(chunks, [
    { type: "start", messageId: stream_id, messageMetadata: START },
    { type: "reasoning-start", ...part },
    { type: "reasoning-delta", ...part, delta: "Hm" },
    { type: "reasoning-end", ...part },
    { type: "text-start", ...next },
    { type: "text-delta", ...next, delta: "ab" },
    { type: "text-end", ...next },
    { type: "finish", finishReason: "stop", messageMetadata: done },
  ]);
});

Deno.test("messages that are older than the page have their rows' ids, answers also in their metadata", async () => {
  const lab = makeChat(whole(), whole());
  const metadata = { stream_id: "some-stream", message_id: "a7", conversation_id: "c7" };
  await chunksIn(await lab.send([message(ROW, "user"), message("some-stream", "assistant", metadata), question]));
  await chunksIn(await lab.send([message(ROW, "user")], { trigger: "regenerate-message" }));
  const [{ body: sent }, { body: again }] = lab.requests;
  equal([sent.conversation_id, sent.parent_id], ["c7", "a7"]);
  equal([again.reroll_of, again.prompt], [ROW, undefined]);
});

Deno.test("a question that may not have arrived is asked again as the same request", async () => {
  const lab = makeChat(offline, whole());
  await rejects(chunksIn(await lab.send([message(ROW, "user")])), { code: "unreachable" });
  await chunksIn(await lab.send([message(ROW, "user")], { trigger: "regenerate-message" }));
  equal(lab.requests[0].body, lab.requests[1].body);
});

Deno.test("what the relay does not do is refused before anything is sent", async () => {
  const lab = makeChat();
  await rejects(lab.send([message("a1", "assistant")]), {
    name: "TypeError",
    message: 'Cannot ask the relay: the last message is of the role "assistant", not "user"',
  });
  const parts: UIMessage["parts"] = [{ type: "file", mediaType: "image/png", url: "data:," }];
  await rejects(lab.send([{ ...question, parts }]), /a part of the type "file", not "text"$/);
  equal(lab.requests.length, 0);
});

Deno.test("a failure ends the chunks with the typed error, after the row of what was stored", async () => {
  const lab = makeChat(streamOf(say.start, say.token("ab", 2), say.error("provider_timeout")));
  const seen: UIMessageChunk[] = [];
  await rejects(async () => {
    for await (const chunk of await lab.send([question])) seen.push(chunk);
  }, { name: "RelayClientError", code: "provider_timeout" });
  const messageMetadata = { message_id: "a1" };
  equal(seen.slice(-2), [{ type: "text-end", id: "part-1" }, { type: "message-metadata", messageMetadata }]);
});

Deno.test("a refusal is an error and no message", async () => {
  const lab = makeChat(refusal(429, "rate_limited"));
  const seen: UIMessageChunk[] = [];
  await rejects(async () => {
    for await (const chunk of await lab.send([question])) seen.push(chunk);
  }, { code: "rate_limited" });
  equal(seen, []);
});

Deno.test("another answer that is resumed takes the place of the old one, under the old one's id", async () => {
  const lab = makeChat(whole());
  lab.loaded.push(question, message("old-stream", "assistant", { parent_id: START.parent_id }));
  const [first] = await chunksIn(await lab.reconnect({ body: { stream_id: "s1" } }));
  equal(first, { type: "start", messageId: "old-stream", messageMetadata: START });
});

Deno.test("a question waits for the answer that is being written, and is then the same request", async () => {
  const before = makeStream(say.start);
  const lab = makeChat(busyWith("s7"), before.answer, whole());
  const chunks = lab.send([question]).then(chunksIn);
  await lab.clock.run(0);
  equal(lab.requests.map(({ path }) => path), ["/stream", "/stream/s7"]);
  before.send(say.error("interrupted"));
  equal((await chunks).map(({ type }) => type), ["start", "text-start", "text-delta", "text-end", "finish"]);
  equal(lab.requests[2].body, lab.requests[0].body);
  equal(lab.items.size, 0);
});

Deno.test("a question that waits is given up with its chat, or after some answers, and can be asked again", async () => {
  const lab = makeChat(busyWith("s7"), silence);
  const controller = new AbortController();
  const left = rejects(lab.send([question], { abortSignal: controller.signal }), { name: "AbortError" });
  await lab.clock.run(0);
  controller.abort();
  await left;
  await lab.clock.run(60_000);
  equal(lab.requests.length, 2);

  const busy = busyWith("s7");
  const other = makeChat(busy, whole(), busy, whole(), busy, cutAfter(), busy, whole());
  const stream = await other.send([question]);
  await rejects(chunksIn(stream), { code: "conversation_busy", streamId: "s7" });
  await chunksIn(await other.send([question], { trigger: "regenerate-message" }));
  equal(other.requests.at(-1)!.body, other.requests[0].body);
});

Deno.test("an answer is continued in its place, by its row or by its id in useChat", async () => {
  const lab = makeChat(whole(), whole(), whole());
  const [{ messageId }] = await chunksIn(await lab.send([question])) as { messageId: string }[];
  for (const continue_of of [messageId, ROW]) {
    await chunksIn(await lab.send([question], { trigger: "regenerate-message", body: { continue_of } }));
  }
  const [, { body: { stream_id: _, ...first } }, { body: second }] = lab.requests;
  equal(first, { bot_id: "b1", system: "Be brief", conversation_id: "c1", continue_of: "a1" });
  equal(second.continue_of, ROW);
  await chunksIn(await lab.send([question], { trigger: "regenerate-message" })).catch(() => {});
  equal(lab.requests[3].body.reroll_of, "u1");
});

Deno.test("a bot takes its turn after any message, as one more message", async () => {
  const lab = makeChat(whole(), whole());
  const [{ messageId }] = await chunksIn(await lab.send([question])) as { messageId: string }[];
  const [start] = await chunksIn(await lab.reconnect({ body: { answer_to: messageId, bot_id: "b2" } }));
  const { stream_id, ...turn } = lab.requests[1].body;
  equal(turn, { bot_id: "b2", system: "Be brief", answer_to: "a1" });
  equal([lab.requests[1].method, start], [
    "POST",
    { type: "start", messageId: stream_id, messageMetadata: START },
  ]);
});

Deno.test("what another device has begun in the conversation is resumed", async () => {
  const lab = makeChat(whole(), nothing, running("s1"), whole());
  equal(await lab.reconnect(), null);
  await chunksIn(await lab.send([question]));
  equal(await lab.reconnect(), null);
  const chunks = await chunksIn(await lab.reconnect());
  equal(chunks.at(-1)!.type, "finish");
  equal(lab.requests.slice(1).map(({ method, path }) => `${method} ${path}`), [
    "HEAD /stream?conversation_id=c1",
    "HEAD /stream?conversation_id=c1",
    "GET /stream/s1",
  ]);
});

Deno.test("a running stream is remembered under the chat and under its conversation, and forgotten at its end", async () => {
  const stream = makeStream(say.start);
  const lab = makeChat(stream.answer);
  const chunks = chunksIn(await lab.send([question]));
  await lab.clock.run(0);
  const { stream_id } = lab.requests[0].body;
  equal([...lab.items], [["relay-stream:chat", stream_id], ["relay-stream:c1", stream_id]]);
  stream.send(say.done());
  await chunks;
  equal(lab.items.size, 0);
});

Deno.test("a storage that refuses everything costs a page no answer", async () => {
  const refuse = () => {
    throw new DOMException("The quota has been exceeded", "QuotaExceededError");
  };
  const lab = makeChat(whole());
  lab.items.set = lab.items.get = lab.items.delete = refuse;
  const chunks = await chunksIn(await lab.send([question]));
  equal(chunks.map(({ type }) => type), ["start", "text-start", "text-delta", "text-end", "finish"]);
  equal(await lab.reconnect({ body: {} }).catch((error) => error.code), "unreachable");
});

Deno.test("a stream whose end did not come can be resumed, and one that has ended cannot", async () => {
  const lab = makeChat(streamOf(say.start), whole(), nothing);
  const lost = rejects(async () => await chunksIn(await lab.send([question])), { code: "unreachable" });
  await lab.clock.run(15_000);
  await lost;
  const chunks = await chunksIn(await lab.reconnect());
  equal(chunks.map(({ type }) => type), ["start", "text-start", "text-delta", "text-end", "finish"]);
  equal(lab.requests[1].path, `/stream/${lab.requests[0].body.stream_id}`);
  equal(await lab.reconnect(), null);
});

Deno.test("an unknown stream is nothing to resume, and leaving before one has begun does not cancel it", async () => {
  const lab = makeChat(refusal(404, "stream_not_found"), silence);
  const body = { stream_id: "s9" };
  equal(await lab.reconnect({ body }), null);
  const controller = new AbortController();
  const resumed = lab.reconnect({ body, abortSignal: controller.signal });
  await lab.clock.run(0);
  controller.abort("unmounted");
  equal(await resumed, null);
  await lab.clock.run(60_000);
  equal(lab.requests.map(({ path }) => path), ["/stream/s9", "/stream/s9"]);
});

Deno.test("toUIMessages() gives the stored path to a leaf, and no other branch", () => {
  const common = { conversation_id: "c1", is_complete: true };
  const asked = { ...common, stream_id: null, is_user_author: true, finish_reason: null, content: "Tell me" };
  const answered = { ...common, stream_id: "s1", is_user_author: false, finish_reason: "stop", parent_id: "u1" };
  const rows = [
    { ...answered, id: "a2", content: "ab" },
    { ...asked, id: "u1", parent_id: null },
    { ...answered, id: "a1", content: "cd" },
  ];
  const metadata = { ...common, message_id: "a2", parent_id: "u1", stream_id: "s1", finish_reason: "stop" };
  equal(toUIMessages(rows, "a2"), [
    { id: "u1", role: "user", parts: [{ type: "text", text: "Tell me" }], metadata: { message_id: "u1" } },
    { id: "s1", role: "assistant", parts: [{ type: "text", text: "ab" }], metadata },
  ]);
  equal(toUIMessages(rows, null), []);
  const numbered = [{ ...asked, id: 1, parent_id: null }, { ...answered, id: 2, parent_id: 1, content: "ab" }];
  equal(toUIMessages(numbered, "2").map(({ id, metadata }) => [id, metadata!.message_id]), [["1", 1], ["s1", 2]]);
  equal(toUIMessages([{ ...asked, id: "x", parent_id: "x" }], "x").length, 1);
});

Deno.test("loadConversation() reads every row, however few the Data API gives at once", async () => {
  const rows = Array.from({ length: 2_500 }, (_, index): StoryRow => ({
    id: `m${index}`,
    conversation_id: "c1",
    parent_id: index === 0 ? null : `m${index - 1}`,
    stream_id: null,
    content: "x",
    is_user_author: index % 2 === 0,
    is_complete: true,
    finish_reason: null,
  }));
  for (const maxRows of [1_000, 7]) {
    const messages = await loadConversation(makeHistory(rows, "m2499", maxRows).supabase, "c1");
    equal([messages.length, messages[0].id, messages.at(-1)!.id], [2_500, "m0", "m2499"]);
  }
  equal(await loadConversation(makeHistory([], null).supabase, "c1"), []);
});
