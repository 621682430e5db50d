/** How providers say that something failed, as bytes: for tests. */

import type { Dialect } from "./dialects.ts";
import { BODIES, error, KEY, text } from "./dialects_bodies.ts";

export { KEY };

type Row = [name: string, status: number, body: unknown, end: string];

const TEXT = 'data: {"choices":[{"delta":{"content":"Once "}}]}\n\n';

/** Within a stream that has begun: what follows the text. */
const WITHIN: [name: string, events: string | object, end: string][] = [
  ["an error object", error("Overloaded"), 'provider_error: stream: "Overloaded"'],
  [
    "TGI: error as a string",
    { error: "Request failed: out of memory", error_type: "generation" },
    "provider_error: out of memory",
  ],
  [
    "llama.cpp: a field named error",
    'error: {"code":500,"message":"context shift is off","type":"server_error"}\n\n',
    "provider_error: context shift",
  ],
  ["event: error", 'event: error\ndata: {"message":"It broke","code":500}\n\n', "provider_error: It broke"],
  ["event: error with plain text", "event: error\ndata: It broke\n\n", "provider_error: It broke"],
  [
    "vLLM: object error",
    { object: "error", message: "It broke", type: "InternalServerError", code: 500 },
    "provider_error: It broke",
  ],
  [
    "Anthropic's shape",
    { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
    "provider_error: Overloaded",
  ],
  ["message alone", { message: "It broke" }, "provider_error: It broke"],
  ["detail alone", { detail: "It broke" }, "provider_error: It broke"],
  ["a list of one", [error("It broke")], "provider_error: It broke"],
  ["errors as a list", { errors: [{ message: "It broke" }] }, "provider_error: It broke"],
  ["OpenRouter: error next to choices", {
    ...error("It broke", { code: 502 }),
    choices: [{ index: 0, delta: {}, finish_reason: "error" }],
  }, "provider_error: It broke"],
  [
    "OpenRouter: error of the choice",
    { choices: [{ index: 0, error: { code: 502, message: "It broke" } }] },
    "provider_error: It broke",
  ],
  ["JSON without data:", `${JSON.stringify(error("It broke"))}\n\n`, "provider_error: It broke"],
  [
    "an error, then [DONE]",
    `data: ${JSON.stringify(error("It broke"))}\n\ndata: [DONE]\n\n`,
    "provider_error: It broke",
  ],
  ["code 429", error("Slow down", { code: 429 }), "provider_rate_limited: Slow down"],
  ['code "429"', error("Slow down", { code: "429" }), "provider_rate_limited: Slow down"],
  ["rate_limit_exceeded", error("Slow down", { code: "rate_limit_exceeded" }), "provider_rate_limited: Slow down"],
  ["code 401", error(`No ${KEY}`, { code: 401 }), "provider_auth: refused the key of this bot"],
  [
    "invalid_api_key",
    error("Incorrect API key provided: sk-pr*****7xWz", { code: "invalid_api_key" }),
    "provider_auth",
  ],
  ["code 402", error("Out of credit", { code: 402 }), "provider_refused: Out of credit"],
  ["code 400 of the window", error("Too long", { code: "context_length_exceeded" }), "context_exceeded: Too long"],
  [
    "llama.cpp: exceed_context_size_error",
    error("the request exceeds the available context size", { code: 400, type: "exceed_context_size_error" }),
    "context_exceeded: available context size",
  ],
  [
    "invalid_request_error",
    error("No such field", { type: "invalid_request_error" }),
    "provider_refused: No such field",
  ],
  ["the key in the words", error(`Key ${KEY}, and sk-proj-A…7xWz`), 'provider_error: "Key [key], and [key]…[key]"'],
  ["in data", { data: error("It broke", { code: 500 }) }, "provider_error: It broke"],
  [
    "Responses: response.failed",
    { type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "It broke" } } },
    "provider_error: It broke",
  ],
  ["success: false", { success: false, code: 500, result: null }, "provider_error: in the middle of the stream"],
  ["error of the delta", { choices: [{ index: 0, delta: error("It broke") }] }, "provider_error: It broke"],
  ["plain text in an event", "data: The upstream timed out\n\n", 'provider_error: stream: "The upstream timed out"'],
  ["plain text without an event", "Internal server error\n", 'provider_error: stream: "Internal server error"'],
  ["plain text with the key", `data: No key ${KEY}\n\n`, 'provider_error: "No key [key]"'],
  ["an error without words", { error: {}, object: "error" }, "provider_error: in the middle of the stream"],
];

