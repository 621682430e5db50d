/** What providers say, as bytes: for tests. Each row stands for a kind; docs/providers.md has who sends what. */

import type { ApiName } from "../provider/provider.ts";

/** What came of an answer. `end`: the finish reason, or a code of the relay's with words of its message. */
export interface Dialect {
  name: string;
  /** Absent: chat completions. */
  api?: ApiName;
  body: string;
  /** What is shown; reasoning in angle brackets. */
  shown: string;
  end: string;
  /** True: the usual counts. */
  usage?: boolean | object;
  status?: number;
  type?: string;
  model?: string;
}

/** A dialect in short. */
export type Row = [name: string, body: string, shown: string, end: string, more?: Partial<Dialect>];

/** Rows that all come to the same: what is shown, the end, and more. */
export const each = ([shown, end, more]: [shown: string, end: string, more?: Partial<Dialect>], rows: object): Row[] =>
  Object.entries(rows).map(([name, body]) => [name, body, shown, end, more]);

/** Dialects of rows; `of` is before their names, and `all` holds for each of them. */
export const dialects = (rows: Row[], of = "", all: Partial<Dialect> = {}): Dialect[] =>
  rows.map(([name, body, shown, end, more]) => ({ name: of + name, body, shown, end, ...all, ...more }));

/** Failures by code and by name: the words that are passed on, "" for none, and what was said. */
export type Failures<Said extends unknown[]> = Record<string, Record<string, [words: string, ...Said]>>;

/** The same as rows. */
export const failures = <Said extends unknown[]>(table: Failures<Said>) =>
  Object.entries(table).flatMap(([code, rows]) =>
    Object.entries(rows).map(([name, [words, ...said]]) => ({ name, end: words ? `${code}: ${words}` : code, said }))
  );

/** Refusals with a status; what is no text is JSON. */
export const refusals = (table: Failures<[status: number, body: unknown]>): Row[] =>
  failures(table).map(({ name, end, said: [status, body] }) => [name, asText(body), "", end, { status }]);

export const json = (value: unknown) => JSON.stringify(value);
export const asText = (body: unknown) => typeof body === "string" ? body : json(body);
export const data = (value: unknown) => `data: ${json(value)}\n\n`;
/** The event of one chunk. */
export const chunk = (delta: unknown, finish_reason: unknown = null, rest = {}) => {
  const choice = { index: 0, delta, finish_reason };
  return data({ id: "c", object: "chat.completion.chunk", model: "m", choices: [choice], ...rest });
};
export const text = (content: unknown) => chunk({ content });
export const choices = (...all: unknown[]) => data({ choices: all });
/** The shape that most errors have. */
export const error = (message: unknown, rest = {}) => ({ error: { message, ...rest } });

/** The key of the bot in these rows. */
export const KEY = "sk-proj-Aq7xWz";
export const ONCE = text("Once ");
export const MORE = text("more.");
export const TEXT = ONCE + MORE;
export const STOP = chunk({}, "stop");
export const DONE = "data: [DONE]\n\n";
export const END = STOP + DONE;
export const COUNTS = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
export const USAGE = data({ choices: [], usage: COUNTS });
export const SHOWN = "Once more.";
export const THOUGHT = `<Hm. >${SHOWN}`;
export const used = { usage: true };
export const STREAM = TEXT + END;
/** What an answer without an end is refused for. */
export const closes = "provider_bad_response: without a finish reason";
export const whole = (message: unknown, rest = {}) => ({
  object: "chat.completion",
  choices: [{ index: 0, message, finish_reason: "stop" }],
  ...rest,
});
const part = (type: string, rest: object) => text([{ type, ...rest }]);
const message = (content: string) => choices({ message: { content } });

