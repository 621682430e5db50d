/** Through the whole client, for each API: what a server gets, and what comes of its answers. */

import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { createManualClock } from "../testing/platform.ts";
import { ANTHROPIC_STREAMS } from "../testing/dialects_anthropic.ts";
import { makeCall as makeAnyCall } from "../testing/provider.ts";
import { APIS, createProvider } from "./client.ts";
import type { ApiName, Delta, ProviderCall } from "./provider.ts";

const KEY = "sk-ant-v03-Qx7Lw9/TzRb2+Kd5Yh8Nf-JmVg3_AA";
const NAMES = Object.keys(APIS) as ApiName[];
const STREAM = ANTHROPIC_STREAMS[0];

const makeCall = (overrides: Partial<ProviderCall> = {}) => makeAnyCall({ accessKey: KEY, ...overrides });

/** What came of a call; of an error also what only the log gets. */
async function ask(fetchAny: typeof fetch, call: ProviderCall) {
  const deltas: Delta[] = [];
  const logged: unknown[] = [];
  const options = { fetch: fetchAny, log: (...entry: unknown[]) => void logged.push(entry) };
  const provider = createProvider(createManualClock(), options);
  const end = await provider.stream(call, new AbortController().signal, (more) => deltas.push(...more))
    .then(({ finishReason, usage }) => ({ finishReason, usage }))
    .catch((error) => {
      assert.ok(error instanceof RelayError, String(error));
      return { code: error.code, message: error.message, cause: String(error.cause) };
    });
  return { end, text: deltas.map(({ text }) => text).join(""), logged };
}

const respond = (...answers: Response[]) => {
  const bodies: Record<string, unknown>[] = [];
  const fetchAny: typeof fetch = (_, init) => {
    bodies.push(JSON.parse(String(init?.body)));
    return Promise.resolve(answers.shift()!);
  };
  return { bodies, fetch: fetchAny };
};

const invalid = (message: string) =>
  Response.json({ type: "error", error: { type: "invalid_request_error", message } }, { status: 400 });

Deno.test("an API that this worker does not know is not asked", async () => {
  for (const api of ["telepathy", "toString", ""]) {
    const { end } = await ask(() => assert.fail(), makeCall({ api }));
    assert.deepEqual("code" in end && [end.code, end.message], [
      "provider_refused",
      "Cannot ask the provider of this bot: this worker does not know its API",
    ]);
  }
});

Deno.test("a hint for the cache is left out where it is refused by name, and what the API requires is not", async () => {
  const done = () => new Response(STREAM.body);
  const cache = respond(invalid("cache_control: Extra inputs are not permitted"), done());
  const { end } = await ask(cache.fetch, makeCall({ api: "anthropic_messages" }));
  assert.equal("finishReason" in end && end.finishReason, "stop");
  assert.deepEqual(cache.bodies.map((body) => "cache_control" in body), [true, false]);
  const limit = respond(invalid("max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for m"));
  await ask(limit.fetch, makeCall({ api: "anthropic_messages" }));
  assert.equal(limit.bodies.length, 1);
});

for (const api of NAMES.filter((name) => name === "chat_completions" || name.startsWith("openai"))) {
  Deno.test(`OpenAI gets a HMAC of conversation and user, and no one else does; params come first: ${api}`, async () => {
    const unknown = (name: string) => Response.json({ error: { message: "Unknown", param: name } }, { status: 400 });
    const call = (host: string, params = {}) =>
      makeCall({
        ...{ api, baseUrl: new URL(`https://${host}/v1`), params },
        ...{ conversationId: "conversation-1", userId: "user-1" },
      });
    const names = ["prompt_cache_key", "safety_identifier"];
    const sent = (bodies: Record<string, unknown>[]) => bodies.map((body) => names.map((name) => name in body));
    const openAi = respond(unknown("prompt_cache_key"), new Response());
    await ask(openAi.fetch, call("api.openai.com"));
    assert.deepEqual(sent(openAi.bodies), [[true, true], [false, true]]);
    assert.match(String(openAi.bodies[0].prompt_cache_key), /^[0-9a-f]{64}$/);
    assert.doesNotMatch(JSON.stringify(openAi.bodies), /user-1|conversation-1/);
    const other = respond(new Response());
    await ask(other.fetch, call("provider.test"));
    assert.deepEqual(sent(other.bodies), [[false, false]]);
    const own = respond(new Response());
    await ask(own.fetch, call("api.openai.com", { prompt_cache_key: null, safety_identifier: "own" }));
    assert.deepEqual(sent(own.bodies), [[false, true]]);
    assert.equal(own.bodies[0].safety_identifier, "own");
  });
}