/** A refusal with a status. */
const REFUSALS: Row[] = [
  [
    "OpenAI: 401",
    401,
    error("Incorrect API key provided: sk-pr*****7xWz", { code: "invalid_api_key" }),
    "provider_auth: status 401",
  ],
  ["Gemini: 400 for a wrong key", 400, [
    error("API key not valid. Please pass a valid API key.", {
      code: 400,
      status: "INVALID_ARGUMENT",
      details: [{ reason: "API_KEY_INVALID" }],
    }),
  ], "provider_auth: status 400"],
  ["xAI: 400 for a wrong key", 400, {
    code: "Client specified an invalid argument",
    error: "Incorrect API key provided: sk***Wz. You can obtain an API key from https://console.x.ai.",
  }, "provider_auth: status 400"],
  ["Cohere: 401", 401, { message: "invalid api token" }, "provider_auth: status 401"],
  ["403 of a key", 403, error("You are not allowed to sample from this model"), "provider_auth: status 403"],
  ["403 without words", 403, "", "provider_auth: status 403"],
  [
    "OpenRouter: 403 is moderation",
    403,
    error("Your input was flagged by moderation", {
      code: 403,
      metadata: { reasons: ["violence"], flagged_input: "…" },
    }),
    "provider_refused: flagged",
  ],
  [
    "OpenAI: 403 is the region",
    403,
    error("Country, region, or territory not supported", {
      code: "unsupported_country_region_territory",
      type: "request_forbidden",
    }),
    "provider_refused: not supported",
  ],
  ["DeepSeek: 402", 402, error("Insufficient Balance"), "provider_refused: Insufficient Balance"],
  ["Anthropic: 400 without credit", 400, error("Your credit balance is too low"), "provider_refused: credit balance"],
  [
    "OpenAI: 429 without quota",
    429,
    error("You exceeded your current quota", { code: "insufficient_quota" }),
    "provider_refused: quota",
  ],
  ["429", 429, error("Rate limit reached for requests"), "provider_rate_limited: Rate limit"],
  ["Gemini: 429 in a list", 429, [
    error("You exceeded your current quota", { code: 429, status: "RESOURCE_EXHAUSTED" }),
  ], "provider_rate_limited: quota"],
  [
    "OpenRouter: the reason in metadata.raw",
    429,
    error("Provider returned error", {
      code: 429,
      metadata: {
        raw: "foo is temporarily rate-limited upstream",
      },
    }),
    "provider_rate_limited: rate-limited upstream",
  ],
  [
    "OpenRouter: JSON in metadata.raw",
    400,
    error("Provider returned error", {
      code: 400,
      metadata: {
        raw: '{"error":{"message":"prompt is too long: 9 tokens > 8 maximum"}}',
      },
    }),
    "context_exceeded: prompt is too long",
  ],
  ["a gateway's 500 for a 429", 500, error("litellm.RateLimitError: x", { code: "429" }), "provider_rate_limited"],
  [
    "Gemini: no such model",
    404,
    [error("models/foo is not found", { code: 404, status: "NOT_FOUND" })],
    "provider_refused: not found",
  ],
  ["Ollama: no such model", 404, error('model "foo" not found, try pulling it first'), "provider_refused: not found"],
  ["vLLM: flat, the window", 400, {
    object: "error",
    message: "This model's maximum context length is 2048 tokens",
    type: "BadRequestError",
    param: null,
    code: 400,
  }, "context_exceeded: maximum context length"],
  [
    "OpenAI: the window",
    400,
    error("This model's maximum context length is 8 tokens", { code: "context_length_exceeded", param: "messages" }),
    "context_exceeded: status 400",
  ],
  ["TGI: the window", 422, {
    error: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
    error_type: "validation",
  }, "context_exceeded: `inputs` tokens"],
  [
    "Gemini: the window",
    400,
    [error("The input token count (9) exceeds the maximum number of tokens allowed (8).")],
    "context_exceeded: token count",
  ],
  ["Mistral: the window", 400, {
    object: "error",
    message: "Prompt contains 9 tokens, too large for model with 8 maximum context length",
  }, "context_exceeded: maximum context length"],
  [
    "xAI: the window",
    400,
    { error: "This model's maximum prompt length is 8 but the request contains 9 tokens." },
    "context_exceeded: prompt length",
  ],
  [
    "Groq: the window",
    400,
    error("Please reduce the length of the messages or completion.", { code: "context_length_exceeded" }),
    "context_exceeded: reduce the length",
  ],
  [
    "DashScope: the window",
    400,
    error("Range of input length should be [1, 30720]", { code: "invalid_parameter_error" }),
    "context_exceeded: Range",
  ],
  ["Mistral: message is an object", 422, {
    object: "error",
    message: { detail: [{ type: "extra_forbidden", loc: ["body", "foo"], msg: "Extra inputs are not permitted" }] },
  }, "provider_refused: Extra inputs"],
  [
    "FastAPI: detail is a list",
    422,
    { detail: [{ loc: ["body", "x"], msg: "field required", type: "missing" }] },
    "provider_refused: field required",
  ],
  ["detail is a string", 400, { detail: "Model is loading" }, "provider_refused: Model is loading"],
  [
    "SiliconFlow: message at the top",
    400,
    { message: "model not found: foo", code: 20012 },
    "provider_refused: model not found",
  ],
  [
    "Azure: the content filter",
    400,
    error("The response was filtered", {
      code: "content_filter",
      innererror: { code: "ResponsibleAIPolicyViolation" },
    }),
    "provider_refused: filtered",
  ],
  [
    "DashScope: inspection",
    400,
    error("Input data may contain inappropriate content.", { code: "data_inspection_failed" }),
    "provider_refused: inappropriate",
  ],
  ["413", 413, "<h1>Too large</h1>", "provider_refused: status 413"],
  ["plain text", 503, "no healthy upstream", 'provider_error: status 503: "no healthy upstream"'],
  ["an empty 500", 500, "", "provider_error: status 500"],
  [
    "Anthropic's shape: 529",
    529,
    { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
    "provider_error: Overloaded",
  ],
  [
    "NVIDIA: title and detail",
    404,
    { status: 404, title: "Not Found", detail: "Function not found for account" },
    "provider_refused: Function not found",
  ],
  [
    "Cloudflare: errors",
    400,
    { success: false, errors: [{ code: 5007, message: "No such model" }] },
    "provider_refused: No such model",
  ],
  ["Bedrock: Message", 400, { message: "The provided model identifier is invalid." }, "provider_refused: identifier"],
];

/** What fails, and how. */
export const FAILURES: Dialect[] = [
  ...WITHIN.map(([name, event, end]) => {
    const body = TEXT + (typeof event === "string" ? event : `data: ${text(event)}\n\n`);
    return { name: `in the stream: ${name}`, body, shown: "Once ", end };
  }),
  ...REFUSALS.map(([name, status, body, end]) => ({ name, status, body: text(body), shown: "", end })),
  ...BODIES,
];
