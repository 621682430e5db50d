/** What OpenAI's Responses say, and servers that have taken the API over, as bytes: for tests. */

import {
  closes,
  COUNTS,
  type Dialect,
  dialects,
  DONE,
  each,
  error,
  type Failures,
  failures,
  json,
  KEY,
  refusals,
  type Row,
  SHOWN,
  THOUGHT,
} from "./dialects.ts";

/** Its name, and its data without that. */
type Event = [type: string, fields: object];

/** Numbered, as the API numbers them. */
const stream = (...events: Event[]): string =>
  events.map(([type, fields], number) =>
    `event: ${type}\ndata: ${json({ type, sequence_number: number, ...fields })}\n\n`
  ).join("");

const MESSAGE = { item_id: "msg_67c9fdcf37fc8190", output_index: 0, content_index: 0 };
const padded = { logprobs: [], obfuscation: "kQ7z" };
const text = (delta: string, rest = {}): Event => [
  "response.output_text.delta",
  { ...MESSAGE, delta, ...padded, ...rest },
];
const refusal = (delta: string): Event => ["response.refusal.delta", { ...MESSAGE, delta, obfuscation: "x" }];
const summary = (delta: string, summary_index = 0): Event => [
  "response.reasoning_summary_text.delta",
  { item_id: "rs_1", output_index: 0, summary_index, delta, obfuscation: "x" },
];
const reasoning = (delta: string): Event => [
  "response.reasoning_text.delta",
  { item_id: "rs_1", output_index: 0, content_index: 0, delta },
];

const usage = {
  input_tokens: 3,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 8,
};
const saying = (...texts: string[]) => [{
  id: "msg_67c9fdcf37fc8190",
  type: "message",
  status: "completed",
  role: "assistant",
  content: texts.map((text) => ({ type: "output_text", text, annotations: [], logprobs: [] })),
}];
/** What each event of a whole response repeats. */
const response = (status: string, rest = {}) => ({
  ...{ id: "resp_67c9fdcecf488190", object: "response", created_at: 1741290958, status, error: null },
  ...{ incomplete_details: null, instructions: "You tell stories.", max_output_tokens: null, output: [] },
  ...{ model: "gpt-5-mini-2025-08-07", reasoning: { effort: "minimal", summary: null }, store: false, temperature: 1 },
  ...{ text: { format: { type: "text" }, verbosity: "medium" }, tools: [], usage: null, metadata: {}, ...rest },
});
const last = (status: string, rest = {}): Event => [`response.${status}`, { response: { status, ...rest } }];

const ONCE = text("Once ");
const MORE = text("more.");
const COMPLETED = last("completed", { output: saying(SHOWN), usage });
const counted = { usage: { ...COUNTS, cached_tokens: 2, reasoning_tokens: 4 } };
const begun = (...events: Event[]) => stream(["response.created", { response: { status: "in_progress" } }], ...events);

/** As the API's documentation has it. */
const DOCUMENTED = stream(
  ["response.created", { response: response("in_progress") }],
  ["response.in_progress", { response: response("in_progress") }],
  ["response.output_item.added", {
    output_index: 0,
    item: { id: "msg_67c9fdcf37fc8190", type: "message", status: "in_progress", role: "assistant", content: [] },
  }],
  ["response.content_part.added", { ...MESSAGE, part: { type: "output_text", text: "", annotations: [] } }],
  ONCE,
  MORE,
  ["response.output_text.done", { ...MESSAGE, text: SHOWN, logprobs: [] }],
  ["response.content_part.done", { ...MESSAGE, part: { type: "output_text", text: SHOWN, annotations: [] } }],
  ["response.output_item.done", { output_index: 0, item: saying(SHOWN)[0] }],
  ["response.completed", { response: response("completed", { output: saying(SHOWN), usage }) }],
);

const incomplete = (reason: string, rest = {}): Event =>
  last("incomplete", { incomplete_details: { reason }, ...rest });
const completed = (...output: unknown[]) => json(response("completed", { output, usage }));

