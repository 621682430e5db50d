/** What Anthropic's Messages say, as their documentation has it, and what servers make of it: for tests. */

import { COUNTS, data, type Dialect, each, json, type Row, SHOWN, THOUGHT } from "./dialects.ts";
import { KEY } from "./dialects_bodies.ts";

const event = (type: string, fields = {}) => `event: ${type}\n${data({ type, ...fields })}`;
const start = (usage: unknown = { input_tokens: 3, output_tokens: 1 }) =>
  event("message_start", {
    message: {
      ...{ id: "msg_01", type: "message", role: "assistant", model: "m", content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage },
    },
  });
const begin = (content_block: unknown, index = 0) => event("content_block_start", { index, content_block });
const delta = (delta: unknown, index = 0) => event("content_block_delta", { index, delta });
const says = (text: string, index = 0) => delta({ type: "text_delta", text }, index);
const thinks = (thinking: string) => delta({ type: "thinking_delta", thinking });
const over = (index = 0) => event("content_block_stop", { index });
const ends = (stop_reason: string | null, usage: unknown = { output_tokens: 5 }) =>
  event("message_delta", { delta: { stop_reason, stop_sequence: null }, usage });
const PING = event("ping");
const LAST = event("message_stop");
const BEGIN = start() + begin({ type: "text", text: "" }) + PING;
const TEXT = says("Once ") + says("more.");
const STREAM = BEGIN + TEXT + over() + ends("end_turn") + LAST;
const SIGNED = delta({ type: "signature_delta", signature: "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds" });
const THINKING = start() + begin({ type: "thinking", thinking: "", signature: "" });
const SECOND = over() + begin({ type: "text", text: "" }, 1) + says("Once ", 1) + says("more.", 1) + over(1) +
  ends("end_turn") + LAST;
const used = { usage: COUNTS };
const endsWith = (reason: string, end: string): Row => [
  `${reason} is ${end.split(":", 1)[0]}`,
  BEGIN + TEXT + over() + ends(reason) + LAST,
  SHOWN,
  end,
  end.includes(":") ? {} : used,
];
const message = (content: unknown[], fields = {}) => ({
  ...{ id: "msg_01", type: "message", role: "assistant", model: "m", content, stop_reason: "end_turn" },
  ...{ stop_sequence: null, usage: { input_tokens: 3, output_tokens: 5 }, ...fields },
});
const closes = "provider_bad_response: without a finish reason";

