import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import { RelayError } from "../../protocol/errors.ts";
import { MAX_PROVIDER_LINE_BYTES } from "../../protocol/limits.ts";
import { makeRandom, splitEverywhere, splitRandomly } from "../../testing/split.ts";
import { createChunkReader } from "./chunks.ts";
import { createCompletionReader } from "./reader.ts";
import type { Delta, ProviderEnd } from "../provider.ts";

/** What came of an answer: its deltas, and how it ended or what it was refused for. */
interface Answer {
  deltas: Delta[];
  end: ProviderEnd | string;
}

const bytes = (text: string) => new TextEncoder().encode(text);

function endOf(read: () => ProviderEnd): Answer["end"] {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof RelayError);
    return error.message;
  }
}

function read(reads: Iterable<Uint8Array>): Answer {
  const completion = createCompletionReader(null);
  const deltas: Delta[] = [];
  const end = endOf(() => {
    for (const read of reads) {
      // The relay's reads come in a buffer that is written over by the next one.
      const buffer = read.slice();
      completion.push(buffer);
      buffer.fill(0x7b);
      deltas.push(...completion.take());
      if (completion.done) break;
    }
    return completion.end();
  });
  deltas.push(...completion.take());
  return { deltas: joined(deltas), end };
}

/** The same by the plain way: another event stream parser, and JSON.parse for each event. */
function oracle(stream: string): Answer {
  const chunks = createChunkReader(null);
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

const CASES: [name: string, stream: string][] = [
  [
    "OpenAI",
    stream([
      chunk({ role: "assistant", content: "" }),
      ...["Once", " upon", ' "a"', "\n\n", "time", "🐉é", ""].map(text),
      finish,
      chunk({}, { choices: [], usage: { prompt_tokens: 1 } }),
    ]),
  ],
  [
    "padding",
    stream([
      ..."Once|upon|a|time".split("|").map((word, place) =>
        chunk({ content: word }, { obfuscation: "xyz".slice(place) })
      ),
      finish,
    ]),
  ],
  [
    "reasoning, then text",
    stream([
      ...["Let", " me", " think"].map((reasoning_content) => chunk({ content: null, reasoning_content })),
      ...["A", "B"].map((content) => chunk({ content, reasoning_content: null })),
      finish,
    ]),
  ],
  [
    "spaces, as Python writes them, and CR LF",
    stream([...["a", "b", " c\r", "\nd"].map((content) => chunk({ content }, {}, spaced)), finish], "\r\n\r\n"),
  ],
  [
    "escapes, as PHP writes them, and no space",
    stream([..."aé🐉".split("").map((content) => chunk({ content }, {}, escaped)), finish], "\r\r", "data:"),
  ],
  ["an error amid the text", stream([text("a"), text("b"), `{"error":{"message":"no"}}`, text("c")])],
  ["what is no chunk", stream([text("a"), text("b"), "nonsense"])],
  [
    "an event of two lines, of which the second is like a chunk",
    stream([text("a"), text("b"), `x\ndata: ${text("c")}`, text("d")]),
  ],
  ["no end", stream([text("a"), text("b"), text("c")])],
  ["text behind the end", stream([text("a"), finish]) + `data: ${text("b")}\n\n`],
  [
    "comments and other fields",
    `: hello\n\nevent: x\ndata: ${text("a")}\n\n:\ndata: ${text("b")}\n\n` +
    `id: 1\ndata: ${text("c")}\nretry: 5\n\n` + stream([text("d"), finish]),
  ],
];

for (const [name, whole] of CASES) {
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
    () => ({ content: pick(words) }),
    () => ({ content: pick(words) }),
    () => ({ content: pick(words), reasoning: "" }),
    () => ({ reasoning_content: pick(words), content: null }),
    () => ({ reasoning: pick(words) }),
    () => ({ content: pick(words), reasoning_content: pick(words) }),
    () => ({ refusal: pick(words) }),
    () => ({ role: "assistant" }),
    () => ({ content: null }),
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

Deno.test("chunks that are alike are not parsed again", () => {
  const parse = JSON.parse;
  let parsed = 0;
  JSON.parse = (...args) => {
    parsed++;
    return parse(...args);
  };
  try {
    const words = Array.from({ length: 50 }, (_, place) => text(` ${place}`));
    const { deltas } = read([bytes(stream([...words, finish]))]);
    assert.equal(deltas[0].text.length, 140);
  } finally {
    JSON.parse = parse;
  }
  // The first one, and the one that finishes.
  assert.equal(parsed, 2);
});

Deno.test("what was good in a read is kept, also where the rest of it was not", () => {
  const completion = createCompletionReader(null);
  const whole = `data: ${text("a")}\n\ndata: ${text("b")}\n\ndata: no\n\n`;
  assert.throws(() => completion.push(bytes(whole)), RelayError);
  assert.deepEqual(completion.take(), [{ kind: "text", text: "ab" }]);
});

Deno.test("a chunk that is like another is bounded like any other line", () => {
  const completion = createCompletionReader(null);
  completion.push(bytes(`data: ${text("a")}\n\n`));
  const long = bytes(`data: ${text("a".repeat(MAX_PROVIDER_LINE_BYTES))}\n\n`);
  assert.throws(
    () => completion.push(long),
    new RelayError(
      "provider_bad_response",
      `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`,
    ),
  );
});