const STREAMS: Row[] = [
  ...each([SHOWN, "stop", counted], {
    "as documented": DOCUMENTED,
    "the last event alone is known": begun(ONCE, MORE, COMPLETED),
    "data without the events' names": begun(ONCE, MORE, COMPLETED).replaceAll(/^event.*\n/gm, ""),
    "no numbers": begun(ONCE, MORE, COMPLETED).replaceAll(/"sequence_number":\d+,/g, ""),
    "CR LF": begun(ONCE, MORE, COMPLETED).replaceAll("\n", "\r\n"),
    "[DONE] after the end": begun(ONCE, MORE, COMPLETED) + DONE,
    "a text with logprobs": begun(text(SHOWN, { logprobs: [{ token: "delta", top_logprobs: [] }] }), COMPLETED),
    "nothing but the whole response": begun(COMPLETED),
    "a tool that failed": begun(["response.mcp_call.failed", { item_id: "m" }], ONCE, MORE, COMPLETED),
    "pings and unknown events": begun(["keepalive", {}], ONCE, ["response.steer.accepted", {}], MORE, COMPLETED),
    "response.done as the last event": begun(ONCE, MORE, ["response.done", {
      response: { status: "completed", usage },
    }]),
    "a failure after the end": begun(ONCE, MORE, COMPLETED, ["error", error("Late")]),
  }),
  ["more texts than two", begun(ONCE, text('"'), text("\n"), MORE, COMPLETED), 'Once "\nmore.', "stop", counted],
  ...each([SHOWN, "stop"], {
    "no usage": begun(ONCE, MORE, last("completed")),
    "two parts of a message are none": begun(ONCE, text("more.", { content_index: 1 }), last("completed")),
  }),
  ["a pair of surrogates in two deltas", begun(text("\ud83d"), text("\udc09"), COMPLETED), "🐉", "stop", counted],
  ["nothing at all", begun(last("completed", { usage })), "", "stop", counted],
  ...each(["Once \n\nmore.", "stop"], {
    "two messages are two paragraphs": begun(ONCE, text("more.", { output_index: 1 }), last("completed")),
  }),
  ...each([THOUGHT, "stop", counted], {
    "a summary of reasoning": begun(summary("Hm. "), ONCE, MORE, COMPLETED),
    "reasoning of an open model": begun(reasoning("Hm. "), ONCE, MORE, COMPLETED),
    "reasoning under a shorter name": begun(["response.reasoning.delta", { delta: "Hm. " }], ONCE, MORE, COMPLETED),
    "reasoning and its summary: the first": begun(reasoning("Hm. "), summary("No."), ONCE, MORE, COMPLETED),
    "<think> in the text": begun(text("<think>Hm. </think>"), ONCE, MORE, COMPLETED),
  }),
  ...each([`<Hm.\n\nOh. >${SHOWN}`, "stop", counted], {
    "a summary of two parts": begun(summary("Hm."), summary("Oh. ", 1), ONCE, MORE, COMPLETED),
  }),
  ["a refusal of the model's", begun(refusal("I "), refusal("can't."), last("completed")), "I can't.", "stop"],
  ...each(["No.", "stop"], {
    "a refusal in the whole response": begun(
      last("completed", { output: [{ type: "message", content: [{ type: "refusal", refusal: "No." }] }] }),
    ),
  }),
  ["the limit of tokens", begun(ONCE, MORE, incomplete("max_output_tokens", { usage })), SHOWN, "length", counted],
  ["the limit of tokens while it thinks", begun(summary("Hm."), incomplete("max_output_tokens")), "<Hm.>", "length"],
  ["a stop for safety", begun(ONCE, incomplete("content_filter")), "Once ", "content_filter"],
  ["incomplete without a reason", begun(ONCE, last("incomplete", { incomplete_details: null })), "Once ", "incomplete"],
  ["incomplete for another reason", begun(ONCE, incomplete("max_messages")), "Once ", "max_messages"],
  ["a call of a tool", begun(last("completed", { output: [{ type: "function_call", name: "f" }] })), "", "tool_calls"],
  ...each([SHOWN, closes], {
    "no last event": begun(ONCE, MORE),
    "all of the text but no last event": DOCUMENTED.slice(0, DOCUMENTED.indexOf("event: response.completed")),
  }),
  ["no last event and no text", begun(), "", closes],
  [
    "response.done, but incomplete",
    begun(ONCE, ["response.done", { response: response("incomplete") }]),
    "Once ",
    ...[
      "incomplete",
    ] as const,
  ],
  ["cancelled", begun(ONCE, last("cancelled")), "Once ", 'provider_error: finish reason "cancelled"'],
];

