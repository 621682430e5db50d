/** What Anthropic's Messages say, as their documentation has it, and what servers make of it: for tests. */

import {
  asText,
  closes,
  COUNTS,
  data,
  type Dialect,
  dialects,
  each,
  type Failures,
  failures,
  json,
  KEY,
  refusals,
  type Row,
  SHOWN,
  STREAM as COMPLETION,
  THOUGHT,
} from "./dialects.ts";

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
const ends = (stop_reason: string | null, usage: unknown = { output_tokens: 5 }, stop_details?: unknown) =>
  event("message_delta", { delta: { stop_reason, stop_sequence: null, stop_details }, usage });
const LAST = event("message_stop");
const ENDS = ends("end_turn") + LAST;
const BEGIN = start() + begin({ type: "text", text: "" }) + event("ping");
const TEXT = says("Once ") + says("more.");
const STREAM = BEGIN + TEXT + over() + ENDS;
const SIGNED = delta({ type: "signature_delta", signature: "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds" });
const THINKING = start() + begin({ type: "thinking", thinking: "", signature: "" });
const SECOND = over() + begin({ type: "text", text: "" }, 1) + says("Once ", 1) + says("more.", 1) + over(1) + ENDS;
const used = { usage: COUNTS };
const usage = (cached_tokens: number, ...[prompt_tokens, completion_tokens, total_tokens]: (number | null)[]) => ({
  usage: { prompt_tokens, completion_tokens, total_tokens, ...(cached_tokens >= 0 && { cached_tokens }) },
});
const message = (content: unknown[], fields = {}) => ({
  ...{ id: "msg_01", type: "message", role: "assistant", model: "m", content, stop_reason: "end_turn" },
  ...{ stop_sequence: null, usage: { input_tokens: 3, output_tokens: 5 }, ...fields },
});
const said = (text: string) => ({ type: "text", text });
const refusal = { type: "refusal", category: "cyber", explanation: "No." };

const ROWS: Row[] = [
  ...each([SHOWN, "stop", used], {
    "text": STREAM,
    "lines that end with CR LF": STREAM.replaceAll("\n", "\r\n"),
    "data without the events' names": STREAM.replaceAll(/^event: .*\n/gm, ""),
    "thoughts that are left out": THINKING + SIGNED + SECOND,
    "thoughts that are hidden": start() + begin({ type: "redacted_thinking", data: "x" }) + SECOND,
    "text in the block's beginning": start() + begin(said("Once ")) + says("more.") + ENDS,
    "what is new says nothing": BEGIN + says("Once ") + delta({ type: "citations_delta", citation: { text: "x" } }) +
      event("new", { text: "x" }) + says("more.") + ENDS,
    "a delta and a block that are null": BEGIN + says("Once ") + delta(null) + begin(null, 1) + says("more.") + ENDS,
    "no message_stop: a stop_reason is the end": BEGIN + TEXT + over() + ends("end_turn"),
    "an error after the end": BEGIN + TEXT + ends("end_turn") + event("error", {}),
  }),
  [
    "an error whose data is like the text before it",
    (BEGIN + TEXT).replaceAll(/^event: .*\n/gm, "") + says("no").replace("content_block_delta", "error"),
    SHOWN,
    "provider_error",
  ],
  ...each([THOUGHT, "stop", used], {
    "thoughts, and their signature": THINKING + thinks("Hm") + thinks(". ") + SIGNED + SECOND,
    "a model of others that thinks in its text": BEGIN + says("<think>Hm. </think>") + TEXT + ENDS,
  }),
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
    BEGIN + says('\\ "é" \ud83d') + says("\udc09\r") + says("\n\0!") + ENDS,
    '\\ "é" 🐉\n!',
    "stop",
    used,
  ],
  ...Object.entries({
    stop_sequence: "stop",
    max_tokens: "length",
    refusal: "content_filter",
    pause_turn: "length",
    compaction: "compaction",
  }).map((
    [reason, end],
  ): Row => [`${reason} is ${end}`, BEGIN + TEXT + over() + ends(reason) + LAST, SHOWN, end, used]),
  [
    "a window that the answer has filled",
    BEGIN + TEXT + ends("model_context_window_exceeded"),
    SHOWN,
    "context_exceeded: The model's window was full",
  ],
  ...each(["", "content_filter", used], {
    "a refusal without a text, and its details": start() + ends("refusal", { output_tokens: 5 }, refusal) + LAST,
  }),
  [
    "tokens: read anew, from the cache, and written to it",
    start({ input_tokens: 1, cache_creation_input_tokens: 20, cache_read_input_tokens: 300, output_tokens: 1 }) +
    TEXT + ENDS,
    SHOWN,
    "stop",
    usage(300, 321, 5, 326),
  ],
  [
    "tokens: the last report counts, where it counts",
    BEGIN + TEXT + ends("end_turn", { input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 5 }) + LAST,
    SHOWN,
    "stop",
    usage(0, 3, 5, 8),
  ],
  ["tokens: none", start(null) + TEXT + ENDS, SHOWN, "stop", usage(-1, null, 5, null)],
  ["message_stop without a reason", BEGIN + TEXT + LAST, SHOWN, "stop", usage(-1, 3, 1, 4)],
  ...each(["", closes], {
    "message_stop without a reason and a text": BEGIN + LAST,
    "broken off before a text": start(),
    "chat completions in its place": COMPLETION,
  }),
  ...each([SHOWN, closes], {
    "broken off after a text": BEGIN + TEXT,
    "broken off after a block": BEGIN + TEXT + over(),
    "a reason that is null is none": BEGIN + TEXT + ends(null),
  }),
  ...each(["Once ", "provider_bad_response: not a Messages event"], {
    "broken off within an event": BEGIN + says("Once ") + says("more.").slice(0, -20),
  }),
];

