/** How providers frame what they say, end it and count it, as bytes: for tests. */

import {
  choices,
  chunk,
  closes,
  CONTENTS,
  COUNTS,
  data,
  type Dialect,
  dialects,
  DONE,
  each,
  END,
  json,
  MORE,
  ONCE,
  type Row,
  SHOWN,
  STOP,
  STREAM,
  TEXT,
  text,
  THOUGHT,
  USAGE,
  used,
  whole,
} from "./dialects.ts";

const noChunk = "provider_bad_response: not a chat completion chunk";
const brokenBy = (reason: string, sent = ""): [string, string, string, string] => [
  `the reason ${json(reason)} is a failure`,
  sent + chunk({}, reason) + DONE,
  sent && "Once ",
  `provider_error: finish reason "${reason}"`,
];

/** What a gateway or another API puts around a chunk. */
const WRAPPED: Row[] = [
  ...each([SHOWN, "stop"], {
    "delta as a string": choices({ index: 0, delta: "Once " }) + choices({ index: 0, delta: "more." }) + END,
    "a chunk in data": data({ data: { choices: [{ delta: { content: SHOWN }, finish_reason: "stop" }] } }),
    "DashScope's own API: output.text": data({ output: { text: "Once ", finish_reason: null } }) +
      data({ output: { text: SHOWN, finish_reason: "stop" } }),
    "Cloudflare: a chunk in result": data({
      ...{ success: true, errors: [], messages: [] },
      result: { choices: [{ delta: { content: SHOWN }, finish_reason: "stop" }] },
    }),
    "data: twice": STREAM.replaceAll("data: ", "data: data: "),
    "data: twice, at the end alone": `${TEXT}data: ${DONE}`,
    "[DONE] without data:": `${TEXT}[DONE]\n\n`,
    "[DONE] in JSON": TEXT + data({ data: "[DONE]" }),
  }),
  ...each([SHOWN, "stop", used], {
    "DashScope's own API: output.choices, each longer": ["Once ", SHOWN].map((content) =>
      data({
        output: { choices: [{ message: { content }, finish_reason: content === SHOWN ? "stop" : "null" }] },
        usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8 },
      })
    ).join(""),
  }),
  ...each([SHOWN, "stop", used], {
    "Ollama's own API, a chunk a line": [
      { message: { role: "assistant", content: "Once " }, done: false },
      { message: { role: "assistant", content: "more." }, done: false },
      {
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: "stop",
        prompt_eval_count: 3,
        eval_count: 5,
      },
    ].map((line) => json({ model: "m", ...line }) + "\n").join(""),
    "Ollama's own API, whole": json({ response: SHOWN, done: true, prompt_eval_count: 3, eval_count: 5 }),
    "Baidu's own API": data({ object: "chat.completion", sentence_id: 0, is_end: false, result: "Once " }) +
      data({ object: "chat.completion", is_end: true, result: "more.", finish_reason: "normal", usage: COUNTS }),
    "Workers AI's own API": data({ response: "Once ", p: "ab" }) + data({ response: "more.", p: "a" }) +
      data({ response: "", usage: COUNTS }) + DONE,
    "Workers AI's own API, whole": json({ result: { response: SHOWN, usage: COUNTS }, success: true, errors: [] }),
    "Spark: each chunk says that it is a success":
      data({ code: 0, message: "Success", choices: [{ delta: { content: SHOWN }, index: 0 }] }) +
      data({ code: 0, message: "Success", usage: COUNTS }) + DONE,
  }),
  [
    "Ollama's own API: thoughts and a limit",
    json({ message: { thinking: "Hm. ", content: "" }, done: false }) + "\n" +
    json({ message: { content: SHOWN }, done: true, done_reason: "length" }),
    THOUGHT,
    "length",
  ],
  ["names without a colon, and comments, are no words", ": hm\nping\nid\n\n", "", closes],
];

