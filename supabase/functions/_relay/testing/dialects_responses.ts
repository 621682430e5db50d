/** What OpenAI's Responses say, and servers that have taken the API over, as bytes: for tests. */

import { COUNTS, type Dialect, DONE, each, json, type Row, SHOWN, THOUGHT } from "./dialects.ts";
import { error } from "./dialects_bodies.ts";

/** Its name, and its data without that. */
export type Event = [type: string, fields: object];

/** Numbered, as the API numbers them. */
export const stream = (...events: Event[]): string =>
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
  id: "resp_67c9fdcecf488190",
  object: "response",
  created_at: 1741290958,
  status,
  error: null,
  incomplete_details: null,
  instructions: "You tell stories.",
  max_output_tokens: null,
  model: "gpt-5-mini-2025-08-07",
  output: [],
  parallel_tool_calls: true,
  reasoning: { effort: "minimal", summary: null },
  store: false,
  temperature: 1,
  text: { format: { type: "text" }, verbosity: "medium" },
  tools: [],
  truncation: "disabled",
  usage: null,
  metadata: {},
  ...rest,
});
export const last = (status: string, rest = {}): Event => [`response.${status}`, { response: { status, ...rest } }];

export const ONCE = text("Once ");
const MORE = text("more.");
const COMPLETED = last("completed", { output: saying(SHOWN), usage });
const counted = { usage: { ...COUNTS, cached_tokens: 2, reasoning_tokens: 4 } };
export const begun = (...events: Event[]) =>
  stream(["response.created", { response: { status: "in_progress" } }], ...events);

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

const closes = "provider_bad_response: without a finish reason";

