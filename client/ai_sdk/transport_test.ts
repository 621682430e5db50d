import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import type { UIMessage, UIMessageChunk } from "ai";
import { type Answer, makeLab, offline, refusal, say, silence, START, streamOf } from "../testing/fake_relay.ts";
import { createRelayTransport, toUIMessages } from "./transport.ts";

const ROW = "00000000-0000-4000-8000-00000000000a";

function message(id: string, role: UIMessage["role"], metadata?: unknown): UIMessage {
  return { id, role, parts: [{ type: "text", text: "Tell me" }], metadata };
}

const question = message("q1", "user");
const whole = () => streamOf(say.start, say.token("ab", 2), say.done());

/** A transport before a fake relay; `send` and `reconnect` are called as useChat calls them. */
function makeChat(...answers: Answer[]) {
  const lab = makeLab(answers, { retry: { attempts: 0 } });
  const transport = createRelayTransport({ client: lab.client, request: { bot_id: "b1", system: "Be brief" } });
  const common = { chatId: "chat", messageId: undefined, abortSignal: undefined };
  return {
    ...lab,
    send: (messages: UIMessage[], fields: { trigger?: "regenerate-message"; body?: object } = {}) =>
      transport.sendMessages({ trigger: "submit-message", ...common, messages, ...fields }),
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
  const done = { stream_id: "s1", message_id: "a1", is_complete: true, finish_reason: "stop", usage: null };
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

Deno.test("a stream whose end did not come can be resumed, and one that has ended cannot", async () => {
  const lab = makeChat(streamOf(say.start), whole());
  const lost = rejects(async () => await chunksIn(await lab.send([question])), { code: "unreachable" });
  await lab.clock.run(25_000);
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
