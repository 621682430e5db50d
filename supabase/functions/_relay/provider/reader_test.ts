import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import { RelayError } from "../protocol/errors.ts";
import {
  MAX_PROVIDER_ANSWER_BYTES,
  MAX_PROVIDER_EVENT_VALUES,
  MAX_PROVIDER_JSON_BYTES,
  MAX_PROVIDER_LINE_BYTES,
} from "../protocol/limits.ts";
import { makeRandom, splitEverywhere, splitRandomly } from "../testing/split.ts";
import type { Delta, ProviderEnd } from "./provider.ts";
import { secretsOf } from "./redact.ts";
import { ANTHROPIC_MESSAGES } from "./anthropic_messages/api.ts";
import { CHAT_COMPLETIONS } from "./chat_completions/api.ts";
import { createCompletionChunkReader } from "./chat_completions/chunks.ts";
import { MAX_GIVEN_UNITS } from "./deltas.ts";
import { createAnswerReader } from "./reader.ts";

/** What came of an answer: its deltas, and how it ended or what it was refused for. */
interface Answer {
  deltas: Delta[];
  end: ProviderEnd | string;
}

const bytes = (text: string) => new TextEncoder().encode(text);

const OPTIONS = {
  secrets: secretsOf("sk-secret", {}),
  thinksFirst: false,
  contentType: "text/event-stream",
  onSkippedLine: () => assert.fail("No line is skipped"),
};

function endOf(read: () => ProviderEnd): Answer["end"] {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof RelayError);
    return error.message;
  }
}

function read(reads: Iterable<Uint8Array>): Answer {
  const deltas: Delta[] = [];
  const answer = createAnswerReader(CHAT_COMPLETIONS, OPTIONS, (more) => deltas.push(...more));
  const end = endOf(() => {
    for (const read of reads) {
      // The relay's reads come in a buffer that is written over by the next one.
      const buffer = read.slice();
      answer.push(buffer);
      buffer.fill(0x7b);
      if (answer.isDone()) break;
    }
    answer.finish();
    return answer.end();
  });
  return { deltas: joined(deltas), end };
}

/** The same by the plain way: another event stream parser, and JSON.parse for each event. */
function oracle(stream: string): Answer {
  const chunks = createCompletionChunkReader(OPTIONS);
  const end = endOf(() => {
    const parser = createParser({ onEvent: ({ data }) => chunks.read(data) });
    parser.feed(stream);
    return chunks.end();
  });
  return { deltas: joined(chunks.take()), end };
}

/** Neighbours of a kind as one, for where they are cut depends on the reads. */
function joined(deltas: Delta[]): Delta[] {
  const all: Delta[] = [];
  for (const { kind, text } of deltas) {
    const last = all.at(-1);
    if (last?.kind === kind) last.text += text;
    else all.push({ kind, text });
  }
  return all;
}