const TEXTS: Row[] = [
  ...each([SHOWN, "stop", used], {
    "OpenAI: role first, usage last": chunk({ role: "assistant", content: "" }) + TEXT + STOP + USAGE + DONE,
    "MiniMax: the whole message again at the end": TEXT + STOP + data(whole({ content: SHOWN }, { usage: COUNTS })),
    "Azure: filters without text first and last": data({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] }) +
      TEXT + STOP + choices({ index: 0, finish_reason: null, content_filter_offsets: {} }) + USAGE + DONE,
  }),
  ...each([SHOWN, "stop"], {
    "content as parts": part("text", { text: "Once " }) + part("text", { text: "more." }) + END,
    "content as one part without a list": text({ type: "text", text: SHOWN }) + END,
    "content as parts of several texts": text([{ type: "text", text: "Once " }, { type: "text", text: "more." }]) + END,
    "content as strings in a list": text(["Once ", "more."]) + END,
    "parts with a type of the Responses API": part("output_text", { text: SHOWN }) + END,
    "parts without a type": text([{ text: SHOWN }]) + END,
    "Mistral: a part that is a reference says nothing": ONCE + part("reference", { reference_ids: [1] }) + MORE + END,
    "thinking that is hidden says nothing": part("redacted_thinking", { data: "x" }) + STREAM,
    "images say nothing": part("image_url", { image_url: { url: "https://a.test" } }) + STREAM,
    "content and refusal in one: content": chunk({ content: SHOWN, refusal: "No" }) + END,
    "message in place of delta": message("Once ") + message("more.") + END,
    "message that grows": message("Once ") + message(SHOWN) + END,
    "Perplexity: delta, and message so far": choices({ delta: { content: "Once " }, message: { content: "Once " } }) +
      choices({ delta: { content: "more." }, message: { content: SHOWN }, finish_reason: "stop" }),
    "OpenAI: a model that speaks, its transcript": chunk({ content: null, audio: { id: "a", transcript: "Once " } }) +
      chunk({ audio: { data: "UklGRg==" } }) + chunk({ audio: { transcript: "more." } }) + END,
    "completions: text of a choice": choices({ text: "Once ", index: 0 }) + choices({ text: "more.", index: 0 }) + END,
    "an empty text next to a delta": choices({ text: "", delta: { content: SHOWN } }) + END,
    "delta null": ONCE + chunk(null) + MORE + END,
    "chunks that say nothing": ONCE + [{}, [], { choices: [{}] }, { error: null, choices: [] }].map(data).join("") +
      [7, { content: 7 }, { content: [7] }].map((delta) => chunk(delta)).join("") + chunk({}, 7) + MORE + END,
    "no delta at the finish": TEXT + choices({ index: 0, finish_reason: "stop" }) + DONE,
    "Azure: a filter that failed": TEXT + choices({ index: 0, content_filter_result: { error: { code: "x" } } }) + END,
    "vLLM: prompt_token_ids and logprobs": chunk({ content: SHOWN }, null, { prompt_token_ids: [1], logprobs: {} }) +
      END,
    "OpenRouter: comments, then provider in each chunk": ": OPENROUTER PROCESSING\n\n" +
      chunk({ role: "assistant", content: SHOWN }, null, { provider: "P" }) + chunk({ content: "" }, "stop") + DONE,
  }),
  ...each([THOUGHT, "stop"], {
    "Mistral: thinking as a part with nested texts":
      part("thinking", { thinking: [{ type: "text", text: "Hm. " }], closed: true }) + STREAM,
    "thinking as a part with a string": part("thinking", { thinking: "Hm. " }) + STREAM,
    "thinking and text as two parts of one list":
      text([{ type: "thinking", thinking: "Hm. " }, { type: "text", text: SHOWN }]) + END,
    "Databricks: reasoning with a summary":
      part("reasoning", { summary: [{ type: "summary_text", text: "Hm. ", signature: "x" }] }) + STREAM,
  }),
  [
    "a refusal of the model's",
    chunk({ refusal: "I " }) + chunk({ content: null, refusal: "can't." }) + END,
    "I can't.",
    "stop",
  ],
  ["a refusal as a part", part("refusal", { refusal: "No." }) + END, "No.", "stop"],
  [
    "tool calls",
    chunk({ content: null, tool_calls: [{ index: 0 }] }) + chunk({}, "tool_calls") + DONE,
    "",
    "tool_calls",
  ],
  ["a function call", chunk({ function_call: { name: "f" } }) + chunk({}, "function_call"), "", "function_call"],
  ["escapes, and a pair in two chunks", text('\\ "\u00e9" \ud83d') + text("\udc09") + END, '\\ "é" 🐉', "stop"],
  ["half a character at the end", text("a\ud83d"), "a\uFFFD", closes],
  ["CR LF in the text", text("a\r") + text("\nb") + END, "a\nb", "stop"],
];

/** What models write around their thoughts that are no tags of HTML. */
const MARKS = [
  ["Seed", "<seed:think>", "</seed:think>"],
  ["Magistral", "[THINK]", "[/THINK]"],
  ["Kimi-VL", "◁think▷", "◁/think▷"],
  ["Cohere", "<|START_THINKING|>", "<|END_THINKING|>"],
  ["OpenThinker", "<|begin_of_thought|>", "<|end_of_thought|>"],
  ["Gemma 4", "<|channel>thought\n", "<channel|>"],
  ["gpt-oss", "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"],
];