const CHOICES: Row[] = [
  ...each([SHOWN, "stop"], {
    "index null": choices({ index: null, delta: { content: SHOWN } }) + END,
    "index as a string": choices({ index: "0", delta: { content: SHOWN }, finish_reason: "stop" }),
    "no index": choices({ delta: { content: SHOWN }, finish_reason: "stop" }),
    "an only choice with index 1": choices({ index: 1, delta: { content: "Once " } }) +
      choices({ index: 1, delta: { content: "more." }, finish_reason: "stop" }) + DONE,
    "other choices": ONCE + choices({ index: 1, delta: { content: "no" }, finish_reason: "length" }) + MORE + END,
    "other choices in the same chunk":
      choices({ index: 1, delta: { content: "no" } }, { index: 0, delta: { content: SHOWN } }) +
      END,
    "choices null": ONCE + data({ choices: null }) + MORE + END,
    "a choice that is null": ONCE + data({ choices: [null] }) + MORE + END,
  }),
];

const ENDS: Row[] = [
  ...each([SHOWN, "stop"], {
    "no reason but [DONE]": TEXT + DONE,
    "a reason and a close": TEXT + STOP,
    "a reason in every chunk": chunk({ content: "Once " }, "stop") + chunk({ content: "more." }, "stop") + DONE,
    "text behind the reason": ONCE + STOP + MORE + DONE,
    "an empty reason in each chunk": chunk({ content: SHOWN }, "") + STOP + chunk({}, ""),
    "of several reasons the last": chunk({ content: SHOWN }, "length") + STOP,
    'the reason "null" is none': chunk({ content: SHOWN }, "null") + END,
    "finish_details": TEXT + choices({ index: 0, delta: {}, finish_details: { type: "stop" } }) + DONE,
    '"error" behind a reason changes nothing': TEXT + STOP + chunk({}, "error"),
    "junk behind the reason": TEXT + STOP + "data: {junk\n\n",
    "an error behind the reason": TEXT + STOP + data({ error: { message: "late" } }),
    "a break in an event behind the reason": TEXT + STOP + 'data: {"choices":[{"del',
    "[DONE] twice": STREAM + DONE,
    "usage behind [DONE]": STREAM + USAGE,
    "text behind [DONE]": STREAM + MORE,
    "[DONE] as the second line": `${ONCE}${MORE.trimEnd()}\n${DONE}`,
    "[DONE] without a blank line": `${TEXT}${STOP}data: [DONE]`,
    "CR LF at [DONE] alone": `${TEXT}${STOP}data: [DONE]\r\n\r\n`,
  }),
  ...each(["", closes], { "no reason and no text but [DONE]": chunk({ role: "assistant" }) + DONE, "nothing": "" }),
  ["reasoning alone and [DONE]", chunk({ reasoning: "Hm." }) + DONE, "<Hm.>", closes],
  ["half a character at the end of the thoughts", chunk({ reasoning: "Hm\ud83d" }) + DONE, "<Hm\uFFFD>", closes],
  ["a close without either", TEXT, SHOWN, closes],
  ["a reason as an object", chunk({ content: SHOWN }, { type: "length", matched: 2 }) + DONE, SHOWN, "length"],
  ["content_filter", ONCE + chunk({}, "content_filter") + DONE, "Once ", "content_filter"],
  ["a word of the provider's own", TEXT + chunk({}, "repetition") + DONE, SHOWN, "repetition"],
  ["a word that every object has", TEXT + chunk({}, "constructor") + DONE, SHOWN, "constructor"],
  ...Object.entries({
    stop: ["STOP", "end_turn", "stop_sequence", "eos", "eos_token", "COMPLETE", "normal"],
    length: [
      "LENGTH",
      "max_tokens",
      "MAX_TOKENS",
      "max_output_tokens",
      "model_length",
      "model_context_window_exceeded",
    ],
    content_filter: ["content_filter: RECITATION", "content-filter", "SAFETY", "sensitive", "guardrail_intervened"],
    tool_calls: ["tool_use", "TOOL_CALL"],
  }).flatMap(([end, words]) =>
    words.map((word): Row => [`${json(word)} is ${end}`, TEXT + chunk({}, word), SHOWN, end])
  ),
  [
    "a reason becomes one that the database takes",
    chunk({}, `\0é\ud83d${"x".repeat(200)}`),
    "",
    `???${"x".repeat(97)}`,
  ],
  // Of DeepSeek and Zhipu, and the relay's own.
  ...["error", "ERROR", "insufficient_system_resource", "network_error"].map((reason) => brokenBy(reason, ONCE)),
  ...["unknown_error", "canceled", "preempted", "engine_overloaded", "function_call_filter: MALFORMED_FUNCTION_CALL"]
    .map((reason) => brokenBy(reason, ONCE)),
  ...["cancelled", "disconnected", "timeout", "interrupted"].map((reason) => brokenBy(reason)),
  ...["[DONE] ", " [DONE]", '"[DONE]"', "'[DONE]'", "DONE", "[done]", "[ DONE ]", '"DONE"'].map((word): Row => [
    ...[`${json(word)} as the end`, `${TEXT}data:${word}\n\n`, SHOWN, "stop"] as const,
  ]),
];

