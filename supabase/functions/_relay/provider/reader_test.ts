import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import { RelayError } from "../protocol/errors.ts";
import {
  MAX_PROVIDER_ANSWER_BYTES,
  MAX_PROVIDER_EVENT_VALUES,
  MAX_PROVIDER_JSON_BYTES,
  MAX_PROVIDER_LINE_BYTES,
} from "../protocol/limits.ts";
import { makeRandom, splitRandomly } from "../testing/split.ts";
import { APIS } from "./client.ts";
import { MAX_GIVEN_UNITS } from "./deltas.ts";
import type { ApiName, Delta, ProviderEnd } from "./provider.ts";
import { createAnswerReader } from "./reader.ts";
import { secretsOf } from "./redact.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const OPTIONS = {
  secrets: secretsOf("sk-secret", {}),
  thinksFirst: false,
  contentType: "text/event-stream",
  onSkippedLine: () => assert.fail("No line is skipped"),
};

/** A reader of chat completions. */
const reader = (onRead: (deltas: Delta[]) => void = () => {}, options = {}) =>
  createAnswerReader(APIS.chat_completions, { ...OPTIONS, ...options }, onRead);

function endOf(read: () => ProviderEnd): ProviderEnd | string {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof RelayError);
    return error.message;
  }
}

/** What came of an answer: its deltas, how it ended or what it was refused for, how often a skip was reported and a chunk parsed. */
function read(reads: Iterable<Uint8Array>, api: ApiName = "chat_completions") {
  const deltas: Delta[] = [];
  let [skips, parsed] = [0, 0];
  const options = { ...OPTIONS, onSkippedLine: () => skips++ };
  const answer = createAnswerReader(APIS[api], options, (more) => deltas.push(...more));
  const { parse } = JSON;
  JSON.parse = (...args) => {
    // A single text is parsed where it has escapes.
    if (/^\s*[{[]/.test(args[0])) parsed++;
    return parse(...args);
  };
  try {
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
    return { deltas: joined(deltas), end, skips, parsed };
  } finally {
    JSON.parse = parse;
  }
}

/** The same by the plain way: another event stream parser, and JSON.parse for each event. */
function oracle(stream: string, api: ApiName = "chat_completions") {
  const chunks = APIS[api].createChunkReader(OPTIONS);
  const end = endOf(() => {
    createParser({ onEvent: ({ data }) => chunks.read(data) }).feed(stream);
    return chunks.end();
  });
  return { deltas: joined(chunks.take()), end, skips: 0 };
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

const saidBy = (deltas: Delta[], kind: Delta["kind"] = "text") =>
  deltas.filter((delta) => delta.kind === kind).map(({ text }) => text).join("");

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

Deno.test("answers made by chance are read as by parsing each chunk, wherever their bytes are cut", () => {
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
    const splits = Array.from({ length: 4 }, () => splitRandomly(encoded, random));
    for (const reads of [[encoded], ...splits]) {
      const { parsed: _, ...found } = read(reads);
      assert.deepEqual(found, wanted, JSON.stringify(whole));
    }
  }
});

/** The event of a chunk whose text is what stands between the quotes. */
const event = (inner: string) =>
  `data: {"id":"1","choices":[{"index":0,"delta":{"content":"${inner}"},"logprobs":null,"finish_reason":null}]}\n\n`;

/** With the padding that hides how long the text is. */
const padded = (inner: string, padding: string) => event(inner).replace("}\n\n", `,"obfuscation":"${padding}"}\n\n`);

/** How many chunks of what follows an event are parsed; they are read as by parsing each. */
function parsedAfter(first: string, ...next: string[]): number {
  return parsedIn([first, ...next, `data: ${finish}\n\n`].join("")) - 2;
}

function parsedIn(stream: string, api?: ApiName): number {
  const { parsed, ...found } = read([bytes(stream)], api);
  assert.deepEqual(found, oracle(stream, api), stream);
  return parsed;
}

Deno.test("a chunk that differs from an earlier one in its text alone is not parsed, whatever the text and the spacing", () => {
  const texts = [
    "a",
    " upon a time",
    "é🐉",
    "a:b,c}]",
    "\u2028",
    '"',
    '\\"',
    "\\",
    "\n",
    "\r\n",
    "\0",
    "\t",
    'Said "no".',
  ];
  const quoted = texts.map((text) => JSON.stringify(text).slice(1, -1));
  for (const inner of [...quoted, "\\ud83d", ...quoted.map((text) => `${text}\\\\`)]) {
    assert.equal(parsedAfter(event("Once"), event("b"), event(inner), event("c")), 0, inner);
  }
  for (const padding of ["", "z", "aB3dE"]) {
    assert.equal(parsedAfter(padded("a", "xyz"), padded("b", padding), padded("c", "yz")), 0, padding);
  }
  for (const end of ["\n\n", "\r\n\r\n", "\r\r"]) {
    const loose = (text: string) => `data:{ "choices" : [ {"delta": {"content" : "${text}"}} ] }${end}`;
    assert.equal(parsedAfter(loose("a"), loose("b"), loose("c")), 0, JSON.stringify(end));
  }
});

Deno.test("a chunk that differs in anything else, or that JSON would refuse, is parsed, and what is before it is read", () => {
  const b = event("b");
  const changes = [[`"id":"1"`, `"id":"2"`], [`reason":null`, `reason":"stop"`], [`"}`, `","refusal":"no"}`]];
  const ends = [["data: ", "data:"], ["\n\n", "\r\n\r\n"]];
  const others = [
    ...[...changes, ...ends].map(([from, to]) => b.replace(from, to)),
    ...["\\x", "\\u12", "a\tb", "a\u0001", "\\", "a\\", ""].map(event),
    ...["x", "a\tb", "\\n"].map((padding) => padded("b", padding)),
  ];
  for (const other of others) {
    for (const before of [[], [b], [b, event('\\"'), b]]) {
      assert.equal(parsedAfter(event("a"), ...before, other), 1, other);
      for (const after of [b, event("\\n")]) {
        for (const comment of ["", ": hello\n"]) {
          assert.ok(parsedAfter(event("a"), ...before, comment + other, after) >= 1, other);
        }
      }
    }
  }
  // What is cut off makes one event with the next.
  for (const length of [b.length - 1, 70]) parsedAfter(event("a"), b, b.slice(0, length));
  const between = padded("b", "y").replace(`logprobs":null`, `logprobs":true`);
  assert.equal(parsedAfter(padded("a", "x"), between), 1);
  for (const padding of ["\\n", "\\", "a\tb", "a\nb"]) {
    assert.ok(parsedAfter(padded("a", "xyz"), padded("b", padding), padded("c", "")) >= 1, padding);
  }
});

Deno.test("where it is not certain which field has the text, chunks are read as by parsing them", () => {
  const changed = (from: string, to: string) => (text: string, other: string) =>
    event(text).replace(from, to.replace("?", other));
  const unsure = [
    changed(`"id":"1"`, `"id":"content","x":"?"`),
    changed(`"id":"1"`, `"content":"?"`),
    changed(`"id":"1"`, `"id":"\\u003?"`),
    changed(`"},"logprobs"`, `","\\u0063ontent":"?"},"logprobs"`),
    changed(`"id":"1"`, `"obfuscation":"?","x":"obfuscation"`),
    changed("data: {", `data: {"y":"?",\ndata: `),
  ];
  for (const write of unsure) parsedAfter(write("a", "1"), write("b", "2"), write("c", "2"), write("c", "1"));
  const twice = (text: string, padding: string) =>
    padded(text, padding).replace(`id":"1"`, `obfuscation":"${padding}"`);
  assert.equal(parsedAfter(twice("a", "x"), twice("b", "x"), twice("b", "y")), 1);
});

const text = (content: string) => chunk({ content });

Deno.test("where the field of earlier chunks is empty, another one has the text", () => {
  const events = ["a", "b", ""].map((content) => chunk({ content, refusal: "no" }));
  assert.deepEqual(read([bytes(stream([...events, finish]))]).deltas, [{ kind: "text", text: "abno" }]);
});

Deno.test("lists within lists are no chunk, however deep", () => {
  const lists = "[".repeat(9_999) + "]".repeat(9_999);
  const message = "The provider sent an event that is not a chat completion chunk";
  assert.equal(read([bytes(stream([lists]))]).end, message);
});

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (type: string, fields: object) => `event: ${type}\n${data({ type, ...fields })}`;
const block = (type: string, field: string) => (text: string) =>
  named("content_block_delta", { index: 0, delta: { type, [field]: text } });
const part = (thought: boolean) => (text: string) =>
  data({
    candidates: [{ content: { parts: [{ text, ...(thought && { thought }) }] } }],
    usageMetadata: { totalTokenCount: 3 },
  });
let sequence_number = 0;
const response = (kind: string) => (delta: string) =>
  named(`response.${kind}.delta`, {
    ...{ sequence_number: sequence_number++, item_id: "msg_1", output_index: 0, content_index: 0, delta },
    obfuscation: "x".repeat(delta.length % 7),
  });
const whole = (kind: string, response: object) => named(`response.${kind}`, { response });

/** How each API says what is thought and what is said, its end, and how many chunks of such an answer are parsed at most. */
const ALIKE: [
  api: ApiName,
  thinks: (text: string) => string,
  says: (text: string) => string,
  end: string,
  most: number,
][] = [
  [
    "chat_completions",
    (reasoning_content) => `data: ${chunk({ content: null, reasoning_content })}\n\n`,
    (content) => `data: ${chunk({ content })}\n\n`,
    `data: ${finish}\n\n`,
    3,
  ],
  [
    "chat_completions",
    (reasoning) => `data: ${chunk({ content: "", reasoning })}\n\n`,
    (refusal) => `data: ${chunk({ refusal })}\n\n`,
    `data: ${finish}\n\n`,
    3,
  ],
  [
    "anthropic_messages",
    block("thinking_delta", "thinking"),
    block("text_delta", "text"),
    named("message_delta", { delta: { stop_reason: "end_turn" } }) + named("message_stop", {}),
    4,
  ],
  ["openai_responses", response("reasoning_text"), response("output_text"), whole("completed", { output: [] }), 3],
  // The second one, too, whose counts are not new.
  ["gemini", part(true), part(false), data({ candidates: [{ finishReason: "STOP" }] }), 5],
];

Deno.test("chunks that are alike are parsed once, also over several reads", () => {
  const words = Array.from({ length: 50 }, (_, index) => ` word ${index}`);
  for (const [api, thinks, says, end, most] of ALIKE) {
    const events = [...words.map(thinks), ...words.map(says), end].map(bytes);
    const middle = Math.ceil(events.length * 3 / 4);
    const joint = (some: Uint8Array[]) => new Uint8Array(some.flatMap((event) => [...event]));
    const { deltas, parsed } = read([joint(events.slice(0, middle)), joint(events.slice(middle))], api);
    assert.deepEqual([saidBy(deltas, "reasoning"), saidBy(deltas)], [words.join(""), words.join("")], api);
    assert.ok(parsed <= most, `${api}: ${parsed}`);
  }
});

Deno.test("the number of an event may be another one, before its text or behind it, if it is one number", () => {
  const type = "response.output_text.delta";
  const before = (text: string, number: unknown, rest = "") =>
    `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},"item_id":"msg_1","delta":"${text}",` +
    `"obfuscation":"${"x".repeat(text.length)}"${rest}}\n\n`;
  const behind = (text: string, number: unknown) =>
    `event: ${type}\ndata: {"type": "${type}", "delta": "${text}", "item_id": "msg_1", "sequence_number": ${number}}\n\n`;
  const parsedOf = (...events: string[]) =>
    parsedIn(events.join("") + whole("completed", { output: [] }), "openai_responses") - 2;
  for (const write of [before, behind]) {
    assert.equal(parsedOf(write("a", 9), write("b", 10), write("\\n", 11), write("c", 1234)), 0);
    for (const other of ["-1", "", "1.5", '"10"', "null"]) {
      assert.equal(parsedOf(write("a", 9), write("b", other)), 1);
      parsedOf(write("a", other), write("b", other), write("c", other));
    }
  }
  assert.equal(parsedOf(before("a", 1), before("b", 2, `,"x":1`)), 1);
  const twice = (number: number) => before("a", number, `,"response":{"sequence_number":${number}}`);
  assert.equal(parsedOf(twice(1), twice(2)), 1);
});

Deno.test("a body of JSON in one line, or in a line for each chunk, is parsed once", () => {
  const body = { object: "chat.completion", choices: [{ message: { content: "Once" }, finish_reason: "stop" }] };
  const lines = ["On", "ce"].map((content, index) => ({
    choices: [{ delta: { content }, finish_reason: index === 1 ? "stop" : null }],
  }));
  for (const list of [[body], lines]) {
    const { deltas, parsed } = read([bytes(list.map((chunk) => JSON.stringify(chunk)).join("\n"))]);
    assert.deepEqual([deltas, parsed], [[{ kind: "text", text: "Once" }], list.length]);
  }
});

Deno.test("a read is one call, also with what was good before an error", () => {
  const calls: Delta[][] = [];
  const answer = reader((deltas) => calls.push(deltas));
  answer.push(bytes(`data: ${text("a")}\n\ndata: ${text("b")}\n\ndata: ${text("c")}`));
  answer.push(bytes(`\n\n: nothing\n\n`));
  answer.push(bytes(`: nothing\n\n`));
  assert.throws(() => answer.push(bytes(`data: ${text("d")}\n\ndata: {"error": "no"}\n\n`)), RelayError);
  assert.deepEqual(calls, [...["ab", "c"].map((text) => [{ kind: "text", text }]), [], [{ kind: "text", text: "d" }]]);
});

Deno.test("what is much is given in parts, with no pair and no CR LF cut, and an error behind it comes last", () => {
  const long = "\r\n🐉\r".repeat(20_000);
  for (const error of ["", `data: {"error": "no"}\n\n`]) {
    const calls: Delta[][] = [];
    const answer = reader((deltas) => calls.push(deltas));
    answer.push(bytes(`data: ${text("a")}\n\n`));
    // Like the event before it, so it is not parsed.
    answer.push(bytes(`data: ${text(long)}\n\n${error}`));
    assert.equal(calls.length, 2);
    const giveAll = () => {
      while (answer.hasMore()) answer.giveMore();
    };
    if (error === "") giveAll();
    else assert.throws(giveAll, RelayError);
    const given = calls.map((deltas) => saidBy(deltas));
    assert.equal(given.join(""), `a${"\n🐉\n".repeat(20_000)}`);
    assert.ok(given.length >= long.length / MAX_GIVEN_UNITS);
    assert.ok(given.every((text) => text.length <= MAX_GIVEN_UNITS && text.isWellFormed()));
  }
});

Deno.test("a body of JSON, and a text that may have been reasoning, are given in parts at their end, however they end", () => {
  const long = "\n".repeat(3 * MAX_GIVEN_UNITS);
  const body = JSON.stringify({ choices: [{ message: { content: long }, finish_reason: "stop" }] });
  const event = `data: ${text(long)}\n\n`;
  for (
    const [sent, end] of [[body, "stop"], [`${event}data: [DONE]\n\n`, "stop"], [event, "without a finish reason"]]
  ) {
    const calls: Delta[][] = [];
    const answer = reader((deltas) => deltas.length > 0 && calls.push(deltas), { thinksFirst: true });
    answer.push(bytes(sent));
    answer.finish();
    const before = calls.length;
    const ended = endOf(() => {
      while (answer.hasMore()) answer.giveMore();
      return answer.end();
    });
    assert.ok(JSON.stringify(ended).includes(end));
    const last = calls.slice(before).map((deltas) => saidBy(deltas));
    assert.equal(last.join(""), long);
    assert.ok(last.every((text) => text.length <= MAX_GIVEN_UNITS));
  }
});

/** A chunk of one choice. */
const choice = (delta: unknown, rest: Record<string, unknown> = {}) =>
  data({ choices: [{ index: 0, delta }], ...rest });
const says = (content: string) => choice({ content });
const END = data({ choices: [{ delta: {}, finish_reason: "stop" }] });

/** What was said, the end, and how often a skip was reported. */
function outcome(...parts: string[]) {
  const { deltas, end, skips } = read(parts.map(bytes));
  return { said: saidBy(deltas), end: typeof end === "string" ? end : end.finishReason, skips };
}

Deno.test("a chunk that is like an earlier one has the same line limit", () => {
  const message = `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`;
  assert.equal(outcome(says("a"), says("a".repeat(MAX_PROVIDER_LINE_BYTES)), END).end, message);
});

Deno.test("an event has at most so many values: more are skipped without text, and refused with it", () => {
  // The rest of the chunk has eight values.
  const many = (count: number, content = "") => choice({ content }, { ids: Array(count).fill(1) });
  const fits = MAX_PROVIDER_EVENT_VALUES - 8;
  const tooMany = `The provider sent an event of more than ${MAX_PROVIDER_EVENT_VALUES} values, the limit`;
  assert.deepEqual(outcome(many(fits, "A") + says("a") + END), { said: "Aa", end: "stop", skips: 0 });
  assert.deepEqual(outcome(many(2 * fits) + many(2 * fits) + says("a") + END), { said: "a", end: "stop", skips: 1 });
  assert.deepEqual(outcome(says("a") + many(2 * fits, "A") + END), { said: "a", end: tooMany, skips: 0 });
  const empty = data({ choices: Array(50_000).fill({}) });
  assert.deepEqual(outcome(says("a") + empty + END), { said: "a", end: "stop", skips: 1 });
  // Text has any number of commas, brackets and quotes.
  const text = '{[,"\\'.repeat(20_000);
  assert.deepEqual(outcome(says(text) + END), { said: text, end: "stop", skips: 0 });
});

Deno.test("of a chunk the first eight choices are looked at", () => {
  const at = (place: number) => {
    const others = Array.from({ length: place }, (_, index) => ({ index: index + 1, delta: { content: "b" } }));
    return data({ choices: [...others, { index: 0, delta: { content: "a" } }] });
  };
  assert.equal(outcome(at(0) + at(7) + END).said, "aa");
  assert.equal(outcome(at(0) + at(8) + END).said, "a");
});

Deno.test("a hundred events may be broken JSON, and any number of them no JSON at all", () => {
  const broken = "data: {\n\n";
  const message = "The provider sent more than 100 events that are broken JSON";
  assert.deepEqual(outcome(broken.repeat(100) + says("a") + END), { said: "a", end: "stop", skips: 0 });
  assert.deepEqual(outcome(says("a") + broken.repeat(101) + END).end, message);
  assert.deepEqual(outcome(END + broken.repeat(101) + says("a")).end, "stop");
  const pings = "data: ping\n\ndata:\n\n: ping\n\n".repeat(10_000);
  assert.deepEqual(outcome(pings + says("a") + END), { said: "a", end: "stop", skips: 0 });
});

Deno.test("of an event without blank lines between its chunks a thousand lines are read", () => {
  const lines = (count: number) => `${'data: {"id":1} \n'.repeat(count)}${says("a")}`;
  assert.equal(outcome(lines(999) + END).said, "a");
  assert.equal(outcome(lines(1_000) + END).said, "");
});

Deno.test("an answer has at most so many bytes, and each line counts for 64 more", () => {
  const message =
    `The provider sent more than ${MAX_PROVIDER_ANSWER_BYTES} bytes, the limit; a line counts for 64 more`;
  const long = bytes(`:${"x".repeat(262_142)}\n`);
  const cases: [read: Uint8Array, weight: number][] = [
    [long, 262_144 + 64],
    [bytes(":\n".repeat(100_000)), 100_000 * 66],
  ];
  for (const [part, weight] of cases) {
    const answer = reader();
    let reads = 0;
    assert.throws(() => {
      for (;; reads++) answer.push(part);
    }, new RelayError("provider_bad_response", message));
    // The lines of a read count with the next one.
    assert.ok(Math.abs(reads - MAX_PROVIDER_ANSWER_BYTES / weight) <= 1, String(reads));
  }
  const answer = reader();
  answer.push(bytes(END));
  for (let sent = 0; sent <= MAX_PROVIDER_ANSWER_BYTES; sent += long.length) answer.push(long);
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
  assert.equal(outcome(body(MAX_PROVIDER_JSON_BYTES)).end, "stop");
  assert.equal(outcome(body(MAX_PROVIDER_JSON_BYTES + 1)).end, message);
  assert.equal(outcome(body(MAX_PROVIDER_JSON_BYTES + 100).replaceAll(",", "\n,")).end, message);
  const ids = Array(10_000).fill(1);
  const many = JSON.stringify({ choices: [{ message: { content: "a" }, finish_reason: "stop" }], ids });
  assert.match(String(outcome(many).end), /more than 10000 values/);
});

Deno.test("white space that a tag may follow is held back up to a thousand characters", () => {
  const blank = says(" ".repeat(500));
  let came = 0;
  const answer = reader((deltas) => came += saidBy(deltas).length);
  answer.push(bytes(blank + blank));
  assert.equal(came, 0);
  answer.push(bytes(blank));
  assert.equal(came, 1_500);
  const { deltas } = read([says("<think>"), blank, blank, blank].map(bytes));
  assert.deepEqual(deltas, [{ kind: "reasoning", text: " ".repeat(1_500) }]);
});

Deno.test("a whole text that OpenAI's Responses repeat in four events may be longer than any line, a delta may not", () => {
  const text = 'Once "more". \u00e9\n'.repeat(30_000);
  assert.ok(text.length > MAX_PROVIDER_LINE_BYTES);
  const part = { type: "output_text", annotations: [], logprobs: [], text };
  const item = { id: "msg_1", type: "message", content: [part, { ...part, text: "More." }] };
  const usage = { input_tokens: 3, output_tokens: 5, output_tokens_details: { reasoning_tokens: 4 }, total_tokens: 8 };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const ends: [string, object, string][] = [
    ["completed", {}, "stop"],
    ["incomplete", { incomplete_details: { reason: "max_output_tokens" } }, "length"],
    ["incomplete", { incomplete_details: { reason: "content_filter" } }, "content_filter"],
  ];
  for (const [status, details, finishReason] of ends) {
    const body = bytes([
      ...text.match(/[^]{1,5000}/g)!.map(response("output_text")),
      response("output_text")("More."),
      named("response.output_text.done", { ...at, text, logprobs: [] }),
      named("response.content_part.done", { ...at, part }),
      named("response.output_item.done", { output_index: 0, item }),
      whole(status, { id: "r", status, ...details, output: [item], usage, metadata: {} }),
    ].join(""));
    for (const size of [Infinity, 65_536]) {
      const count = Math.max(Math.ceil(body.length / size), 1);
      const reads = Array.from({ length: count }, (_, at) => body.slice(at && at * size, (at + 1) * size));
      const { parsed: _, ...found } = read(reads, "openai_responses");
      assert.deepEqual(found, {
        deltas: [{ kind: "text", text: `${text}More.` }],
        end: { finishReason, usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8, reasoning_tokens: 4 } },
        // It is reported once.
        skips: 1,
      });
    }
  }
  const long = response("output_text")("x".repeat(MAX_PROVIDER_LINE_BYTES)) + whole("completed", {});
  assert.match(String(read([bytes(long)], "openai_responses").end), /a line of more than/);
});
