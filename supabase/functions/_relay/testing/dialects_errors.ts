/** How providers say that something failed, as bytes: for tests. */

import {
  asText,
  data,
  type Dialect,
  dialects,
  error,
  type Failures,
  failures,
  json,
  KEY,
  ONCE,
  refusals,
} from "./dialects.ts";

/** Within a stream that has begun: what follows the text. */
const WITHIN: Failures<[events: string | object]> = {
  provider_error: {
    "an error object": ['stream: "Overloaded"', error("Overloaded")],
    "TGI: error as a string": ["out of memory", { error: "Request failed: out of memory", error_type: "generation" }],
    "llama.cpp: a field named error": ["context shift", 'error: {"code":500,"message":"context shift is off"}\n\n'],
    "event: error": ["It broke", 'event: error\ndata: {"message":"It broke","code":500}\n\n'],
    "event: error with plain text": ["It broke", "event: error\ndata: It broke\n\n"],
    "vLLM: object error": ["It broke", {
      object: "error",
      message: "It broke",
      type: "InternalServerError",
      code: 500,
    }],
    "Anthropic's shape": ["It broke", { type: "error", ...error("It broke", { type: "overloaded_error" }) }],
    "message alone": ["It broke", { message: "It broke" }],
    "AWS: Message": ["It broke", { Message: "It broke" }],
    "Lambda: errorMessage": ["timed out", { errorMessage: "Task timed out after 30.00 seconds" }],
    "detail alone": ["It broke", { detail: "It broke" }],
    "a list of one": ["It broke", [error("It broke")]],
    "errors as a list": ["It broke", { errors: [{ message: "It broke" }] }],
    "OpenRouter: error next to choices": ["It broke", {
      ...error("It broke", { code: 502 }),
      choices: [{ index: 0, delta: {}, finish_reason: "error" }],
    }],
    "OpenRouter: error of the choice": ["It broke", { choices: [{ index: 0, ...error("It broke", { code: 502 }) }] }],
    "JSON without data:": ["It broke", `${json(error("It broke"))}\n\n`],
    "an error, then [DONE]": ["It broke", `${data(error("It broke"))}data: [DONE]\n\n`],
    "the key in the words": ['"Key [key], and [key]…[key]"', error(`Key ${KEY}, and sk-proj-A…7xWz`)],
    "success: false": ["in the middle of the stream", { success: false, code: 500, result: null }],
    "error of the delta": ["It broke", { choices: [{ index: 0, delta: error("It broke") }] }],
    "plain text in an event": ['stream: "The upstream timed out"', "data: The upstream timed out\n\n"],
    "plain text without an event": ['stream: "Internal server error"', "Internal server error\n"],
    "plain text with the key": ['"No key [key]"', `data: No key ${KEY}\n\n`],
    "an error without words": ["in the middle of the stream", { error: {}, object: "error" }],
  },
  provider_rate_limited: {
    "code 429": ["Slow down", error("Slow down", { code: 429 })],
    'code "429"': ["Slow down", error("Slow down", { code: "429" })],
    "rate_limit_exceeded": ["Slow down", error("Slow down", { code: "rate_limit_exceeded" })],
    "Hugging Face: http_status_code": ["Slow down", error("Slow down", { http_status_code: 429 })],
    "Bedrock: tokens that come too fast": ["please wait", { message: "Too many tokens, please wait before trying" }],
  },
  provider_auth: {
    "code 401": ["refused the key of this bot", error(`No ${KEY}`, { code: 401 })],
    "invalid_api_key": ["", error("Incorrect API key provided: sk-pr*****7xWz", { code: "invalid_api_key" })],
  },
  provider_refused: {
    "code 402": ["Out of credit", error("Out of credit", { code: 402 })],
    "DashScope: inspection": ["may be", { code: "DataInspectionFailed", message: "Output data may be bad." }],
    "invalid_request_error": ["No such field", error("No such field", { type: "invalid_request_error" })],
  },
  context_exceeded: {
    "code 400 of the window": ["Too long", error("Too long", { code: "context_length_exceeded" })],
    "llama.cpp: exceed_context_size_error": ["Too long", error("Too long", { type: "exceed_context_size_error" })],
  },
};