const WHOLE: Row[] = [
  ["as JSON", json(message([said(SHOWN)])), SHOWN, "stop", used],
  [
    "as JSON of many lines, with thoughts",
    JSON.stringify(message([{ type: "thinking", thinking: "Hm. " }, said(SHOWN)]), null, 2),
    THOUGHT,
    "stop",
    used,
  ],
  [
    "as JSON, refused",
    json(message([], { stop_reason: "refusal", stop_details: refusal })),
    "",
    "content_filter",
    used,
  ],
];

const error = (type: string, message = "Words", more = {}) => ({
  ...{ type: "error", error: { type, message, ...more }, request_id: "req_011CSHoEeqs5C35K2UUqR7Fy" },
});
const invalid = (message: string) => error("invalid_request_error", message);

/** The types of its errors, with their status. */
const TYPES: Failures<[status: number]> = {
  provider_refused: {
    invalid_request_error: ["Words", 400],
    billing_error: ["Words", 402],
    not_found_error: ["Words", 404],
    request_too_large: ["Words", 413],
  },
  provider_auth: { authentication_error: ["", 401], permission_error: ["", 403] },
  provider_rate_limited: { rate_limit_error: ["Words", 429] },
  provider_error: { api_error: ["Words", 500], timeout_error: ["Words", 504], overloaded_error: ["Words", 529] },
};

const REFUSALS: Failures<[status: number, body: unknown]> = {
  context_exceeded: {
    "the window": ["prompt is too long", 400, invalid("prompt is too long: 210000 tokens > 200000 maximum")],
    "the window with the answer": ["exceed", 400, invalid("input length and `max_tokens` exceed context limit: 9 > 8")],
  },
  provider_refused: {
    "a limit above the model's": ["max_tokens", 400, invalid("max_tokens: 99 > 64, which is the maximum allowed")],
    "a prefill that it does not take": [
      "prefill",
      400,
      invalid("This model does not support assistant message prefill."),
    ],
    "no credit": ["credit balance", 400, invalid("Your credit balance is too low to access the Anthropic API.")],
    "a limit of spending": [
      "Words",
      429,
      error("rate_limit_error", "Words", { details: { error_code: "enforced_spend_limit_reached" } }),
    ],
    "the filter of what is written": ["filtering", 400, invalid("Output blocked by content filtering policy")],
    "the key in an error": ['"No [key]"', 400, invalid(`No ${KEY}`)],
    "a page of the gateway's": ["status 413", 413, "<html><h1>413 Request Entity Too Large</h1></html>"],
  },
  provider_auth: { "a wrong key": ["", 401, error("authentication_error", `invalid x-api-key ${KEY}`)] },
};

const failed = (said: unknown) => `event: error\n${data(said)}`;
const api = { api: "anthropic_messages" } as const;
const asJson = { ...api, type: "application/json" };

/** What comes to an end, or breaks off. */
export const ANTHROPIC_STREAMS: Dialect[] = [
  ...dialects(ROWS, "Anthropic: ", api),
  ...dialects(WHOLE, "Anthropic: ", asJson),
];

/** What fails, and how: with its status, in the stream, first in the stream, and as JSON under 200. */
export const ANTHROPIC_FAILURES: Dialect[] = [
  ...failures(TYPES).flatMap(({ name, end, said: [status] }) => [
    ...dialects(
      [
        [`${name}, with its status`, asText(error(name)), "", end, { status }],
        [`${name}, in the stream`, BEGIN + says("Once ") + failed(error(name)), "Once ", end],
        [`${name}, first in the stream`, failed(error(name)), "", end],
        [`${name}, as JSON under 200`, asText(error(name)), "", end, asJson],
      ],
      "Anthropic: ",
      api,
    ),
  ]),
  ...dialects(refusals(REFUSALS), "Anthropic: ", api),
  ...dialects(
    each(["Once ", 'provider_error: stream: "Key [key], [key]…[key]"'], {
      "the key in an error of the stream": BEGIN + says("Once ") +
        failed(error("api_error", `Key ${KEY}, sk-proj-A…7xWz`)),
    }),
    "Anthropic: ",
    api,
  ),
];