const reasons = (field: string, value: unknown): [string, string] => [
  `reasoning in ${field}: ${json(value)}`,
  chunk({ [field]: value }) + STREAM,
];

const REASONING: Row[] = [
  ...each([THOUGHT, "stop"], {
    ...Object.fromEntries([
      ...["reasoning_content", "reasoning", "thinking", "reasoning_text"].map((field) => reasons(field, "Hm. ")),
      reasons("reasoning", { content: "Hm. " }),
      reasons("reasoning_details", [{ type: "reasoning.text", text: "Hm. ", index: 0 }]),
      reasons("reasoning_details", [{ type: "reasoning.summary", summary: "Hm. " }]),
      reasons("reasoning_content", [{ type: "text", text: "Hm. " }]),
    ]),
    "two fields with the same reasoning":
      chunk({ content: "", reasoning: "Hm. ", reasoning_content: "Hm. ", reasoning_details: [{ text: "Hm. " }] }) +
      STREAM,
    "an empty field before a full one": chunk({ reasoning_content: "", reasoning: "Hm. " }) + STREAM,
    "reasoning and text in one chunk": chunk({ reasoning: "Hm. ", content: SHOWN }) + END,
    "<think> at the start": text("<think>Hm. </think>\n\nOnce more.") + END,
    "<think> in pieces": ["<th", "ink>", "Hm. ", "</", "thi", "nk>", "\n", "\nOnce ", "more."].map(text).join("") + END,
    "<think> behind blanks": text("\n ") + text("<think>Hm. </think>Once more.") + END,
    "<thinking>": text("<thinking>Hm. </thinking>Once more.") + END,
    ...Object.fromEntries(MARKS.flatMap(([whose, opening, closing]) => [
      [`${whose}: ${json(opening)}`, text(`${opening}Hm. ${closing}\n\nOnce more.`) + END],
      [`${json(opening)} in pieces`, [...`${opening}Hm. ${closing}${SHOWN}`].map(text).join("") + END],
    ])),
  }),
  ...each([SHOWN, "stop"], {
    "hidden reasoning says nothing": chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "x" }] }) +
      STREAM,
    "<think> with nothing in it": text("<think>\n\n</think>\n\n") + STREAM,
  }),
  [
    "reasoning and text by turns, each cleaned by itself",
    chunk({ content: "a\r", reasoning: "\ud83d" }) + chunk({ reasoning: "\udc09" }) + text("\n\0b\ud83d") + END,
    "a\n<🐉>b\uFFFD",
    "stop",
  ],
  ["reasoning alone, then a length", chunk({ reasoning: "Hm." }) + chunk({}, "length") + DONE, "<Hm.>", "length"],
  ["<think> without an end", text("<think>Hm. ") + chunk({}, "length") + DONE, "<Hm. >", "length"],
  ["<think> within the text is text", text("Once <think>more.</think>") + END, "Once <think>more.</think>", "stop"],
  ["what only begins like <think>", text("<th") + text("e end") + END, "<the end", "stop"],
  ["what only begins like a mark", text("[Thi") + text("s <|end") + END, "[This <|end", "stop"],
  ["a text that is no more than the start of a tag", text("<thi") + END, "<thi", "stop"],
  ["a text that begins with blanks", text("\n\n") + STREAM, `\n\n${SHOWN}`, "stop"],
  ["a lone </think>, of a model that begins within", text("Hm. ") + text("</think>\n\n") + STREAM, THOUGHT, "stop", {
    model: "deepseek-r1:7b",
  }],
  ["</think> in pieces, of such a model", text("Hm. </") + text("think>") + STREAM, THOUGHT, "stop", {
    model: "Qwen/Qwen3-30B-Thinking-2507",
  }],
  ["such a model without any tag: shown as both", STREAM, `<${SHOWN}>${SHOWN}`, "stop", { model: "qwq-32b" }],
  ["such a model with a field for reasoning", chunk({ reasoning_content: "Hm. " }) + STREAM, THOUGHT, "stop", {
    model: "deepseek-r1",
  }],
  ["a lone </think> of any other model is text", text("Once </think>more.") + END, "Once </think>more.", "stop"],
];

/** Text and reasoning, wherever they stand. */
export const CONTENTS: Row[] = [...TEXTS, ...REASONING];