const ROWS: Row[] = [
  ...each([SHOWN, "stop", used], {
    "text": STREAM,
    "lines that end with CR LF": STREAM.replaceAll("\n", "\r\n"),
    "data without the events' names": STREAM.replaceAll(/^event: .*\n/gm, ""),
    "thoughts that are left out": THINKING + SIGNED + SECOND,
    "thoughts that are hidden": start() + begin({ type: "redacted_thinking", data: "x" }) + SECOND,
    "text in the block's beginning": start() + begin({ type: "text", text: "Once " }) + says("more.") +
      ends("end_turn") + LAST,
    "what is new says nothing": BEGIN + says("Once ") + delta({ type: "citations_delta", citation: { text: "x" } }) +
      event("new", { text: "x" }) +
      says("more.") + ends("end_turn") + LAST,
    "no message_stop: a stop_reason is the end": BEGIN + TEXT + over() + ends("end_turn"),
    "an error after the end": BEGIN + TEXT + ends("end_turn") + event("error", {}),
  }),
  ["text of many alike events", BEGIN + says("a").repeat(9) + ends("end_turn") + LAST, "a".repeat(9), "stop", used],
  ["thoughts, and their signature", THINKING + thinks("Hm") + thinks(". ") + SIGNED + SECOND, THOUGHT, "stop", used],
  [
    "a model of others that thinks in its text",
    BEGIN + says("<think>Hm. </think>") + TEXT + ends("end_turn") + LAST,
    THOUGHT,
    "stop",
    used,
  ],
  [
    "a call of a tool",
    start() + begin({ type: "tool_use", id: "t", name: "f", input: {} }) +
    delta({ type: "input_json_delta", partial_json: "{}" }) + over() + ends("tool_use") + LAST,
    "",
    "tool_calls",
    used,
  ],
  [
    "escapes, and a pair of surrogates in two deltas",
    BEGIN + says('\\ "é" \ud83d') + says("\udc09\r") + says("\n\0!") + ends("end_turn") + LAST,
    '\\ "é" 🐉\n!',
    "stop",
    used,
  ],
  endsWith("stop_sequence", "stop"),
  endsWith("max_tokens", "length"),
  endsWith("refusal", "content_filter"),
  endsWith("pause_turn", "length"),
  endsWith("compaction", "compaction"),
  endsWith("model_context_window_exceeded", "context_exceeded: The model's window was full"),
  [
    "a refusal without a text, and its details",
    start() + event("message_delta", {
      delta: { stop_reason: "refusal", stop_details: { type: "refusal", category: "cyber", explanation: "No." } },
      usage: { output_tokens: 5 },
    }) + LAST,
    "",
    "content_filter",
    used,
  ],
  [
    "tokens: read anew, from the cache, and written to it",
    start({
      ...{ input_tokens: 1, cache_creation_input_tokens: 20, cache_read_input_tokens: 300, output_tokens: 1 },
      ...{ cache_creation: { ephemeral_5m_input_tokens: 20 }, service_tier: "standard" },
    }) + TEXT + ends("end_turn") + LAST,
    SHOWN,
    "stop",
    { usage: { prompt_tokens: 321, completion_tokens: 5, total_tokens: 326, cached_tokens: 300 } },
  ],
  [
    "tokens: the last report counts, where it counts",
    BEGIN + TEXT + ends("end_turn", {
      ...{ input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 5 },
    }) + LAST,
    SHOWN,
    "stop",
    { usage: { ...COUNTS, cached_tokens: 0 } },
  ],
  ["tokens: none", start(null) + TEXT + ends("end_turn", undefined) + LAST, SHOWN, "stop", {
    usage: { prompt_tokens: null, completion_tokens: 5, total_tokens: null },
  }],
  ["message_stop without a reason", BEGIN + TEXT + LAST, SHOWN, "stop", {
    usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
  }],
  ...each(["", closes], {
    "message_stop without a reason and a text": BEGIN + LAST,
    "broken off before a text": start(),
    "chat completions in its place": data({ choices: [{ delta: { content: "Once" }, finish_reason: "stop" }] }) +
      "data: [DONE]\n\n",
  }),
  ...each([SHOWN, closes], {
    "broken off after a text": BEGIN + TEXT,
    "broken off after a block": BEGIN + TEXT + over(),
    "a reason that is null is none": BEGIN + TEXT + ends(null),
  }),
  [
    "broken off within an event",
    BEGIN + says("Once ") + says("more.").slice(0, -20),
    "Once ",
    "provider_bad_response: not a Messages event",
  ],
];

const WHOLE: Row[] = [
  ["a message as JSON", json(message([{ type: "text", text: SHOWN }])), SHOWN, "stop", used],
  [
    "a message as JSON of many lines, with thoughts",
    JSON.stringify(message([{ type: "thinking", thinking: "Hm. " }, { type: "text", text: SHOWN }]), null, 2),
    THOUGHT,
    "stop",
    used,
  ],
  [
    "a message as JSON that was refused",
    json(message([], { stop_reason: "refusal", stop_details: { type: "refusal", category: null } })),
    "",
    "content_filter",
    used,
  ],
];

const error = (type: string, message = "Words", more = {}) => ({
  ...{ type: "error", error: { type, message, ...more }, request_id: "req_011CSHoEeqs5C35K2UUqR7Fy" },
});

