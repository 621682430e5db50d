import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { splitEverywhere } from "../supabase/functions/_relay/testing/split.ts";
import type { RelayClientError } from "./client.ts";
import { DONE, makeLab, makeStream, refusal, say, silence, START } from "./testing/fake_relay.ts";
import type { Generation, GenerationEvent } from "./types.ts";

const ASK = { prompt: "Tell me", stream_id: "s1" };

async function eventsOf(generation: Generation): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generation) events.push(event);
  return events;
}

Deno.test("start() posts the request with the token, and gives the events, the text and the end", async () => {
  const stream = makeStream(say.start + say.reasoning("Hm") + say.token("Once\n", 5));
  const { client, requests, clock } = makeLab([stream.answer]);
  const generation = client.start({ ...ASK, on_disconnect: "continue" });
  const seen = eventsOf(generation);
  await clock.run(0);
  equal(generation.start, START);
  equal(generation.text, "Once\n");
  stream.send(say.token(" upon", 10) + say.done());

  equal(await generation.done, {
    outcome: "completed",
    streamId: "s1",
    text: "Once\n upon",
    messageId: "a1",
    finishReason: "stop",
    usage: null,
    error: null,
  });
  equal(await seen, [
    { type: "start", ...START },
    { type: "reasoning", text: "Hm" },
    { type: "token", text: "Once\n", offset: 5 },
    { type: "token", text: " upon", offset: 10 },
    { type: "done", ...DONE },
  ]);
  const [{ method, path, headers, body }] = requests;
  equal([requests.length, method, path], [1, "POST", "/stream"]);
  equal(body, { ...ASK, on_disconnect: "continue" });
  equal(headers.get("authorization"), "Bearer token");
  equal(headers.get("content-type"), "application/json");
  await clock.run(0);
  ok(stream.cancelled);
  equal(clock.pending, 0);
});

Deno.test("the callbacks are told each event as it comes", async () => {
  const told: unknown[] = [];
  const stream = makeStream(
    say.start + say.reasoning("Hm") + say.ping + say.token("a", 1) +
      say.token("b", 2) + say.done(),
  );
  const { client } = makeLab([stream.answer]);
  const result = await client.start(ASK, {
    onStart: (start) => told.push(start),
    onReasoning: (text) => told.push(text),
    onToken: (text, offset) => told.push([text, offset]),
    onDone: (result) => told.push(result),
  }).done;
  equal(told, [START, "Hm", ["a", 1], ["b", 2], result]);
});

Deno.test("a stream_id of its own is made for each start that brings none", async () => {
  const { client, requests } = makeLab([makeStream(say.done()).answer, makeStream(say.done()).answer]);
  await client.start({ prompt: "a" }).done;
  await client.start({ prompt: "a" }).done;
  const ids = requests.map(({ body }) => body.stream_id);
  ok(ids.every((id) => /^[A-Za-z0-9._:-]{1,128}$/.test(id)));
  ok(ids[0] !== ids[1]);
});

Deno.test("the text is the same wherever the bytes are split", async () => {
  const text = " a\n\nb é€🐉\n";
  const bytes = new TextEncoder().encode(say.start + say.token(text, text.length) + say.done());
  for (const reads of splitEverywhere(bytes)) {
    const stream = makeStream();
    for (const read of reads) stream.send(read);
    const { client } = makeLab([stream.answer]);
    equal((await client.start(ASK).done).text, text);
  }
});

Deno.test("loops see everything from the beginning, what they missed as one event", async () => {
  const stream = makeStream(say.start + say.token("a", 1) + say.token("b", 2) + say.done());
  const { client } = makeLab([stream.answer]);
  const generation = client.start(ASK);
  await generation.done;
  const seen = await eventsOf(generation);
  equal(seen, [{ type: "start", ...START }, { type: "token", text: "ab", offset: 2 }, { type: "done", ...DONE }]);
  equal(await eventsOf(generation), seen);
  const tokens: string[] = [];
  for await (const text of generation.tokens) tokens.push(text);
  equal(tokens, ["ab"]);
});

Deno.test("leaving a loop leaves the generation running", async () => {
  const stream = makeStream(say.start + say.token("a", 1));
  const { client } = makeLab([stream.answer]);
  const generation = client.start(ASK);
  for await (const _ of generation.tokens) break;
  ok(!stream.cancelled);
  stream.send(say.token("b", 2) + say.done());
  equal((await generation.done).text, "ab");
});