const STREAMS: Row[] = [
  ...each([SHOWN, "stop", counted], {
    "as documented": DOCUMENTED,
    "the last event alone is known": begun(ONCE, MORE, COMPLETED),
    "names of events after their data, data without a name": begun(ONCE, MORE, COMPLETED).replaceAll(
      /^event.*\n/gm,
      "",
    ),
    "no numbers": begun(ONCE, MORE, COMPLETED).replaceAll(/"sequence_number":\d+,/g, ""),
    "CR LF": begun(ONCE, MORE, COMPLETED).replaceAll("\n", "\r\n"),
    "[DONE] after the end": begun(ONCE, MORE, COMPLETED) + DONE,
    "a text with logprobs": begun(
      text(SHOWN, { logprobs: [{ token: "delta", logprob: -1, bytes: [1], top_logprobs: [] }] }),
      COMPLETED,
    ),
    "nothing but the whole response": begun(COMPLETED),
    "a tool of the provider's that failed": begun(
      ["response.mcp_call.failed", { item_id: "m" }],
      ONCE,
      MORE,
      COMPLETED,
    ),
    "pings and unknown events": begun(["keepalive", {}], ONCE, ["response.steer.accepted", {}], MORE, COMPLETED),
    "a failure after the end": begun(ONCE, MORE, COMPLETED, ["error", error("Late")]),
  }),
  [
    "more texts than two",
    begun(ONCE, text("and "), text('"'), text("\n"), MORE, COMPLETED),
    'Once and "\nmore.',
    "stop",
    counted,
  ],
  ["no usage", begun(ONCE, MORE, last("completed")), SHOWN, "stop"],
  [
    "two parts of a message are none",
    begun(ONCE, text("more.", { content_index: 1 }), last("completed")),
    SHOWN,
    "stop",
  ],
  ["a pair of surrogates in two deltas", begun(text("\ud83d"), text("\udc09"), COMPLETED), "🐉", "stop", counted],
  ["nothing at all", begun(last("completed", { usage })), "", "stop", counted],
  [
    "two messages are two paragraphs",
    begun(ONCE, text("more.", { output_index: 1 }), last("completed")),
    "Once \n\nmore.",
    "stop",
  ],
  ...each([THOUGHT, "stop", counted], {
    "a summary of reasoning": begun(summary("Hm. "), ONCE, MORE, COMPLETED),
    "reasoning of an open model": begun(reasoning("Hm. "), ONCE, MORE, COMPLETED),
    "reasoning and its summary: the first": begun(reasoning("Hm. "), summary("No."), ONCE, MORE, COMPLETED),
    "<think> in the text": begun(text("<think>Hm. </think>"), ONCE, MORE, COMPLETED),
  }),
  [
    "a summary of two parts",
    begun(summary("Hm."), summary("Oh. ", 1), ONCE, MORE, COMPLETED),
    `<Hm.\n\nOh. >${SHOWN}`,
    "stop",
    counted,
  ],
  [
    "a refusal of the model's",
    begun(refusal("I cannot "), refusal("do that."), last("completed", { usage })),
    "I cannot do that.",
    "stop",
    counted,
  ],
  [
    "a refusal in the whole response",
    begun(last("completed", { output: [{ type: "message", content: [{ type: "refusal", refusal: "No." }] }] })),
    "No.",
    "stop",
  ],
  [
    "the limit of tokens",
    begun(ONCE, MORE, last("incomplete", { incomplete_details: { reason: "max_output_tokens" }, usage })),
    SHOWN,
    "length",
    counted,
  ],
  [
    "the limit of tokens while it thinks",
    begun(summary("Hm."), last("incomplete", { incomplete_details: { reason: "max_output_tokens" } })),
    "<Hm.>",
    "length",
  ],
  [
    "a stop for safety",
    begun(ONCE, last("incomplete", { incomplete_details: { reason: "content_filter" } })),
    "Once ",
    "content_filter",
  ],
  ["incomplete without a reason", begun(ONCE, last("incomplete", { incomplete_details: null })), "Once ", "incomplete"],
  [
    "incomplete for another reason",
    begun(ONCE, last("incomplete", { incomplete_details: { reason: "max_messages" } })),
    "Once ",
    "max_messages",
  ],
  [
    "a call of a tool",
    begun(last("completed", { output: [{ type: "function_call", name: "f", arguments: "{}" }] })),
    "",
    "tool_calls",
  ],
  ["no last event", begun(ONCE, MORE), SHOWN, closes],
  [
    "all of the text but no last event",
    DOCUMENTED.slice(0, DOCUMENTED.indexOf("event: response.completed")),
    SHOWN,
    closes,
  ],
  ["no last event and no text", begun(), "", closes],
  ["cancelled", begun(ONCE, last("cancelled")), "Once ", 'provider_error: finish reason "cancelled"'],
];

const WHOLE: Row[] = [
  ["a whole response", json(response("completed", { output: saying(SHOWN), usage })), SHOWN, "stop", counted],
  [
    "a whole response over many lines",
    JSON.stringify(response("completed", { output: saying("Once ", "more.") }), null, 2),
    SHOWN,
    "stop",
  ],
  [
    "a whole response with reasoning",
    json(
      response("completed", {
        output: [{ type: "reasoning", summary: [{ type: "summary_text", text: "Hm. " }] }, ...saying(SHOWN)],
      }),
    ),
    THOUGHT,
    "stop",
  ],
  [
    "a whole response that is incomplete",
    json(response("incomplete", { output: saying("Once "), incomplete_details: { reason: "max_output_tokens" } })),
    "Once ",
    "length",
  ],
  [
    "a whole response that failed",
    json(response("failed", { error: { code: "server_error", message: "It broke" } })),
    "",
    "provider_error: It broke",
  ],
  ["a whole response that has not ended", json(response("queued")), "", closes],
];

/** A dialect of this API. */
export const dialect = ([name, body, shown, end, more]: Row): Dialect => ({
  name: `Responses: ${name}`,
  api: "openai_responses",
  body,
  shown,
  end,
  ...more,
});

/** Answers. */
export const RESPONSES_STREAMS: Dialect[] = [
  ...STREAMS.map(dialect),
  ...WHOLE.map(([name, body, shown, end, more]) =>
    dialect([name, body, shown, end, { type: "application/json", ...more }])
  ),
];