/** A chunk as providers write it: `write` is how this one writes JSON. */
function chunk(
  delta: Record<string, unknown>,
  rest: Record<string, unknown> = {},
  write: (value: unknown) => string = (value) => JSON.stringify(value),
): string {
  const choice = { index: 0, delta, logprobs: null, finish_reason: null };
  return write({ id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-x", choices: [choice], ...rest });
}

/** As Python writes it. */
const spaced = (value: unknown): string =>
  JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ").replaceAll(/([{[]) | ([}\]])/g, "$1$2");

/** As PHP writes it: no character but ASCII. */
const escaped = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const finish = chunk({}, { choices: [{ delta: {}, finish_reason: "stop" }] });
const stream = (events: string[], end = "\n\n", field = "data: ") =>
  [...events, "[DONE]"].map((event) => `${field}${event}${end}`).join("");

const text = (content: string) => chunk({ content });

const USAGE = chunk({}, { choices: [], usage: { prompt_tokens: 1 } });
const openAi = ["Once", " upon", ' "a"', "\n\n", "time", "🐉é", ""].map(text);
const padded = "Once|upon|a|time".split("|").map((word, index) =>
  chunk({ content: word }, { obfuscation: "xyz".slice(index) })
);
const thoughts = ["Let", " me", " think"].map((reasoning_content) => chunk({ content: null, reasoning_content }));
const answers = ["A", "B"].map((content) => chunk({ content, reasoning_content: null }));
const python = ["a", "b", " c\r", "\nd"].map((content) => chunk({ content }, {}, spaced));
const php = "aé🐉".split("").map((content) => chunk({ content }, {}, escaped));

const CASES: Record<string, string> = {
  "OpenAI": stream([chunk({ role: "assistant", content: "" }), ...openAi, finish, USAGE]),
  "padding": stream([...padded, finish]),
  "reasoning, then text": stream([...thoughts, ...answers, finish]),
  "spaces, as Python writes them, and CR LF": stream([...python, finish], "\r\n\r\n"),
  "escapes, as PHP writes them, and no space": stream([...php, finish], "\r\r", "data:"),
  "an error within the text": stream([text("a"), text("b"), `{"error":{"message":"no"}}`, text("c")]),
  "what is no chunk": stream([text("a"), text("b"), "nonsense"]),
  "an event of two lines whose second is like a chunk": stream([
    text("a"),
    text("b"),
    `x\ndata: ${text("c")}`,
    text("d"),
  ]),
  "no end": stream([text("a"), text("b"), text("c")]),
  "text after the end": stream([text("a"), finish]) + `data: ${text("b")}\n\n`,
  "comments and other fields":
    `: hello\n\nevent: x\ndata: ${text("a")}\n\n:\ndata: ${text("b")}\n\nid: 1\ndata: ${text("c")}\nretry: 5\n\n` +
    stream([text("d"), finish]),
};

for (const [name, whole] of Object.entries(CASES)) {
  Deno.test(`an answer is read the same wherever its bytes are split: ${name}`, () => {
    const wanted = oracle(whole);
    assert.ok(wanted.deltas.length > 0);
    for (const reads of splitEverywhere(bytes(whole))) {
      assert.deepEqual(read(reads), wanted);
    }
  });
}

Deno.test("answers made by chance are read as by parsing each chunk", () => {
  const random = makeRandom(7);
  const pick = <T>(all: T[]): T => all[random(all.length)];
  const words = [
    ...'Once| upon|é|🐉|\ud83d|\udc09|\n|\r|\r\n|\0|"|\\|\\"|'.split("|"),
    "data: ",
    '","content":"x',
    "\u2028\uFEFF",
  ];
  const deltas: (() => Record<string, unknown>)[] = [
    ...Array.from({ length: 2 }, () => () => ({ content: pick(words) })),
    () => ({ content: pick(words), reasoning: "" }),
    () => ({ reasoning_content: pick(words), content: null }),
    () => ({ reasoning: pick(words) }),
    () => ({ content: pick(words), reasoning_content: pick(words) }),
    () => ({ refusal: pick(words) }),
    () => ({ role: "assistant" }),
  ];
  const rests: (() => Record<string, unknown>)[] = [
    ...Array.from({ length: 30 }, () => () => ({})),
    () => ({ obfuscation: pick(words) }),
    () => ({ model: "content" }),
    () => ({ usage: { prompt_tokens: random(9) } }),
    () => ({ content: pick(words) }),
    () => ({ choices: [] }),
    () => ({ choices: [{ index: 1, delta: { content: "no" } }] }),
  ];
  for (let round = 0; round < 400; round++) {
    const write = pick([JSON.stringify, spaced, escaped]);
    const end = pick(["\n\n", "\r\n\r\n", "\r\r", "\n\r\n"]);
    const field = pick(["data: ", "data:", "id: 1\ndata: "]);
    const calm = random(2) === 0 ? [deltas[0]] : deltas;
    const events = Array.from({ length: 1 + random(20) }, () => chunk(pick(calm)(), pick(rests)(), write));
    const whole = stream([...events, finish], end, field) + "\n";
    const wanted = oracle(whole);
    const encoded = bytes(whole);
    for (let split = 0; split < 4; split++) {
      assert.deepEqual(read(splitRandomly(encoded, random)), wanted, JSON.stringify(whole));
    }
    assert.deepEqual(read([encoded]), wanted, JSON.stringify(whole));
  }
});

Deno.test("where the field of earlier chunks is empty, another one has the text", () => {
  const events = ["a", "b", ""].map((content) => chunk({ content, refusal: "no" }));
  assert.deepEqual(read([bytes(stream([...events, finish]))]).deltas, [{ kind: "text", text: "abno" }]);
});

Deno.test("lists within lists are no chunk, however deep", () => {
  const lists = "[".repeat(9_999) + "]".repeat(9_999);
  const message = "The provider sent an event that is not a chat completion chunk";
  assert.equal(read([bytes(stream([lists]))]).end, message);
});

/** How often JSON was parsed. */
function parses(work: () => void): number {
  const { parse } = JSON;
  let parsed = 0;
  JSON.parse = (...args) => {
    parsed++;
    return parse(...args);
  };
  try {
    work();
  } finally {
    JSON.parse = parse;
  }
  return parsed;
}

Deno.test("chunks that are alike are not parsed again", () => {
  const words = Array.from({ length: 50 }, (_, index) => text(` ${index}`));
  const parsed = parses(() => {
    const { deltas } = read([bytes(stream([...words, finish]))]);
    assert.equal(deltas[0].text.length, 140);
  });
  // The first one, and the one that finishes.
  assert.equal(parsed, 2);
});

Deno.test("nor are those that have a name before their data", () => {
  const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const says = (text: string) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  const thinks = (thinking: string) =>
    event("content_block_delta", { index: 0, delta: { type: "thinking_delta", thinking } });
  const numbers = Array.from({ length: 50 }, (_, index) => ` ${index}`);
  const end = event("message_delta", { delta: { stop_reason: "end_turn" } }) + event("message_stop", {});
  const deltas: Delta[] = [];
  const answer = createAnswerReader(ANTHROPIC_MESSAGES, OPTIONS, (more) => deltas.push(...more));
  const parsed = parses(() => {
    answer.push(bytes([...numbers.map(thinks), ...numbers.map(says)].join("")));
    answer.push(bytes(numbers.map(says).join("")));
    answer.push(bytes(end));
    answer.finish();
  });
  assert.equal(answer.end().finishReason, "stop");
  const all = numbers.join("");
  assert.deepEqual(joined(deltas), [{ kind: "reasoning", text: all }, { kind: "text", text: all + all }]);
  // The first of each kind, and the two that end.
  assert.equal(parsed, 4);
});

Deno.test("a body of JSON in one line, or in a line for each chunk, is parsed once", () => {
  const whole = { object: "chat.completion", choices: [{ message: { content: "Once" }, finish_reason: "stop" }] };
  const lines = ["On", "ce"].map((content, index) => ({
    choices: [{ delta: { content }, finish_reason: index === 1 ? "stop" : null }],
  }));
  for (const list of [[whole], lines]) {
    const body = bytes(list.map((chunk) => JSON.stringify(chunk)).join("\n"));
    const parsed = parses(() => assert.deepEqual(read([body]).deltas, [{ kind: "text", text: "Once" }]));
    assert.equal(parsed, list.length);
  }
});

Deno.test("a read is one call, also with what was good before an error", () => {
  const calls: Delta[][] = [];
  const answer = createAnswerReader(CHAT_COMPLETIONS, OPTIONS, (deltas) => calls.push(deltas));
  answer.push(bytes(`data: ${text("a")}\n\ndata: ${text("b")}\n\ndata: ${text("c")}`));
  answer.push(bytes(`\n\n: nothing\n\n`));
  answer.push(bytes(`: nothing\n\n`));
  assert.throws(() => answer.push(bytes(`data: ${text("d")}\n\ndata: {"error": "no"}\n\n`)), RelayError);
  assert.deepEqual(calls, [...["ab", "c"].map((text) => [{ kind: "text", text }]), [], [{ kind: "text", text: "d" }]]);
});

Deno.test("what is much is given in parts, with no pair and no CR LF cut, and an error behind it comes last", () => {
  const long = "\r\n🐉\r".repeat(20_000);
  const calls: Delta[][] = [];
  const answer = createAnswerReader(CHAT_COMPLETIONS, OPTIONS, (deltas) => calls.push(deltas));
  answer.push(bytes(`data: ${text("a")}\n\ndata: ${text(long)}\n\ndata: {"error": "no"}\n\n`));
  assert.equal(calls.length, 1);
  assert.throws(() => {
    while (answer.hasMore()) answer.giveMore();
  }, RelayError);
  const given = calls.map((deltas) => deltas.map(({ text }) => text).join(""));
  assert.equal(given.join(""), `a${"\n🐉\n".repeat(20_000)}`);
  assert.ok(given.length >= long.length / MAX_GIVEN_UNITS);
  assert.ok(given.every((text) => text.length <= MAX_GIVEN_UNITS && text.isWellFormed()));
});

Deno.test("a body of JSON, and a text that may have been reasoning, are given in parts at their end, however they end", () => {
  const long = "\n".repeat(3 * MAX_GIVEN_UNITS);
  const body = JSON.stringify({ choices: [{ message: { content: long }, finish_reason: "stop" }] });
  const stream = `data: ${text(long)}\n\ndata: [DONE]\n\n`;
  const broken = `data: ${text(long)}\n\n`;
  for (const [sent, end] of [[body, "stop"], [stream, "stop"], [broken, "without a finish reason"]]) {
    const calls: Delta[][] = [];
    const options = { ...OPTIONS, thinksFirst: true };
    const answer = createAnswerReader(CHAT_COMPLETIONS, options, (deltas) => deltas.length > 0 && calls.push(deltas));
    answer.push(bytes(sent));
    answer.finish();
    const before = calls.length;
    const ended = endOf(() => {
      while (answer.hasMore()) answer.giveMore();
      return answer.end();
    });
    assert.ok(JSON.stringify(ended).includes(end));
    const last = calls.slice(before).flat().filter(({ kind }) => kind === "text").map(({ text }) => text);
    assert.equal(last.join(""), long);
    assert.ok(last.every((text) => text.length <= MAX_GIVEN_UNITS));
  }
});

Deno.test("a chunk that is like another is bounded like any other line", () => {
  const answer = createAnswerReader(CHAT_COMPLETIONS, OPTIONS, () => {});
  answer.push(bytes(`data: ${text("a")}\n\n`));
  const long = bytes(`data: ${text("a".repeat(MAX_PROVIDER_LINE_BYTES))}\n\n`);
  const message = `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`;
  assert.throws(() => answer.push(long), new RelayError("provider_bad_response", message));
});

/** What comes of these chunks, without the bytes. */
function readChunks(chunks: unknown[]): Answer {
  const reader = createCompletionChunkReader(OPTIONS);
  for (const part of chunks) reader.read(typeof part === "string" ? part : JSON.stringify(part));
  const end = endOf(() => reader.end());
  return { deltas: reader.take(), end };
}

/** The deltas as one text, with the reasoning in brackets. */
const shown = (deltas: Delta[]) => deltas.map(({ kind, text }) => kind === "text" ? text : `<${text}>`).join("|");

/** A chunk of one choice. */
const choice = (delta: unknown, finish_reason: unknown = null, rest: Record<string, unknown> = {}) => ({
  choices: [{ index: 0, delta, finish_reason }],
  ...rest,
});
const said = (content: unknown) => choice({ content });
const thought = (reasoning: unknown) => choice({ reasoning });
const STOP = choice({}, "stop");
const NO_REASON = "The provider closed the stream without a finish reason";
const usage = { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 };
const nothings = [{}, [], { choices: [] }, { choices: null }, { choices: [{}] }, choice(null), choice(7)];
const noTexts = [said(null), said(7), said([7]), said(""), { error: null, choices: [] }, choice({}, 7)];

/** Chunks, what they say, and the finish reason, or what the end is refused for. */
const CHUNKS: [title: string, chunks: unknown[], said: string, end: string][] = [
  ["the last finish reason counts, and an empty one is none", [choice({}, "length"), STOP, choice({}, "")], "", "stop"],
  [
    "reasoning is kept apart from text, in the order it came",
    [
      choice({ reasoning_content: "Let me" }),
      thought(" think"),
      choice({ reasoning_content: "!", content: "A" }),
      said("B"),
      choice({ reasoning: "again", content: null }),
      STOP,
    ],
    "<Let me think!>|AB|<again>",
    "stop",
  ],
  [
    "text and reasoning are cleaned over chunks, each by itself",
    [
      choice({ content: "a\r", reasoning: "\ud83d" }),
      thought("\udc09"),
      said("\n\0b\ud83d"),
      STOP,
    ],
    "a\n|<🐉>|b\uFFFD",
    "stop",
  ],
  ["chunks that add nothing are passed over", [...nothings, ...noTexts, STOP], "", "stop"],
  ["a text that ends with half a character is whole, also without a finish", [said("a\ud83d")], "a\uFFFD", NO_REASON],
  [
    "a reason becomes one that the database takes",
    [choice({}, `\0é\ud83d${"x".repeat(200)}`)],
    "",
    `???${"x".repeat(97)}`,
  ],
  ...["cancelled", "disconnected", "timeout", "interrupted", "error"].map((
    reason,
  ): [string, unknown[], string, string] => [
    `a reason that is the relay's own is a failure of the provider: ${reason}`,
    [choice({}, reason)],
    "",
    `The provider ended with the finish reason "${reason}"`,
  ]),
];

for (const [title, chunks, wanted, wantedEnd] of CHUNKS) {
  Deno.test(title, () => {
    const { deltas, end } = readChunks(chunks);
    assert.equal(shown(deltas), wanted);
    assert.deepEqual(end, wantedEnd.includes(" ") ? wantedEnd : { finishReason: wantedEnd, usage: null });
  });
}

Deno.test("usage comes with or after the finish, the last one counts, and a count that is none is null", () => {
  const first = choice({}, null, { usage: { prompt_tokens: 9 } });
  const last = [{ choices: [], usage: { ...usage, prompt_tokens_details: {} } }, { choices: [], usage: null }];
  assert.deepEqual(readChunks([first, STOP, ...last]).end, { finishReason: "stop", usage });
  for (const prompt_tokens of [-1, 1.5, "7", null, 2 ** 31, 1e300]) {
    const counts = { prompt_tokens, completion_tokens: 2 ** 31 - 1 };
    const wanted = { prompt_tokens: null, completion_tokens: 2 ** 31 - 1, total_tokens: null };
    const { end } = readChunks([choice({}, "stop", { usage: counts })]);
    assert.deepEqual(end, { finishReason: "stop", usage: wanted });
  }
});

Deno.test("what is no chunk is skipped, and is the reason where no end follows, never quoted", () => {
  for (const data of ["secret", '{"secret"', "null", "7", '"secret"']) {
    assert.equal(readChunks([said("a"), data]).end, "The provider sent an event that is not a chat completion chunk");
    assert.deepEqual(readChunks([said("a"), data, STOP]).end, { finishReason: "stop", usage: null });
  }
});

Deno.test("an error within the stream is passed on with its message, without the key", () => {
  const cases: [unknown, string][] = [
    [{ message: "Key sk-secret is over\n its limit" }, ': "Key [key] is over  its limit"'],
    ["overloaded", ': "overloaded"'],
    ...[{ message: { secret: "secret" } }, { message: " " }, {}, true, 500].map((
      error,
    ): [unknown, string] => [error, ""]),
  ];
  for (const [error, words] of cases) {
    const message = `The provider failed in the middle of the stream${words}`;
    assert.throws(() => readChunks([said("a"), { error }]), new RelayError("provider_error", message));
  }
});

Deno.test("a chunk that brings one delta and nothing else says so", () => {
  const cases: [chunk: unknown, sole?: string][] = [
    [said("a"), "text content"],
    [choice({ content: "a", role: "assistant" }), "text content"],
    [choice({ refusal: "a" }), "text refusal"],
    [choice({ content: null, reasoning_content: "a" }), "reasoning reasoning_content"],
    [choice({ content: "", reasoning: "a" }), "reasoning reasoning"],
    ...[said(""), choice({ content: "a", reasoning: "b" }), choice({ content: "a" }, "stop")].map((
      part,
    ): [unknown] => [part]),
    [choice({ content: "a" }, null, { usage: { prompt_tokens: 1 } })],
    [{ choices: [{ delta: { content: "a" } }, { delta: { content: "b" } }] }],
  ];
  const reader = createCompletionChunkReader(OPTIONS);
  for (const [part, wanted] of cases) {
    const sole = reader.read(JSON.stringify(part));
    assert.equal(sole === null ? undefined : `${sole.kind} ${sole.field}`, wanted);
  }
});

/** Reads a body that may have lines which are skipped; gives what was said, the end, and how often a skip was reported. */
function readAll(reads: string[], contentType = "text/event-stream") {
  const deltas: Delta[] = [];
  let skips = 0;
  const options = { ...OPTIONS, contentType, onSkippedLine: () => skips++ };
  const answer = createAnswerReader(CHAT_COMPLETIONS, options, (more) => deltas.push(...more));
  const end = endOf(() => {
    for (const part of reads) {
      if (answer.isDone()) break;
      answer.push(bytes(part));
    }
    answer.finish();
    return answer.end();
  });
  return { said: shown(joined(deltas)), end: typeof end === "string" ? end : end.finishReason, skips };
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const END = data(STOP);

Deno.test("an event has at most so many values: more are skipped without text, and refused with it", () => {
  // The rest of the chunk has nine values.
  const many = (count: number, content = "", of: unknown = 1) =>
    data(choice({ content }, null, { ids: Array(count).fill(of) }));
  const fits = MAX_PROVIDER_EVENT_VALUES - 9;
  const tooMany = `The provider sent an event of more than ${MAX_PROVIDER_EVENT_VALUES} values, the limit`;
  const a = data(said("a"));
  assert.deepEqual(readAll([many(fits, "A") + a + END]), { said: "Aa", end: "stop", skips: 0 });
  assert.deepEqual(readAll([many(2 * fits) + many(2 * fits) + a + END]), { said: "a", end: "stop", skips: 1 });
  assert.deepEqual(readAll([a + many(2 * fits, "A") + END]), { said: "a", end: tooMany, skips: 0 });
  assert.deepEqual(readAll([a + data({ choices: Array(50_000).fill({}) }) + END]), {
    said: "a",
    end: "stop",
    skips: 1,
  });
  // Text has any number of commas, brackets and quotes.
  const text = '{[,"\\'.repeat(20_000);
  assert.deepEqual(readAll([data(said(text)) + END]), { said: text, end: "stop", skips: 0 });
});

Deno.test("of a chunk the first eight choices are looked at", () => {
  const at = (place: number) => {
    const others = Array.from({ length: place }, (_, index) => ({ index: index + 1, delta: { content: "b" } }));
    return data({ choices: [...others, { index: 0, delta: { content: "a" } }] });
  };
  assert.equal(readAll([at(0) + at(7) + END]).said, "aa");
  assert.equal(readAll([at(0) + at(8) + END]).said, "a");
});

Deno.test("a hundred events may be broken JSON, and any number of them no JSON at all", () => {
  const broken = "data: {\n\n";
  const message = "The provider sent more than 100 events that are broken JSON";
  assert.deepEqual(readAll([broken.repeat(100) + data(said("a")) + END]), { said: "a", end: "stop", skips: 0 });
  assert.deepEqual(readAll([data(said("a")) + broken.repeat(101) + END]).end, message);
  assert.deepEqual(readAll([END + broken.repeat(101) + data(said("a"))]).end, "stop");
  const pings = "data: ping\n\ndata:\n\n: ping\n\n".repeat(10_000);
  assert.deepEqual(readAll([pings + data(said("a")) + END]), { said: "a", end: "stop", skips: 0 });
});

Deno.test("of an event without blank lines between its chunks a thousand lines are read", () => {
  const lines = (count: number) =>
    `${Array(count).fill('data: {"id":1} ').join("\n")}\ndata: ${JSON.stringify(said("a"))}\n\n`;
  assert.equal(readAll([lines(999) + END]).said, "a");
  assert.equal(readAll([lines(1_000) + END]).said, "");
});

Deno.test("an answer has at most so many bytes, and each line counts for 64 more", () => {
  const message =
    `The provider sent more than ${MAX_PROVIDER_ANSWER_BYTES} bytes, the limit; a line counts for 64 more`;
  const cases: [read: string, weight: number][] = [
    [`:${"x".repeat(65_534)}\n`, 65_536 + 64],
    [":\n".repeat(100_000), 100_000 * 66],
    ["data: {}\n\n".repeat(50_000), 50_000 * (10 + 128)],
  ];
  for (const [read, weight] of cases) {
    const answer = createAnswerReader(CHAT_COMPLETIONS, OPTIONS, () => {});
    const part = bytes(read);
    let reads = 0;
    assert.throws(() => {
      for (;; reads++) answer.push(part);
    }, new RelayError("provider_bad_response", message));
    // The lines of a read count with the next one.
    assert.ok(Math.abs(reads - MAX_PROVIDER_ANSWER_BYTES / weight) <= 1, String(reads));
  }
  const answer = createAnswerReader(CHAT_COMPLETIONS, OPTIONS, () => {});
  answer.push(bytes(END));
  const part = bytes(cases[0][0]);
  for (let sent = 0; sent <= MAX_PROVIDER_ANSWER_BYTES; sent += part.length) answer.push(part);
  assert.equal(answer.isDone(), true, "A complete answer ends there");
  answer.finish();
  assert.equal(answer.end().finishReason, "stop");
});

Deno.test("a body of JSON has a limit of its own", () => {
  const body = (length: number) => {
    const whole = (content: string) => JSON.stringify({ choices: [{ message: { content }, finish_reason: "stop" }] });
    return whole("x".repeat(length - whole("").length));
  };
  const message = `The provider sent a line of more than ${MAX_PROVIDER_JSON_BYTES} bytes, the limit`;
  assert.equal(readAll([body(MAX_PROVIDER_JSON_BYTES)]).end, "stop");
  assert.equal(readAll([body(MAX_PROVIDER_JSON_BYTES + 1)]).end, message);
  const pretty = body(MAX_PROVIDER_JSON_BYTES + 100).replaceAll(",", "\n,");
  assert.equal(readAll([pretty]).end, message);
  const many = JSON.stringify({
    choices: [{ message: { content: "a" }, finish_reason: "stop" }],
    ids: Array(10_000).fill(1),
  });
  assert.match(String(readAll([many]).end), /more than 10000 values/);
});

Deno.test("white space that a tag may follow is held back up to a thousand characters", () => {
  const blank = data(said(" ".repeat(500)));
  let came = 0;
  const answer = createAnswerReader(
    CHAT_COMPLETIONS,
    OPTIONS,
    (deltas) => came += deltas.map(({ text }) => text).join("").length,
  );
  answer.push(bytes(blank + blank));
  assert.equal(came, 0);
  answer.push(bytes(blank));
  assert.equal(came, 1_500);
  const thinking = readAll([data(said("<think>")), ...Array<string>(3).fill(blank)]);
  assert.equal(thinking.said, `<${" ".repeat(1_500)}>`);
});

Deno.test("a key in a finish reason or a content type is not quoted", () => {
  assert.equal(readAll([data(choice({}, "stop-sk-SECRET"))]).end, "stop-[key]");
  const broken = 'The provider ended with the finish reason "error"';
  assert.equal(readAll([data(choice({}, "error"))]).end, broken);
  assert.match(readAll(["<html>"], "text/html-sk-secret").end, /answered with "text\/html-\[key\]"/);
});