/** Ways in which a server shows the key; redact_test.ts has more. */
const ECHOES: Record<string, string> = {
  "as the header": `x-api-key: ${KEY}, authorization: Bearer ${KEY}, x-goog-api-key: ${KEY}`,
  "masked, over lines": `${KEY.slice(0, 15)}…${KEY.slice(-6)}`.replaceAll(/.{5}/g, "$&\n"),
  "in base64": btoa(`user:${KEY}`),
};

/** What a server says of an echo, as JSON: of Anthropic, chat completions, OpenAI's Responses and Gemini. */
const EVENTS: ((echo: string) => object)[] = [
  (echo) => ({ type: "error", error: { message: echo, type: echo } }),
  (echo) => ({ type: "message_delta", delta: { stop_reason: echo } }),
  (echo) => ({ error: { message: echo, code: 500, status: echo } }),
  (echo) => ({ choices: [{ delta: {}, finish_reason: echo }] }),
  (echo) => ({ type: "response.failed", response: { error: { code: "server_error", message: echo } } }),
  (echo) => ({ type: "response.incomplete", response: { incomplete_details: { reason: echo } } }),
  (echo) => ({ promptFeedback: { blockReason: "OTHER", blockReasonMessage: echo } }),
  (echo) => ({ promptFeedback: { blockReason: echo, safetyRatings: [{ blocked: true, category: echo }] } }),
  (echo) => ({ candidates: [{ finishReason: "OTHER", finishMessage: echo }] }),
  (echo) => ({ candidates: [{ finishReason: echo }] }),
];

/** How it says so: the status, the body and its type. */
const SAID: [status: number, body: (echo: string) => string, type?: string][] = [
  ...[400, 401, 403, 404, 413, 422, 429, 500, 529].map((status): typeof SAID[number] => [
    status,
    (echo) => JSON.stringify({ type: "error", error: { type: "x", message: echo } }),
  ]),
  ...EVENTS.map((event): typeof SAID[number] => [200, (echo) => `data: ${JSON.stringify(event(echo))}\n\n`]),
  [400, (echo) => echo],
  [502, (echo) => `Bad gateway: ${echo}`],
  [200, (echo) => JSON.stringify(EVENTS[0](echo))],
  [200, (echo) => `event: error\ndata: ${JSON.stringify(EVENTS[0](echo))}\n\n`],
  [200, (echo) => `data: no such key, ${echo.replaceAll("\n", " ")}\n\n`],
  [200, (echo) => `${echo.replaceAll("\n", " ")} is no key`, "text/plain"],
  [200, () => "<html>", `text/html-${KEY}`],
];

/** The runs of four characters that the key has. */
const RUNS = Array.from({ length: KEY.length - 3 }, (_, at) => KEY.slice(at, at + 4).toLowerCase());
const RUNS_IN_BASE64 = ["", "x", "xx"].map((before) => btoa(before + KEY).slice(4, -4)).flatMap((text) =>
  Array.from({ length: text.length - 7 }, (_, at) => text.slice(at, at + 8))
);

for (const api of NAMES) {
  Deno.test(`whatever a server says, there are no four characters of the key in what is given and logged: ${api}`, async () => {
    for (const [how, echo] of Object.entries(ECHOES)) {
      for (const [status, body, type = "text/event-stream"] of SAID) {
        const answer = () => new Response(body(echo), { status, headers: { "content-type": type } });
        // A second one where a field seems to be refused.
        const { end, text, logged } = await ask(respond(answer(), answer()).fetch, makeCall({ api }));
        // Gemini's own pages have it in the address.
        const baseUrl = new URL(`https://provider.test/v1?key=${encodeURIComponent(KEY)}`);
        const addressed = await ask(respond(answer(), answer()).fetch, makeCall({ api, baseUrl, accessKey: null }));
        const shown = JSON.stringify([end, text, logged, addressed]);
        const found = [
          ...RUNS.filter((run) => shown.toLowerCase().includes(run)),
          ...RUNS_IN_BASE64.filter((run) => shown.includes(run)),
        ];
        assert.deepEqual(found, [], `${how}, status ${status}: ${shown}`);
      }
    }
  });
}
