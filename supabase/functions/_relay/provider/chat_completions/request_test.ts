import assert from "node:assert/strict";
import { makeCall } from "../../testing/provider.ts";
import { type ContextMessage, GO_ON, type ProviderCall } from "../provider.ts";
import { FIRST_TURN } from "../request.ts";
import { bodyOf, endpointOf } from "./request.ts";

Deno.test("the address may be the base or the endpoint itself, with a query", () => {
  const endpoints = {
    "/v1": "/v1/chat/completions",
    "/v1/chat/completions": "/v1/chat/completions",
    "/v1/chat/completions/": "/v1/chat/completions",
    "/d/x/chat/completions?api-version=2": "/d/x/chat/completions?api-version=2",
    "/chat": "/chat/chat/completions",
    "/": "/chat/completions",
    "/a/b%20c?x=a%26b": "/a/b%20c/chat/completions?x=a%26b",
  };
  for (const [path, wanted] of Object.entries(endpoints)) {
    assert.equal(endpointOf({ baseUrl: new URL(path, "https://a.test") }), `https://a.test${wanted}`);
  }
});

Deno.test("params set every field that is not the relay's, and null leaves a field out", () => {
  const relays = { model: "m", messages: [{ role: "user", content: FIRST_TURN }], stream: true };
  const nulls = { temperature: null, stream_options: null, top_p: null, stop: ["END"] };
  assert.deepEqual(bodyOf(makeCall({ params: nulls })), { stop: ["END"], ...relays });
  const free = { temperature: 1.5, stream_options: { include_usage: false } };
  const params = { model: "dearer", messages: [], stream: false, n: 9, ...free };
  assert.deepEqual(bodyOf(makeCall({ params })), { ...free, ...relays });
  for (const temperature of [0, null]) {
    assert.equal(bodyOf(makeCall({ temperature })).temperature, temperature ?? undefined);
  }
});

Deno.test("the bot's limit of the answer goes by the name that the provider takes, unless the params have one", () => {
  const openai = new URL("https://api.openai.com/v1");
  const cases: [Partial<ProviderCall>, unknown, unknown][] = [
    [{ replyTokens: 9 }, 9, undefined],
    [{ replyTokens: 9, baseUrl: openai }, undefined, 9],
    [{ replyTokens: null, baseUrl: openai }, undefined, undefined],
    [{}, undefined, undefined],
    [{ replyTokens: 9, params: { max_tokens: 5 } }, 5, undefined],
    [{ replyTokens: 9, params: { max_tokens: null } }, undefined, undefined],
    [{ replyTokens: 9, params: { max_completion_tokens: 5 } }, undefined, 5],
  ];
  for (const [overrides, max_tokens, max_completion_tokens] of cases) {
    const body = bodyOf(makeCall(overrides));
    assert.deepEqual([body.max_tokens, body.max_completion_tokens], [max_tokens, max_completion_tokens]);
  }
});

Deno.test("what goes on from a last message says so where the provider wants that, and what is for it is sent for it alone", () => {
  const messages: ContextMessage[] = [{ role: "user", content: "A" }, { role: "assistant", content: "B" }];
  const params = { continue_final_message: true, add_generation_prompt: false, top_p: 1 };
  const prefix = [messages[0], { ...messages[1], prefix: true }];
  const hosts = {
    "https://api.mistral.ai/v1": prefix,
    "https://api.deepseek.com/beta": prefix,
    "https://notmistral.ai/v1": messages,
    "https://api.openai.com/v1": messages,
  };
  for (const [url, wanted] of Object.entries(hosts)) {
    const call = makeCall({ baseUrl: new URL(url), messages, params });
    const { top_p, ...plain } = bodyOf(call);
    const asked = [...messages, { role: "user", content: GO_ON }];
    assert.deepEqual([top_p, plain.messages, "continue_final_message" in plain], [1, asked, false]);
    assert.equal("add_generation_prompt" in plain, false);
    const body = bodyOf({ ...call, isPrefilled: true });
    assert.deepEqual([body.messages, body.continue_final_message, body.add_generation_prompt], [wanted, true, false]);
  }
});
