/** The event stream: its headers, the order of its events and their fields. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { readStory } from "../../testkit/reader.ts";
import { makeBot, signUp, storedMessage } from "../../testkit/target.ts";
import { ask, givenAuthor, open, readToEnd, refuses, type Scenario, tell, waits } from "./scenario.ts";

const USAGE = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 };

export const streaming: Scenario[] = [{
  title: "the answer is an event stream that nobody may store or hold back",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const response = await ask(target, user, { prompt: "Begin" });
    const { start } = await readToEnd(readStory(response));
    const header = (name: string) => response.headers.get(name);
    equal(response.status, 200);
    equal(header("content-type"), "text/event-stream; charset=utf-8");
    equal(header("cache-control"), "no-cache, no-transform");
    equal(header("x-accel-buffering"), "no");
    equal(header("content-length"), null);
    equal(header("x-stream-id"), start.stream_id);
    equal(header("access-control-allow-origin"), "*");
    equal(header("ratelimit-limit"), "5");
    equal(header("ratelimit-remaining"), "4");
    match(header("ratelimit-reset") ?? "", /^([1-9]|[1-5]\d|60)$/);
  },
}, {
  title: "start, tokens and done come in this order, with exactly these fields",
  async run(target, provider) {
    const { user, botId, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin" });
    const [start] = await stream.until("start");
    const call = await provider.called(baseUrl);
    await call.token("Once ");
    const first = await stream.until("token");
    await call.token("upon");
    const second = await stream.until("token");
    const finishing = call.finish();
    const rest = await stream.until("done");
    await finishing;
    equal(await stream.next(), undefined);

    const events = [start, ...first, ...second, ...rest].filter((e) => e.event !== "ping");
    const facts = JSON.parse(start.data);
    const done = JSON.parse(events.at(-1)!.data);
    equal(events, [
      { event: "start", id: "0", data: start.data },
      { event: "token", id: "5", data: "Once " },
      { event: "token", id: "9", data: "upon" },
      { event: "done", id: undefined, data: events.at(-1)!.data },
    ]);
    match(facts.stream_id, /^[A-Za-z0-9._:-]{1,128}$/);
    equal(facts, {
      stream_id: facts.stream_id,
      conversation_id: facts.conversation_id,
      bot_id: botId,
      model: "test-model",
      user_message_id: facts.user_message_id,
      parent_id: facts.user_message_id,
    });
    equal(done, {
      stream_id: facts.stream_id,
      message_id: (await storedMessage(target, user, facts.stream_id)).id,
      is_complete: true,
      finish_reason: "stop",
      usage: USAGE,
    });
  },
}, {
  title: "start arrives before the provider has said anything",
  async run(target) {
    const user = await signUp(target);
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await makeBot(target, user, `http://127.0.0.1:${silent.addr.port}/v1`);
    const stream = await open(target, user, { prompt: "Begin" });
    const seen = await stream.until("start");
    // Only now does anybody take the relay's call, and hangs up.
    (await silent.accept()).close();
    silent.close();
    const { end, last } = await readToEnd(stream, seen);
    equal([end, last.code], ["error", "provider_error"]);
  },
}, {
  title: "a ping, which has a name, comes whenever nothing else did for a while",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin" });
    const before = await stream.until("ping");
    equal(before.map((e) => e.event), ["start", "ping"]);
    equal(before.at(-1), { event: "ping", id: undefined, data: "{}" });
    const call = await provider.called(baseUrl);
    await call.token("Once");
    await stream.until("token");
    equal((await stream.next())?.event, "ping");
    const [{ end }] = await Promise.all([readToEnd(stream, before), call.finish()]);
    equal(end, "done");
  },
}, {
  title: "a provider that breaks off ends the stream with an error, and what it said is kept",
  async run(target, provider) {
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream = await open(target, user, { prompt: "Begin" });
    const call = await provider.called(baseUrl);
    await call.token("Once upon");
    const seen = await stream.until("token");
    call.break();
    const { start, end, last, text } = await readToEnd(stream, seen);
    const stored = await storedMessage(target, user, start.stream_id);
    equal([end, text, stored.content], ["error", "Once upon", "Once upon"]);
    equal(last, {
      code: "provider_bad_response",
      message: last.message,
      retryable: true,
      stream_id: start.stream_id,
      message_id: stored.id,
    });
    equal([stored.is_complete, stored.finish_reason], [false, "error"]);
  },
}, {
  title: "a provider that refuses is an error event, for the answer has begun already",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider, refuses(429, { error: { message: "Slow down" } }));
    const { response, events, start, last } = await tell(target, user, { prompt: "Begin" });
    equal(response.status, 200);
    equal(events.map((e) => e.event), ["start", "error"]);
    equal(last, {
      code: "provider_rate_limited",
      message: last.message,
      retryable: true,
      stream_id: start.stream_id,
      message_id: null,
    });
  },
}];
