import assert from "node:assert/strict";
import { makeCall } from "../../testing/provider.ts";
import { FIRST_TURN, headersOfOpenAi } from "../request.ts";
import { bodyOf, endpointOf } from "./request.ts";

Deno.test("the request is whole: instructions, the story, nothing that the provider keeps", () => {
  const body = bodyOf(makeCall({
    replyTokens: 9,
    hints: { prompt_cache_key: "c", safety_identifier: "u" },
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "A" },
      { role: "assistant", content: "B" },
      { role: "user", content: "C" },
    ],
  }));
  assert.deepEqual(body, {
    temperature: 0.7,
    max_output_tokens: 9,
    store: false,
    prompt_cache_key: "c",
    safety_identifier: "u",
    model: "m",
    instructions: "Be brief.",
    input: [{ role: "user", content: "A" }, { role: "assistant", content: "B" }, { role: "user", content: "C" }],
    stream: true,
  });
});

Deno.test("the bot's params come before what the relay would set, but not before what is the relay's", () => {
  const params = {
    temperature: null,
    max_output_tokens: 5,
    store: true,
    reasoning: { effort: "low", summary: "auto" },
    prompt_cache_key: null,
    ...{ input: [], instructions: "No", model: "x", stream: false },
    ...{ background: true, conversation: "c", previous_response_id: "r", prompt: { id: "p" } },
  };
  assert.deepEqual(bodyOf(makeCall({ params, replyTokens: 9, hints: { prompt_cache_key: "c" } })), {
    max_output_tokens: 5,
    store: true,
    reasoning: { effort: "low", summary: "auto" },
    model: "m",
    input: [{ role: "user", content: FIRST_TURN }],
    stream: true,
  });
});

Deno.test("the address may be the base or the endpoint itself, and the key is a bearer token", () => {
  for (const path of ["/v1", "/v1/", "/v1/responses", "/v1/responses/"]) {
    assert.equal(endpointOf({ baseUrl: new URL(path, "https://a.test") }), "https://a.test/v1/responses");
  }
  assert.equal(endpointOf({ baseUrl: new URL("https://a.test/o?v=1") }), "https://a.test/o/responses?v=1");
  assert.equal(headersOfOpenAi(makeCall({ accessKey: " Bearer sk-1 " })).authorization, "Bearer sk-1");
});