/** Instead of an answer, with a status. */
const REFUSALS: Failures<[status: number, body: unknown]> = {
  provider_auth: {
    "OpenAI: 401": [
      "status 401",
      401,
      error("Incorrect API key provided: sk-pr*****7xWz", { code: "invalid_api_key" }),
    ],
    "Gemini: 400 for a wrong key": ["status 400", 400, [
      error("API key not valid.", { status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] }),
    ]],
    "xAI: 400 for a wrong key": ["status 400", 400, { error: "Incorrect API key provided: sk***Wz.", code: "Invalid" }],
    "Cohere: 401": ["status 401", 401, { message: "invalid api token" }],
    "403 of a key": ["status 403", 403, error("You are not allowed to sample from this model")],
    "403 without words": ["status 403", 403, ""],
  },
  provider_rate_limited: {
    "429": ["Rate limit", 429, error("Rate limit reached for requests")],
    "Gemini: 429 in a list": ["quota", 429, [
      error("You exceeded your current quota", { status: "RESOURCE_EXHAUSTED" }),
    ]],
    "OpenRouter: words in metadata.raw": ["upstream", 429, error("No", { metadata: { raw: "rate-limited upstream" } })],
    "GitHub: 403 for a 429": ["secondary", 403, { message: "You have exceeded a secondary rate limit." }],
    "Bedrock: tokens that come too fast": ["wait", 429, {
      message: "Too many tokens, please wait before trying again.",
    }],
    "a gateway's 500 for a 429": ["", 500, error("litellm.RateLimitError: x", { code: "429" })],
  },
  provider_refused: {
    "OpenRouter: 403 is moderation": ["flagged", 403, error("flagged", { metadata: { reasons: ["violence"] } })],
    "OpenAI: 403 is the region": [
      "Not there",
      403,
      error("Not there", { code: "unsupported_country_region_territory" }),
    ],
    "OpenAI: 403 is the organization": ["verified", 403, error("Your organization must be verified to stream this.")],
    "OpenAI: 403 is the model": ["does not have", 403, error("It does not have it", { code: "model_not_found" })],
    "Bedrock: 403 is the model": ["You don't", 403, { message: "You don't have access to the model with this ID." }],
    "Hugging Face: 403 is a gate": ["gated", 403, { error: "You are trying to access a gated repo." }],
    "Cloudflare: 403 is the firewall": ["1010", 403, "error code: 1010"],
    "DashScope: an event with a status": [
      ': "Bad things"',
      400,
      'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"InvalidParameter","message":"Bad things"}\n\n',
    ],
    "an event, then [DONE]": [': "Bad things"', 400, `${data(error("Bad things"))}data: [DONE]\n\n`],
    "an event with CR LF": [': "Bad things"', 400, 'event: error\r\ndata: {"error":"Bad things"}\r\n\r\n'],
    "DeepSeek: 402": ["Insufficient Balance", 402, error("Insufficient Balance")],
    "Anthropic: 400 without credit": ["credit balance", 400, error("Your credit balance is too low")],
    "OpenAI: 429 without quota": ["quota", 429, error("You exceeded your quota", { code: "insufficient_quota" })],
    "Gemini: no such model": ["not found", 404, [error("models/foo is not found", { status: "NOT_FOUND" })]],
    "Ollama: no such model": ["not found", 404, error('model "foo" not found, try pulling it first')],
    "Mistral: message is an object": ["Extra inputs", 422, {
      object: "error",
      message: { detail: [{ type: "extra_forbidden", loc: ["body", "foo"], msg: "Extra inputs are not permitted" }] },
    }],
    "FastAPI: detail is a list": ["field required", 422, { detail: [{ loc: ["body", "x"], msg: "field required" }] }],
    "detail is a string": ["Model is loading", 400, { detail: "Model is loading" }],
    "SiliconFlow: message at the top": ["model not found", 400, { message: "model not found: foo", code: 20012 }],
    "Azure: the content filter": [
      "filtered",
      400,
      error("It was filtered", { code: "content_filter", innererror: { code: "ResponsibleAIPolicyViolation" } }),
    ],
    "DashScope: inspection": ["improper", 400, error("It may be improper.", { code: "data_inspection_failed" })],
    "413": ["status 413", 413, "<h1>Too large</h1>"],
    "NVIDIA: title and detail": ["Function", 404, { status: 404, title: "Not Found", detail: "Function not found" }],
    "Cloudflare: errors": ["No such model", 400, {
      success: false,
      errors: [{ code: 5007, message: "No such model" }],
    }],
    "Bedrock: Message": ["identifier", 400, { message: "The provided model identifier is invalid." }],
  },
  context_exceeded: {
    "OpenRouter: JSON in metadata.raw": [
      "prompt is too long",
      400,
      error("No", { metadata: { raw: '{"error":{"message":"prompt is too long: 9 tokens > 8 maximum"}}' } }),
    ],
    "vLLM: flat, the window": ["maximum context length", 400, {
      object: "error",
      message: "This model's maximum context length is 2048 tokens",
    }],
    "OpenAI: the window": [
      "status 400",
      400,
      error("Too many", { code: "context_length_exceeded", param: "messages" }),
    ],
    "TGI: the window": ["`inputs` tokens", 422, {
      error: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
    }],
    "Gemini: the window": ["token count", 400, [
      error("The input token count (9) exceeds the maximum number of tokens allowed (8)."),
    ]],
    "Mistral: the window": ["maximum context length", 400, {
      message: "Prompt contains 9 tokens, too large for model with 8 maximum context length",
    }],
    "xAI: the window": ["prompt length", 400, {
      error: "This model's maximum prompt length is 8 but the request contains 9 tokens.",
    }],
    "Groq: the window": ["reduce the length", 400, error("Please reduce the length of the messages or completion.")],
    "DashScope: the window": ["Range", 400, error("Range of input length should be [1, 30720]")],
  },
  provider_error: {
    "plain text": ['status 503: "no healthy upstream"', 503, "no healthy upstream"],
    "an empty 500": ["status 500", 500, ""],
    "TGI, Bedrock: 424": ["out of memory", 424, { error: "Request failed during generation: out of memory" }],
    "an error as a field": [': "Bad things"', 500, 'error: {"code":500,"message":"Bad things"}\n\n'],
    "Anthropic's shape: 529": ["It broke", 529, { type: "error", ...error("It broke", { type: "overloaded_error" }) }],
  },
};