const FRAMES: Row[] = [
  [
    "a mark of byte order before JSON",
    `\uFEFF${json(whole({ content: SHOWN }))}`,
    ...[SHOWN, "stop"] as const,
    { type: "application/json" },
  ],
  ...each([SHOWN, "stop"], {
    "no space behind data:": STREAM.replaceAll("data: ", "data:"),
    "CR LF": STREAM.replaceAll("\n", "\r\n"),
    "CR alone": STREAM.replaceAll("\n", "\r"),
    "one line end between events": STREAM.replaceAll("\n\n", "\n"),
    "a mark of byte order": `\uFEFF${STREAM}`,
    "blank lines first": `\n\n\n\n${STREAM}`,
    "event: and id: before each": STREAM.replaceAll("data:", "id: 1\nevent: message\ndata:"),
    "keep-alives as comments": `${ONCE}: keep-alive\n\n:\n\n${MORE}${END}`,
    "keep-alives as empty data": `${ONCE}data:\n\ndata: \n\n${MORE}${END}`,
    "a ping with a time": `${ONCE}event: ping\r\ndata: 2026-01-01 00:00:00.1\r\n\r\n${MORE}${END}`,
    "a ping with an object": `${ONCE}event: ping\ndata: {"type": "ping"}\n\n${MORE}${END}`,
    "a number, null and a list as data": `${ONCE}data: 1\n\ndata: null\n\ndata: []\n\n${MORE}${END}`,
    "junk within the text": `${ONCE}data: {junk\n\n${MORE}${END}`,
    "an event of two lines whose second is like a chunk": `${ONCE}data: x\n${MORE}${END}`,
    "an event over several lines": `data: {"choices":\ndata: [{"delta": {"content": "Once more."}}]}\n\n${END}`,
    "a chunk in a list of one": `data: [${json({ choices: [{ delta: { content: SHOWN } }] })}]\n\n${END}`,
    "a query's echo before the stream": `data: {"type":"info","status":"PENDING"}\n\n${STREAM}`,
    "a whole completion without a reason": json({ choices: [{ message: { content: SHOWN } }] }),
  }),
  ...each(["Once ", noChunk], {
    "junk and no end": `${ONCE}data: {junk\n\n`,
    "a word and no end": `${ONCE}data: x\n\n`,
  }),
  ...["application/x-ndjson", "application/json", "text/plain", "text/html", "", "text/event-stream; charset=x"].map((
    type,
  ): Row => [`an event stream as ${type}`, STREAM, SHOWN, "stop", { type }]),
  ["a whole completion", json(whole({ role: "assistant", content: SHOWN }, { usage: COUNTS })), SHOWN, "stop", {
    type: "application/json",
    usage: true,
  }],
  ...each([THOUGHT, "stop"], {
    "a whole completion over many lines": JSON.stringify(whole({ content: SHOWN, reasoning: "Hm. " }), null, 2),
    "a whole completion that is called a stream": json(whole({ content: "<think>Hm. </think>Once more." })),
  }),
  ["a chunk a line", STREAM.replaceAll("data: ", "").replaceAll("\n\n", "\n"), SHOWN, "stop", {
    type: "application/x-ndjson",
  }],
  ["a page", "<h1>Log in</h1>", "", 'provider_bad_response: "text/html"', { type: "text/html; charset=utf-8" }],
  ["JSON that is no completion", '{"ok":true}', "", closes, { type: "application/json" }],
];