Deno.test("stop, disconnect and completion are told apart", async () => {
  for (
    const [finish_reason, is_complete, outcome] of [
      ["length", true, "completed"],
      ["cancelled", false, "cancelled"],
      ["disconnected", false, "disconnected"],
    ] as const
  ) {
    const stream = makeStream(say.done({ finish_reason, is_complete }));
    const { client } = makeLab([stream.answer]);
    const result = await client.resume("s1").done;
    equal([result.outcome, result.finishReason], [outcome, finish_reason]);
  }
});

Deno.test("an error event is a typed error: thrown by loops, told to onError, kept in the result", async () => {
  const stream = makeStream(say.start + say.token("a", 1) + say.error("provider_timeout"));
  const { client } = makeLab([stream.answer]);
  const told: RelayClientError[] = [];
  const generation = client.start(ASK, { onError: (e) => told.push(e) });
  await rejects(eventsOf(generation), {
    name: "RelayClientError",
    code: "provider_timeout",
    message: "It is provider_timeout",
    retryable: true,
    messageId: "a1",
  });
  const { outcome, text, messageId, error } = await generation.done;
  equal([outcome, text, messageId], ["failed", "a", "a1"]);
  equal(told, [error]);
});

Deno.test("resume() gets the stream behind an offset", async () => {
  const stream = makeStream(say.token("cd", 4) + say.done());
  const { client, requests } = makeLab([stream.answer]);
  const generation = client.resume("a:b", { from: 2 });
  equal(await eventsOf(generation), [{ type: "token", text: "cd", offset: 4 }, { type: "done", ...DONE }]);
  equal((await generation.done).text, "cd");
  const [{ method, path, headers, body }] = requests;
  equal([method, path, body], ["GET", "/stream/a%3Ab", null]);
  equal(headers.get("last-event-id"), "2");
});

Deno.test("detach() stops reading, and says so", async () => {
  const stream = makeStream(say.start + say.token("a", 1));
  const { client, clock, requests } = makeLab([stream.answer]);
  const generation = client.start(ASK);
  const seen = eventsOf(generation);
  await clock.run(0);
  generation.detach();
  const { outcome, text, error } = await generation.done;
  equal([outcome, text, error], ["detached", "a", null]);
  equal((await seen).map(({ type }) => type), ["start", "token"]);
  await clock.run(60_000);
  ok(stream.cancelled);
  equal([requests.length, clock.pending], [1, 0]);
});

Deno.test("a signal detaches, while the answer is awaited too, and is let go of at the end", async () => {
  const { client, clock } = makeLab([silence]);
  const controller = new AbortController();
  const generation = client.start(ASK, { signal: controller.signal });
  await clock.run(0);
  controller.abort("the page is left");
  equal((await generation.done).outcome, "detached");
  await clock.run(60_000);
  equal(clock.pending, 0);
});

Deno.test("a signal that has aborted already lets no request leave", async () => {
  const { client, requests, clock } = makeLab([silence]);
  const signal = AbortSignal.abort("gone");
  equal((await client.start(ASK, { signal }).done).outcome, "detached");
  await clock.run(0);
  equal(requests.length, 0);
});

Deno.test("what a callback throws is uncaught, and the stream goes on", async () => {
  const uncaught: string[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    uncaught.push(event.error.message);
  };
  globalThis.addEventListener("error", listener);
  try {
    const stream = makeStream(say.start + say.token("a", 1) + say.done());
    const { client, clock } = makeLab([stream.answer]);
    const result = await client.start(ASK, {
      onToken() {
        throw new Error("A bug of the caller");
      },
    }).done;
    await clock.run(0);
    equal([result.outcome, result.text], ["completed", "a"]);
    equal(uncaught, ["A bug of the caller"]);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});

Deno.test("cancel() tells what it found, and refuses with the relay's code", async () => {
  const { client, requests } = makeLab([
    () => Response.json({ stream_id: "s1", status: "cancelling" }, { status: 202 }),
    () => Response.json({ stream_id: "s1", status: "completed" }),
    refusal(404, "stream_not_found"),
  ]);
  equal(await client.cancel("s1"), "cancelling");
  equal(await client.cancel("s1"), "completed");
  await rejects(client.cancel("s1"), { code: "stream_not_found", status: 404 });
  const [{ method, path, body }] = requests;
  equal([method, path, body], ["POST", "/cancel", { stream_id: "s1" }]);
  equal(requests.length, 3);
});
