/** Servers that take what the documentation of an API says and refuse all else, by either transport. */

import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import type { Dialect } from "../testing/dialects.ts";
import { GEMINI_STREAMS } from "../testing/dialects_gemini.ts";
import { RESPONSES_STREAMS } from "../testing/dialects_responses.ts";
import { createManualClock } from "../testing/platform.ts";
import { createTransportFetch } from "../transport/fetch.ts";
import { createTransport } from "../transport/transport.ts";
import { createProvider } from "./client.ts";
import type { ContextMessage, Delta, ProviderCall } from "./provider.ts";

const KEY = "AIza-Qx7Lw9TzRb2Kd5Yh8NfJmVg3";

// deno-lint-ignore no-explicit-any
type Body = any;

/** What is wrong with a request, in the provider's words; null: nothing is. */
type Check = (request: Request, body: Body) => [status: number, error: object] | null;

const FIELDS_OF_RESPONSES =
  /^(?:input|instructions|max_output_tokens|model|prompt_cache_key|safety_identifier|store|stream|temperature|top_p)$/;

const checkResponses: Check = (request, body) => {
  const refuse = (status: number, code: string, message: string, param: string | null = null) =>
    [status, { error: { message, type: "invalid_request_error", param, code } }] as [number, object];
  if (new URL(request.url).pathname !== "/v1/responses") return refuse(404, "not_found", "Unknown request URL");
  if (request.headers.get("authorization") !== `Bearer ${KEY}`) {
    return refuse(401, "invalid_api_key", `Incorrect API key provided: ${request.headers.get("authorization")}`);
  }
  const unknown = Object.keys(body).find((name) => !FIELDS_OF_RESPONSES.test(name));
  if (unknown) return refuse(400, "unknown_parameter", `Unknown parameter: '${unknown}'.`, unknown);
  const areMessages = Array.isArray(body.input) && body.input.length > 0 &&
    body.input.every(({ role, content }: ContextMessage) => /^(?:user|assistant)$/.test(role) && content !== "");
  if (!areMessages) return refuse(400, "invalid_type", "Invalid type for 'input'", "input");
  if (body.model === "o9" && "temperature" in body) {
    const message = "Unsupported parameter: 'temperature' is not supported with this model.";
    return refuse(400, "unsupported_parameter", message, "temperature");
  }
  return body.stream === true ? null : refuse(400, "invalid_value", "This test streams", "stream");
};

const SETTINGS = /^(?:temperature|maxOutputTokens|topP|topK|stopSequences|seed|thinkingConfig)$/;

const checkGemini: Check = (request, body) => {
  const refuse = (code: number, status: string, message: string) =>
    [code, { error: { code, message, status } }] as [number, object];
  const invalid = (message: string) => refuse(400, "INVALID_ARGUMENT", message);
  const { pathname, searchParams } = new URL(request.url);
  if (!/^\/v1beta\/models\/(?:m|gemma):streamGenerateContent$/.test(pathname)) {
    return refuse(404, "NOT_FOUND", `${pathname} is not found for API version v1beta`);
  }
  if (searchParams.get("alt") !== "sse") return invalid("This test streams");
  if ((request.headers.get("x-goog-api-key") ?? searchParams.get("key")) !== KEY) {
    return invalid("API key not valid. Please pass a valid API key.");
  }
  const { contents, systemInstruction, generationConfig = {}, safetySettings: _, ...rest } = body;
  const unknown = [...Object.keys(rest), ...Object.keys(generationConfig).filter((name) => !SETTINGS.test(name))][0];
  if (unknown) return invalid(`Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
  if (systemInstruction !== undefined && pathname.includes("gemma")) {
    return invalid("Developer instruction is not enabled for models/gemma");
  }
  if (contents.some(({ role }: Body, index: number) => role !== ["user", "model"][index % 2])) {
    return invalid("Please ensure that multiturn requests alternate between user and model");
  }
  return contents.at(-1).role === "user" ? null : invalid("Requests ending with a model turn are not supported.");
};

/** Writes the answer byte by byte. */
function serve(check: Check, answer: string) {
  const bodies: Body[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.json();
    bodies.push(body);
    const connection = { connection: "close" };
    const refusal = check(request, body);
    if (refusal !== null) return Response.json(refusal[1], { status: refusal[0], headers: connection });
    const bytes = new TextEncoder().encode(answer);
    const stream = new ReadableStream({
      async start(controller) {
        for (const byte of bytes) {
          controller.enqueue(Uint8Array.of(byte));
          await null;
        }
        controller.close();
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8", ...connection } });
  });
  return {
    bodies,
    url: (path: string) => new URL(path, `http://127.0.0.1:${server.addr.port}`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A story that some models would not take as it is. */
const STORY: ContextMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "assistant", content: "A" },
  { role: "user", content: "B" },
  { role: "user", content: "C" },
  { role: "assistant", content: " " },
  { role: "assistant", content: "D" },
];

