import assert from "node:assert/strict";
import { type ChunkTemplate, learnTemplate } from "./fast_path.ts";

const DONE = `"logprobs":null,"finish_reason":null}]}\n\n`;

/** The event of a chunk whose text is what stands between the quotes. */
const event = (inner: string) => `data: {"id":"1","choices":[{"index":0,"delta":{"content":"${inner}"},${DONE}`;

/** With the padding that hides how long the text is. */
const padded = (inner: string, padding: string) => event(inner).replace("}\n\n", `,"obfuscation":"${padding}"}\n\n`);

/** Where the events end that match, and their text; -1 where none does. */
function matches(pattern: string, text: string, from = 0): [number, string] {
  const [end, value] = readWith(learnTemplate(pattern, "content")!, text, from);
  return [end === from ? -1 : end, value];
}

/** Where the events end that match, and their text. */
function readWith(template: ChunkTemplate, text: string, from = 0): [number, string] {
  const value = template.read(text, from);
  return [template.end, value];
}

Deno.test("a chunk with another text matches whole, and its text is read as JSON reads it", () => {
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
  for (const text of texts) {
    const next = event(JSON.stringify(text).slice(1, -1));
    assert.deepEqual(matches(event("Once"), next), [next.length, text]);
  }
  const half = event("\\ud83d");
  assert.deepEqual(matches(event("a"), half), [half.length, "\ud83d"]);
});

Deno.test("chunks match from where they begin, as many as follow each other, and what follows is left", () => {
  const text = `: hello\n${event("b")}${event("\\n")}${event("c")}`;
  const from = text.indexOf("data:");
  assert.deepEqual(matches(event("a"), text, from), [text.length, "b\nc"]);
  assert.deepEqual(matches(event("a"), text), [-1, ""]);
  const two = event("b") + event("c");
  for (
    const rest of [event("\\x"), event("d").slice(0, -1), event("d").replace("1", "2"), event(""), "data: ", ": x\n"]
  ) {
    assert.deepEqual(matches(event("a"), two + rest), [two.length, "bc"], rest);
  }
  // A control character is looked for in many texts at once, and what is before it still matches.
  for (const [before, value] of [[two, "bc"], [two + event('\\"') + two, 'bc"bc']]) {
    for (const after of ["", two, event("\\n")]) {
      assert.deepEqual(matches(event("a"), before + event("a\tb") + after), [before.length, value]);
    }
  }
  const three = padded("b", "x") + padded("c", "yz") + padded("d", "");
  assert.deepEqual(matches(padded("a", ""), three + padded("e", "\\n") + padded("f", "")), [three.length, "bcd"]);
});

Deno.test("a chunk that differs in anything else, or that JSON would refuse, does not match", () => {
  const b = event("b");
  const changes = [[`"id":"1"`, `"id":"2"`], [`reason":null`, `reason":"stop"`], [`"}`, `","refusal":"no"}`]];
  const ends = [["data: ", "data:"], ["\n\n", "\r\n\r\n"]];
  const others = [...changes, ...ends].map(([from, to]) => b.replace(from, to));
  const broken = ["\\x", "\\u12", "a\tb", "a\u0001", "\\", "a\\"].map(event);
  for (
    const other of [
      ...others,
      ...broken,
      event(""),
      b.slice(0, -1),
      b.slice(0, 70),
      padded("b", "x"),
      "",
      "data: [DONE]\n\n",
    ]
  ) {
    assert.deepEqual(matches(event("a"), other), [-1, ""], other);
  }
});

Deno.test("the padding may be any, as long as it is plain; of two paddings both must stay as they are", () => {
  for (const padding of ["", "z", "aB3dE"]) {
    const next = padded("b", padding);
    assert.deepEqual(matches(padded("a", "xyz"), next), [next.length, "b"]);
  }
  const others = ["\\n", "\\", "a\tb", "a\nb"].map((padding) => padded("b", padding));
  for (const other of [...others, event("b")]) assert.deepEqual(matches(padded("a", "xyz"), other), [-1, ""]);
  const twice = (text: string, padding: string) =>
    padded(text, padding).replace(`id":"1"`, `obfuscation":"${padding}"`);
  assert.deepEqual(matches(twice("a", "x"), twice("b", "x")), [twice("b", "x").length, "b"]);
  assert.deepEqual(matches(twice("a", "x"), twice("b", "y")), [-1, ""]);
});

Deno.test("every end of lines and every spacing makes a template of its own", () => {
  for (const end of ["\n\n", "\r\n\r\n", "\r\r"]) {
    const spaced = (text: string) => `data:{ "choices" : [ {"delta": {"content" : "${text}"}} ] }${end}`;
    assert.deepEqual(matches(spaced("a"), spaced("b")), [spaced("b").length, "b"]);
  }
});

Deno.test("no template is made where the field cannot be found for sure", () => {
  const unsure = [
    event("a").replace(`"id":"1"`, `"id":"content"`),
    event("a").replace(`"id":"1"`, `"content":"1"`),
    event("a\\n"),
    event("a").replace(`"id":"1"`, `"id":"\\u0031"`),
    event("a").replace(`"content":"a"`, `"content":null`),
    `data: {"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n`,
    `: hello\n${event("a")}`,
  ];
  for (const pattern of unsure) assert.equal(learnTemplate(pattern, "content"), null, pattern);
  assert.equal(learnTemplate(event("a"), "reasoning"), null);
});

Deno.test("a name before the data, and a number that each event has anew, before its text or behind it", () => {
  const named = (text: string, number: unknown, rest = "") =>
    `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":${number},` +
    `"item_id":"msg_1","delta":"${text}","logprobs":[],"obfuscation":"${"x".repeat(text.length)}"${rest}}\n\n`;
  const behind = (text: string, number: unknown) =>
    `event: x\ndata: {"delta": "${text}", "item_id": "msg_1", "sequence_number": ${number}}\n\n`;
  for (const write of [named, behind]) {
    const template = learnTemplate(write("a", 9), "delta")!;
    const read = (text: string) => readWith(template, text);
    const three = write("b", 10) + write("\\n", 11) + write("c", 1234);
    assert.deepEqual(read(three + write("d", 12).slice(0, -1)), [three.length, "b\nc"]);
    for (const other of ["-1", "", "1.5", '"10"', "null"]) assert.deepEqual(read(write("b", other)), [0, ""], other);
  }
  assert.deepEqual(readWith(learnTemplate(named("a", 1), "delta")!, named("b", 2, `,"x":1`)), [0, ""]);
  // The number of another event's is no hole where there are two of them.
  const twice = (number: number) => named("a", number, `,"response":{"sequence_number":${number}}`);
  assert.deepEqual(readWith(learnTemplate(twice(1), "delta")!, twice(2)), [0, ""]);
});
