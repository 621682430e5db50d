import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { RelayClientError } from "./errors.ts";
import {
  ASK,
  busyWith,
  DONE,
  makeLab,
  makeStream,
  offline,
  play,
  refusal,
  say,
  silence,
  START,
  streamOf,
} from "./testing/fake_relay.ts";

Deno.test("start() posts the request with the token, and gives the events, the text and the end", async () => {
  const stream = makeStream(say.start + say.reasoning("Hm") + say.ping + say.token("Once\n", 5));
  const { client, requests, clock } = makeLab([stream.answer]);
  const heard: unknown[] = [];
  const generation = client.start({ ...ASK, on_disconnect: "continue" }, {
    onStart: (start) => heard.push(start),
    onReasoning: (text) => heard.push(text),
    onToken: (text, offset) => heard.push([text, offset]),
    onDone: (result) => heard.push(result),
  });
  const seen = Array.fromAsync(generation);
  await clock.run(0);
  equal([generation.start, generation.text], [START, "Once\n"]);
  stream.send(say.token(" upon", 10) + say.done());

  const result = await generation.done;
  const end = { messageId: "a1", finishReason: "stop", usage: null, error: null };
  equal(result, { outcome: "completed", streamId: "s1", text: "Once\n upon", ...end });
  equal(heard, [START, "Hm", ["Once\n", 5], [" upon", 10], result]);
  equal(await seen, [
    { type: "start", ...START },
    { type: "reasoning", text: "Hm" },
    { type: "token", text: "Once\n", offset: 5 },
    { type: "token", text: " upon", offset: 10 },
    { type: "done", ...DONE },
  ]);
  const [{ method, path, headers, body }] = requests;
  equal([requests.length, method, path, body], [1, "POST", "/stream", { ...ASK, on_disconnect: "continue" }]);
  equal([headers.get("authorization"), headers.get("content-type")], ["Bearer token", "application/json"]);
  await clock.run(0);
  ok(stream.cancelled);
  equal(clock.pending(), 0);
});

Deno.test("the text is the same wherever the bytes are split", async () => {
  const text = " a\n\nb é€🐉\n";
  const bytes = new TextEncoder().encode(say.start + say.token(text, text.length) + say.done());
  const splits = [[...bytes.keys()], ...Array.from(bytes.keys(), (at) => [at])];
  for (const cuts of splits) {
    const stream = makeStream("");
    [...cuts, bytes.length].forEach((cut, index) => stream.send(bytes.slice(cuts[index - 1] ?? 0, cut)));
    equal((await play([stream.answer])).result.text, text);
  }
});

Deno.test("each loop sees everything from the beginning, what it missed as one event", async () => {
  const { start } = makeLab([streamOf(say.start, say.token("a", 1), say.token("b", 2), say.done())]);
  const generation = start();
  // Leaving a loop ends nothing.
  for await (const _ of generation.tokens) break;
  await generation.done;
  for (let loop = 0; loop < 2; loop++) {
    equal(await Array.fromAsync(generation), [
      { type: "start", ...START },
      { type: "token", text: "ab", offset: 2 },
      { type: "done", ...DONE },
    ]);
  }
  equal(await Array.fromAsync(generation.tokens), ["ab"]);
});

Deno.test("an error event is a typed error: loops throw it, onError and the result have it", async () => {
  const { start } = makeLab([streamOf(say.start, say.token("a", 1), say.error("provider_timeout"))]);
  const heard: RelayClientError[] = [];
  const generation = start({ onError: (error) => heard.push(error) });
  const { outcome, text, messageId, error } = await generation.done;
  equal([outcome, text, messageId, ...heard], ["failed", "a", "a1", error]);
  const [name, code, message] = ["RelayClientError", "provider_timeout", "It is provider_timeout"];
  await rejects(Array.fromAsync(generation), { name, code, message, retryable: true, messageId: "a1" });
});

Deno.test("resume() reads the stream from an offset", async () => {
  const { client, requests } = makeLab([streamOf(say.token("cd", 4), say.done()), refusal(404, "stream_not_found")]);
  const generation = client.resume("a:b", { from: 2 });
  equal(await Array.fromAsync(generation), [{ type: "token", text: "cd", offset: 4 }, { type: "done", ...DONE }]);
  equal((await generation.done).text, "cd");
  const [{ method, path, headers, body }] = requests;
  equal([method, path, headers.get("last-event-id"), body], ["GET", "/stream/a%3Ab", "2", null]);
  equal((await client.resume("s9").done).error?.code, "stream_not_found");
});