/** Asks by both transports; gives what both gave. */
async function ask(call: Omit<ProviderCall, "messages">) {
  const transport = createTransport(() => Promise.resolve(["127.0.0.1"]), createManualClock());
  const ends = [];
  for (const fetchAny of [undefined, createTransportFetch(transport.post)]) {
    const provider = createProvider(createManualClock(), { fetch: fetchAny });
    const deltas: Delta[] = [];
    const end = await provider
      .stream({ ...call, messages: [...STORY] }, new AbortController().signal, (more) => deltas.push(...more))
      .then(({ finishReason, usage }) => ({ finishReason, usage }))
      .catch((error) => {
        assert.ok(error instanceof RelayError, String(error));
        return { code: error.code, message: error.message };
      });
    ends.push({ ...end, text: deltas.map(({ text }) => text).join("") });
  }
  transport.close();
  assert.deepEqual(ends[0], ends[1]);
  return ends[0];
}

const wanted = ({ shown, end, usage }: Dialect) => ({ finishReason: end, usage, text: shown });
const common = { accessKey: KEY, model: "m", temperature: 0.7, params: {}, replyTokens: 9 };

Deno.test("a server that takes what OpenAI's Responses take is asked as it wants, and read", async () => {
  const [documented] = RESPONSES_STREAMS;
  await using server = serve(checkResponses, documented.body);
  const call = { ...common, api: "openai_responses", baseUrl: server.url("/v1") };
  assert.deepEqual(await ask({ ...call, params: { top_p: 0.9 } }), wanted(documented));
  // A field that the model does not take is left out, once it has said so.
  assert.deepEqual(await ask({ ...call, model: "o9" }), wanted(documented));
  assert.deepEqual(server.bodies.slice(2).map((body) => "temperature" in body), [true, false, true, false]);
  const refused = (code: string, message: string) => ({ code, message, text: "" });
  const status = "The provider refused the request with status";
  assert.deepEqual(
    await ask({ ...call, accessKey: "sk-wrong" }),
    refused("provider_auth", "The provider refused the key of this bot with status 401"),
  );
  assert.deepEqual(
    await ask({ ...call, baseUrl: server.url("/v2") }),
    refused("provider_refused", `${status} 404: "Unknown request URL"`),
  );
  assert.equal(JSON.stringify(server.bodies).includes(KEY), false);
});

Deno.test("a server that takes what Gemini takes is asked as it wants, and read", async () => {
  const [real] = GEMINI_STREAMS;
  await using server = serve(checkGemini, real.body);
  const call = { ...common, api: "gemini", baseUrl: server.url("/v1beta") };
  assert.deepEqual(await ask({ ...call, params: { topK: 40, safetySettings: [] } }), wanted(real));
  assert.deepEqual(await ask({ ...call, baseUrl: server.url(`/v1beta?key=${KEY}`), accessKey: null }), wanted(real));
  assert.deepEqual(await ask({ ...call, model: "gemma", takesSystem: false }), wanted(real));
  const refused = (message: string, code = "provider_refused") => ({ code, message, text: "" });
  const status = "The provider refused the request with status";
  assert.deepEqual(
    await ask({ ...call, model: "gemma" }),
    refused(`${status} 400: "Developer instruction is not enabled for models/gemma"`),
  );
  assert.deepEqual(
    await ask({ ...call, params: { logit_bias: {} } }),
    refused(`${status} 400: "Invalid JSON payload received. Unknown name "logit_bias": Cannot find field."`),
  );
  assert.deepEqual(
    await ask({ ...call, model: "n" }),
    refused(`${status} 404: "/v1beta/models/n:streamGenerateContent is not found for API version v1beta"`),
  );
  assert.deepEqual(
    await ask({ ...call, isPrefilled: true }),
    refused(`${status} 400: "Requests ending with a model turn are not supported."`),
  );
  assert.deepEqual(
    await ask({ ...call, accessKey: "AIza-wrong" }),
    refused("The provider refused the key of this bot with status 400", "provider_auth"),
  );
});