/** The types of its errors, their status, and what they are. */
const TYPES: [type: string, status: number, end: string][] = [
  ["invalid_request_error", 400, "provider_refused: Words"],
  ["authentication_error", 401, "provider_auth"],
  ["billing_error", 402, "provider_refused: Words"],
  ["permission_error", 403, "provider_auth"],
  ["not_found_error", 404, "provider_refused: Words"],
  ["request_too_large", 413, "provider_refused: Words"],
  ["rate_limit_error", 429, "provider_rate_limited: Words"],
  ["api_error", 500, "provider_error: Words"],
  ["timeout_error", 504, "provider_error: Words"],
  ["overloaded_error", 529, "provider_error: Words"],
];

const REFUSALS: [name: string, status: number, body: unknown, end: string][] = [
  [
    "the window",
    400,
    error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    "context_exceeded: prompt is too long",
  ],
  [
    "the window, with the answer's limit",
    400,
    error(
      "invalid_request_error",
      "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000, decrease input length or `max_tokens` and try again",
    ),
    "context_exceeded: exceed context limit",
  ],
  [
    "an answer's limit above the model's",
    400,
    error(
      "invalid_request_error",
      "max_tokens: 99999 > 64000, which is the maximum allowed number of output tokens for m",
    ),
    "provider_refused: max_tokens",
  ],
  [
    "a prefill that the model does not take",
    400,
    error(
      "invalid_request_error",
      "This model does not support assistant message prefill. The conversation must end with a user message.",
    ),
    "provider_refused: prefill",
  ],
  [
    "no credit",
    400,
    error("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    "provider_refused: credit balance",
  ],
  [
    "a limit of spending",
    429,
    error("rate_limit_error", "Words", { details: { error_code: "enforced_spend_limit_reached" } }),
    "provider_refused: Words",
  ],
  [
    "the filter of what is written",
    400,
    error("invalid_request_error", "Output blocked by content filtering policy"),
    "provider_refused: content filtering",
  ],
  ["a wrong key, in words", 401, error("authentication_error", `invalid x-api-key ${KEY}`), "provider_auth"],
  ["the key in an error", 400, error("invalid_request_error", `No ${KEY}`), 'provider_refused: "No [key]"'],
  [
    "a page of the gateway's",
    413,
    "<html><h1>413 Request Entity Too Large</h1></html>",
    "provider_refused: status 413",
  ],
];

const anthropic = (dialect: Omit<Dialect, "api">): Dialect => ({
  ...dialect,
  api: "anthropic_messages",
  name: `Anthropic: ${dialect.name}`,
});

/** What comes to an end, or breaks off. */
export const ANTHROPIC_STREAMS: Dialect[] = [
  ...ROWS.map(([name, body, shown, end, more]) => anthropic({ name, body, shown, end, ...more })),
  ...WHOLE.map(([name, body, shown, end, more]) =>
    anthropic({ name, body, shown, end, type: "application/json", ...more })
  ),
];

/** What fails, and how. */
export const ANTHROPIC_FAILURES: Dialect[] = [
  ...TYPES.flatMap(([type, status, end]) => [
    anthropic({ name: `${type}, with its status`, status, body: json(error(type)), shown: "", end }),
    anthropic({ name: `${type}, in the stream`, body: BEGIN + says("Once ") + failed(type), shown: "Once ", end }),
    anthropic({ name: `${type}, first in the stream`, body: failed(type), shown: "", end }),
    anthropic({
      name: `${type}, as JSON under 200`,
      ...{ body: json(error(type)), type: "application/json", shown: "", end },
    }),
  ]),
  ...REFUSALS.map(([name, status, body, end]) =>
    anthropic({ name, status, body: typeof body === "string" ? body : json(body), shown: "", end })
  ),
  anthropic({
    name: "the key in an error of the stream",
    body: `${BEGIN}${says("Once ")}event: error\n${data(error("api_error", `Key ${KEY}, sk-proj-A…7xWz`))}`,
    shown: "Once ",
    end: 'provider_error: stream: "Key [key], [key]…[key]"',
  }),
];

function failed(type: string): string {
  return `event: error\n${data(error(type))}`;
}