Deno.test("detach() and a signal end the reading, before and after the answer, and no timer is left", async () => {
  const stream = makeStream(say.start + say.token("a", 1));
  const { start, clock, requests } = makeLab([stream.answer, silence]);
  const generation = start();
  const seen = Array.fromAsync(generation);
  await clock.run(0);
  generation.detach();
  const { outcome, text, error } = await generation.done;
  equal([outcome, text, error], ["detached", "a", null]);
  equal((await seen).map(({ type }) => type), ["start", "token"]);

  const controller = new AbortController();
  const waiting = start({ signal: controller.signal });
  await clock.run(0);
  controller.abort("the page is left");
  equal((await waiting.done).outcome, "detached");
  equal((await start({ signal: AbortSignal.abort("gone") }).done).outcome, "detached");
  await clock.run(60_000);
  ok(stream.cancelled);
  equal([requests.length, clock.pending()], [2, 0]);
});

Deno.test("what a callback throws is uncaught, and the stream goes on", async () => {
  const uncaught: string[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    uncaught.push(event.error.message);
  };
  globalThis.addEventListener("error", listener);
  try {
    const { start, clock } = makeLab([streamOf(say.start, say.token("a", 1), say.done())]);
    const onToken = () => {
      throw new Error("A bug of the caller");
    };
    const { outcome, text } = await start({ onToken }).done;
    await clock.run(0);
    equal([outcome, text, uncaught], ["completed", "a", ["A bug of the caller"]]);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});

Deno.test("cancel() gives what it found, and rejects with the relay's code", async () => {
  const { client, requests } = makeLab([
    () => Response.json({ stream_id: "s1", status: "cancelling" }, { status: 202 }),
    () => Response.json({ stream_id: "s1", status: "completed" }),
    refusal(404, "stream_not_found"),
  ]);
  equal([await client.cancel("s1"), await client.cancel("s1")], ["cancelling", "completed"]);
  await rejects(client.cancel("s1", { at: 7 }), { code: "stream_not_found", status: 404 });
  const [{ method, path, body }, , { body: cut }] = requests;
  equal([method, path, body, requests.length], ["POST", "/cancel", { stream_id: "s1" }, 3]);
  equal(cut, { stream_id: "s1", at: 7 });
});

const named = (status: number, headers: HeadersInit) => () => new Response(null, { status, headers });

Deno.test("running() gives the stream_id of what a conversation waits for, without reading it", async () => {
  const found = named(200, { "content-type": "text/event-stream; charset=utf-8", "x-stream-id": "s7" });
  const { client, requests, clock } = makeLab([found, named(204, {}), offline, found, named(401, {})]);
  equal([await client.running("a/b"), await client.running(7)], ["s7", null]);
  const later = client.running("c1");
  await clock.run(500);
  equal(await later, "s7");
  await rejects(client.running("c1"), { code: "unauthenticated", status: 401 });
  equal(requests.slice(0, 2).map(({ method, path }) => `${method} ${path}`), [
    "HEAD /stream?conversation_id=a%2Fb",
    "HEAD /stream?conversation_id=7",
  ]);
  equal(clock.pending(), 0);
});

Deno.test("preview() asks what would be sent, and gives it", async () => {
  const preview = { bot_id: "b1", bot_reason: "default", messages: [], fits: true };
  const { client, requests } = makeLab([() => Response.json(preview), refusal(404, "bot_not_found")]);
  equal(await client.preview({ prompt: "Tell me", conversation_id: "c1" }) as unknown, preview);
  const [{ method, path, body }] = requests;
  equal([method, path], ["POST", "/stream"]);
  equal(body, { prompt: "Tell me", conversation_id: "c1", preview: true });
  await rejects(client.preview({ prompt: "Tell me" }), { code: "bot_not_found" });
});

Deno.test("a start that is refused as busy says what runs and when to ask again, and is not sent again", async () => {
  const { result: { error }, requests } = await play([busyWith("s7")]);
  const { code, status, streamId, retryAfter, retryable } = error!;
  equal([code, status, streamId, retryAfter, retryable], ["conversation_busy", 409, "s7", 2, true]);
  equal(requests.length, 1);
});