const SO_FAR = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };

const USAGES: Row[] = [
  ...each([SHOWN, "stop", used], {
    "usage with the finish": TEXT + chunk({}, "stop", { usage: COUNTS }) + DONE,
    "Groq: x_groq.usage": TEXT + chunk({}, "stop", { x_groq: { id: "r", usage: COUNTS } }) + DONE,
    "Moonshot: usage of the choice": TEXT + choices({ delta: {}, finish_reason: "stop", usage: COUNTS }) + DONE,
    "input_tokens and output_tokens": TEXT + chunk({}, "stop", { usage: { input_tokens: 3, output_tokens: 5 } }),
    "no total": TEXT + chunk({}, "stop", { usage: { prompt_tokens: 3, completion_tokens: 5 } }),
    "usage {} in each chunk": chunk({ content: SHOWN }, null, { usage: {} }) + chunk({}, "stop", { usage: COUNTS }),
    "a later empty usage": TEXT + STOP + USAGE + data({ choices: [], usage: {} }) + DONE,
    "a later usage of null": TEXT + STOP + USAGE + data({ choices: [], usage: null }) + DONE,
    "a later usage of nulls": TEXT + STOP + USAGE + data({ choices: [], usage: { prompt_tokens: null } }) + DONE,
    "a later usage of zeros": TEXT + STOP + USAGE + chunk({}, null, { usage: { total_tokens: 0 } }) + DONE,
    "usage so far in each chunk": chunk({ content: SHOWN }, null, { usage: SO_FAR }) + STOP + USAGE + DONE,
    "usage without choices": TEXT + STOP + data({ usage: COUNTS }) + DONE,
    "usage that is wiped in part": TEXT + STOP + USAGE +
      data({ choices: [], usage: { ...COUNTS, completion_tokens: 0, total_tokens: 3 } }),
  }),
  ...each([SHOWN, "stop", used], {
    "Gemini: thoughts that only the total counts": TEXT +
      chunk({}, "stop", { usage: { ...COUNTS, completion_tokens: 1 } }) + DONE,
  }),
  ["usage as a string", TEXT + chunk({}, "stop", { usage: "n/a" }) + DONE, SHOWN, "stop"],
  ["counts as strings", TEXT + chunk({}, "stop", { usage: { prompt_tokens: "3" } }) + DONE, SHOWN, "stop"],
];

const VARIANTS: Row[] = [
  ...each([THOUGHT, "stop"], {
    "thoughts in capitals": text("<THINK>Hm. </THINK>") + STREAM,
    "thoughts with an attribute": text('<think type="x">Hm. </think>') + STREAM,
    "a closing tag first": chunk({ reasoning_content: "Hm. " }) + text("</think>\n\n") + STREAM,
  }),
  ["a tag of HTML first", text("<b>") + STREAM, `<b>${SHOWN}`, "stop"],
  ...each([SHOWN, "stop"], {
    "a finish in a list": TEXT + chunk({}, ["stop"]),
    "a list of chunks in an event": data([JSON.parse(ONCE.slice(6)), JSON.parse(MORE.slice(6))]) + END,
    "status_code 0 as a string": TEXT + data({ choices: [], base_resp: { status_code: "0" } }) + END,
  }),
  ["a finish that is None", TEXT + chunk({}, "None"), SHOWN, closes],
  ["finishReason", TEXT + choices({ index: 0, delta: {}, finishReason: "length" }), SHOWN, "length"],
  [
    "an error with a finish",
    TEXT + chunk({}, "stop", { error: { code: 429, message: "slow down" } }) + DONE,
    SHOWN,
    "provider_rate_limited: slow down",
  ],
];

/** All that is a stream, or ought to be one; dialects_errors.ts has what fails. */
export const STREAMS: Dialect[] = dialects([CONTENTS, WRAPPED, CHOICES, ENDS, FRAMES, USAGES, VARIANTS].flat());