/** Under status 200: as a body, and as an event. */
const UNDER_200: Failures<[body: unknown]> = {
  provider_refused: {
    "MiniMax: no balance": ["balance", { base_resp: { status_code: 1008, status_msg: "insufficient balance" } }],
    "code and msg": ["Insufficient balance", { code: 1113, msg: "Insufficient balance" }],
  },
  provider_rate_limited: {
    "MiniMax: rate limit": ["limit", { base_resp: { status_code: 1002, status_msg: "rate limit" }, choices: null }],
    "success: false": ["Rate limit", { success: false, message: "Rate limit reached" }],
  },
  provider_auth: {
    "MiniMax: the key": ["refused the key", {
      base_resp: { status_code: 1004, status_msg: "login fail: API secret key" },
    }],
  },
  provider_error: {
    "an error object": ['"It broke"', error("It broke", { code: 500 })],
    "in data": ['"It broke"', { data: error("It broke", { code: 500 }) }],
    "Responses: response.failed": ["It broke", { type: "response.failed", response: error("It broke") }],
    "Gemini's list": ["Overloaded", [error("Overloaded", { code: 503 })]],
  },
};

/** The same as plain text. */
const PLAIN: Failures<[body: string]> = {
  provider_error: { "no healthy upstream": ['no answer: "no healthy upstream"', "no healthy upstream"] },
  provider_rate_limited: { "too many requests": ["Too many requests", "Too many requests, slow down\n"] },
  provider_refused: { "a string of JSON": ['no answer: "Content flagged', '"Content flagged by the filter"'] },
  provider_auth: { "the key": ["", `Incorrect API key provided: ${KEY}`] },
};

/** What fails, and how. */
export const FAILURES: Dialect[] = [
  ...failures(WITHIN).map(({ name, end, said: [event] }) => {
    const body = ONCE + (typeof event === "string" ? event : data(event));
    return { name: `in the stream: ${name}`, body, shown: "Once ", end };
  }),
  ...dialects(refusals(REFUSALS)),
  ...failures(PLAIN).map(({ name, end, said: [body] }) => ({
    ...{ name: `plain text under 200: ${name}`, body, shown: "", end, type: "text/plain" },
  })),
  ...failures(UNDER_200).flatMap(({ name, end, said: [body] }) => [
    { name: `under 200: ${name}`, body: asText(body), shown: "", end, type: "application/json" },
    { name: `as an event: ${name}`, body: data(body), shown: "", end },
  ]),
];