const WHOLE: Row[] = [
  ["a whole response", completed(...saying(SHOWN)), SHOWN, "stop", counted],
  [
    "a whole response over many lines",
    JSON.stringify(response("completed", { output: saying("Once ", "more.") }), null, 2),
    SHOWN,
    "stop",
  ],
  [
    "a whole response with reasoning",
    completed({ type: "reasoning", summary: [{ type: "summary_text", text: "Hm. " }] }, ...saying(SHOWN)),
    THOUGHT,
    "stop",
    counted,
  ],
  [
    "a whole response that is incomplete",
    json(response("incomplete", { output: saying("Once "), incomplete_details: { reason: "max_output_tokens" } })),
    "Once ",
    "length",
  ],
  ["a whole response that failed", json(response("failed", error("It broke"))), "", "provider_error: It broke"],
  ["a whole response that has not ended", json(response("queued")), "", closes],
];

const failed = (code: string, message: string) => last("failed", error(message, { code }));

/** Within the stream, and before it. */
const WITHIN: Failures<[event: Event]> = {
  provider_error: {
    "an error as documented": ["It broke", ["error", { code: "ERR_SOMETHING", message: "It broke", param: null }]],
    "an error as it really comes": ["It broke", ["error", error("It broke", { type: "server_error", code: null })]],
    "server_error": ["The model failed", failed("server_error", "The model failed")],
    "failed with the key in it": ['"No [key]"', failed("server_error", `No ${KEY}`)],
  },
  provider_rate_limited: {
    "an error of the rate": ["Rate limit", ["error", error("Rate limit", { code: "rate_limit_exceeded" })]],
    "rate_limit_exceeded": ["Slow down", failed("rate_limit_exceeded", "Slow down")],
  },
  provider_refused: Object.fromEntries(
    ["insufficient_quota", "invalid_prompt", "bio_policy", "misalignment_policy_violation", "data_residency_mismatch"]
      .map((code) => [code, ["Words", failed(code, "Words")]]),
  ),
  context_exceeded: { context_length_exceeded: ["Words", failed("context_length_exceeded", "Words")] },
  provider_auth: { "a key that is refused": ["", failed("invalid_api_key", `Incorrect API key provided: ${KEY}`)] },
};

const REFUSALS: Failures<[status: number, body: unknown]> = {
  provider_refused: {
    "no such model": ["does not exist", 404, error("The model `gpt-0` does not exist", { code: "model_not_found" })],
    "a prompt that is refused": ["safety", 400, error("Access is limited for safety.", { code: "invalid_prompt" })],
    "a server without this API": ["Not Found", 404, { detail: "Not Found" }],
  },
};

const named = (rows: Row[], kind = "", type?: string) =>
  dialects(rows, `Responses: ${kind}`, { api: "openai_responses", ...(type && { type }) });

/** Answers. */
export const RESPONSES_STREAMS: Dialect[] = [...named(STREAMS), ...named(WHOLE, "", "application/json")];

/** Failures. */
export const RESPONSES_FAILURES: Dialect[] = [
  ...failures(WITHIN).flatMap(({ name, end, said: [event] }) => [
    ...named([[name, begun(ONCE, event), "Once ", end]], "in the stream: "),
    ...named([[name, begun(event), "", end]], "before the text: "),
  ]),
  ...named([[
    "in the stream: failed without an error",
    begun(ONCE, last("failed")),
    "Once ",
    "provider_error: middle",
  ]]),
  ...named(refusals(REFUSALS), "status: "),
];
