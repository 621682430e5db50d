import assert from "node:assert/strict";
import { makeCall } from "../../testing/provider.ts";
import { GO_ON } from "../provider.ts";
import { FIRST_TURN } from "../request.ts";
import { bodyOf, endpointOf, headersOf } from "./request.ts";

Deno.test("the story becomes contents of alternating roles, the user's first and last, and the instructions are separate", () => {
  const body = bodyOf(makeCall({
    replyTokens: 9,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "assistant", content: "A" },
      { role: "user", content: "B" },
      { role: "user", content: "C" },
      { role: "assistant", content: "D" },
    ],
  }));
  assert.deepEqual(body, {
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { role: "user", parts: [{ text: FIRST_TURN }] },
      { role: "model", parts: [{ text: "A" }] },
      { role: "user", parts: [{ text: "B\n\nC" }] },
      { role: "model", parts: [{ text: "D" }] },
      { role: "user", parts: [{ text: GO_ON }] },
    ],
    generationConfig: { temperature: 0.7, maxOutputTokens: 9 },
  });
});

Deno.test("what a model goes on from is its last turn; without instructions there is no field for them", () => {
  const { contents, ...rest } = bodyOf(makeCall({
    isPrefilled: true,
    takesSystem: false,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "A" },
      { role: "assistant", content: "B" },
    ],
  }));
  assert.deepEqual(contents, [
    { role: "user", parts: [{ text: "Be brief.\n\nA" }] },
    { role: "model", parts: [{ text: "B" }] },
  ]);
  assert.deepEqual(rest, { generationConfig: { temperature: 0.7 } });
});

Deno.test("a bot's params are fields of the request where it has them, else settings of the model", () => {
  const safetySettings = [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }];
  const thinkingConfig = { includeThoughts: true };
  const params = {
    safetySettings,
    cached_content: null,
    labels: { app: "a" },
    topK: 40,
    stopSequences: null,
    generationConfig: { thinkingConfig, temperature: null, candidateCount: 2 },
    ...{ contents: [], model: "x", stream: false, systemInstruction: {}, system_instruction: {}, candidateCount: 8 },
  };
  const { contents: _, ...body } = bodyOf(makeCall({ params, replyTokens: 9 }));
  const generationConfig = { maxOutputTokens: 9, topK: 40, thinkingConfig };
  assert.deepEqual(body, { safetySettings, labels: { app: "a" }, generationConfig });
  for (const generation_config of [null, 7, [], "x"]) {
    assert.deepEqual(bodyOf(makeCall({ params: { generation_config } })).generationConfig, { temperature: 0.7 });
  }
});

Deno.test("the address may be the base, or the endpoint of a model; a model may have its folder with it", () => {
  const at = (address: string, model = "gemini-2.5-flash") => endpointOf({ baseUrl: new URL(address), model });
  const whole = "https://a.test/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
  for (
    const address of [
      "https://a.test/v1beta",
      "https://a.test/v1beta/",
      "https://a.test/v1beta/models/gemini-2.5-flash:generateContent",
      "https://a.test/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=json",
    ]
  ) assert.equal(at(address), whole);
  assert.equal(at("https://a.test/v1beta", "models/gemini-2.5-flash"), whole);
  assert.equal(
    at("https://a.test/v1", "tunedModels/a"),
    "https://a.test/v1/tunedModels/a:streamGenerateContent?alt=sse",
  );
  assert.equal(at("https://a.test/v1?key=k", "a"), "https://a.test/v1/models/a:streamGenerateContent?key=k&alt=sse");
  // Nothing of a name leads elsewhere.
  assert.equal(
    at("https://a.test/v1", "a?b#c:d"),
    "https://a.test/v1/models/a%3Fb%23c%3Ad:streamGenerateContent?alt=sse",
  );
});

Deno.test("the key has a header of its own", () => {
  const { authorization, ...headers } = headersOf(makeCall({ accessKey: " AIza-1 " }));
  assert.deepEqual([authorization, headers["x-goog-api-key"]], [undefined, "AIza-1"]);
});
