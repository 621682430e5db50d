import assert from "node:assert/strict";
import { learnTemplate } from "./fast_path.ts";

const DONE = `"logprobs":null,"finish_reason":null}]}\n\n`;

/** The event of a chunk whose text is what stands between the quotes. */
const event = (inner: string) => `data: {"id":"1","choices":[{"index":0,"delta":{"content":"${inner}"},${DONE}`;

/** With the padding that hides how long the text is. */
const padded = (inner: string, padding: string) => event(inner).replace("}\n\n", `,"obfuscation":"${padding}"}\n\n`);

function matches(pattern: string, text: string, from = 0): [number, string] {
  const template = learnTemplate(pattern, "content")!;
  const behind = template.match(text, from);
  return [behind, behind === -1 ? "" : template.value];
}

Deno.test("a chunk with another text is taken whole, and its text given", () => {
  for (const text of ["a", " upon a time", "", "é🐉", "a:b,c}]", "\u2028"]) {
    const next = event(text);
    assert.deepEqual(matches(event("Once"), next), [next.length, text]);
  }
});

Deno.test("a chunk is taken from where it begins, and what follows is left", () => {
  const text = `: hello\n${event("b")}${event("c")}`;
  const from = text.indexOf("data:");
  assert.deepEqual(matches(event("a"), text, from), [from + event("b").length, "b"]);
  assert.deepEqual(matches(event("a"), text), [-1, ""]);
});

Deno.test("escapes in the text are read as JSON reads them", () => {
  for (const text of ['"', '\\"', "\\", "\n", "\r\n", "\0", "\t", 'He said "no".']) {
    const inner = JSON.stringify(text).slice(1, -1);
    const next = event(inner);
    assert.deepEqual(matches(event("a"), next), [next.length, text]);
  }
  const half = event("\\ud83d");
  assert.deepEqual(matches(event("a"), half), [half.length, "\ud83d"]);
});

Deno.test("what JSON would refuse is not taken", () => {
  for (const inner of ["\\x", "\\u12", "a\tb", "a\u0001", "\\", "a\\"]) {
    assert.deepEqual(matches(event("a"), event(inner)), [-1, ""]);
  }
});

Deno.test("a chunk that differs in anything else is not taken", () => {
  const others = [
    event("b").replace(`"id":"1"`, `"id":"2"`),
    event("b").replace(`"finish_reason":null`, `"finish_reason":"stop"`),
    event("b").replace(`"}`, `","refusal":"no"}`),
    event("b").replace("data: ", "data:"),
    event("b").replace("\n\n", "\r\n\r\n"),
    event("b").slice(0, -1),
    event("b").slice(0, 70),
    padded("b", "x"),
    "",
    "data: [DONE]\n\n",
  ];
  for (const other of others) {
    assert.deepEqual(matches(event("a"), other), [-1, ""], other);
  }
});

Deno.test("the padding may be any, as long as it is plain", () => {
  for (const padding of ["", "z", "aB3dE"]) {
    const next = padded("b", padding);
    assert.deepEqual(matches(padded("a", "xyz"), next), [next.length, "b"]);
  }
  for (const padding of ["\\n", "\\", "a\tb", "a\nb"]) {
    assert.deepEqual(matches(padded("a", "xyz"), padded("b", padding)), [-1, ""]);
  }
  assert.deepEqual(matches(padded("a", "x"), event("b")), [-1, ""]);
});

Deno.test("every end of lines and every spacing makes a template of its own", () => {
  for (const end of ["\n\n", "\r\n\r\n", "\r\r"]) {
    const spaced = (text: string) => `data:{ "choices" : [ {"delta": {"content" : "${text}"}} ] }${end}`;
    assert.deepEqual(matches(spaced("a"), spaced("b")), [spaced("b").length, "b"]);
  }
});

Deno.test("no template is made where the field cannot be found for sure", () => {
  const unsure: [event: string, field: string][] = [
    [event("a"), "reasoning"],
    [event("a").replace(`"id":"1"`, `"id":"content"`), "content"],
    [event("a").replace(`"id":"1"`, `"content":"1"`), "content"],
    [event("a\\n"), "content"],
    [event("a").replace(`"id":"1"`, `"id":"\\u0031"`), "content"],
    [event("a").replace(`"content":"a"`, `"content":null`), "content"],
    [`data: {"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n`, "content"],
    [`: hello\n${event("a")}`, "content"],
  ];
  for (const [pattern, field] of unsure) {
    assert.equal(learnTemplate(pattern, field), null, pattern);
  }
});

Deno.test("of two paddings none is one, so that both must stay as they are", () => {
  const twice = (text: string, padding: string) =>
    padded(text, padding).replace(`"id":"1"`, `"obfuscation":"${padding}"`);
  assert.deepEqual(matches(twice("a", "x"), twice("b", "x")), [twice("b", "x").length, "b"]);
  assert.deepEqual(matches(twice("a", "x"), twice("b", "y")), [-1, ""]);
});
