import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import { makeRandom, makeText, splitEverywhere, splitRandomly } from "../testing/split.ts";
import { createLineDecoder } from "./lines.ts";
import { createEventParser, type OnData } from "./parse.ts";

const LIMIT_BYTES = 1024 * 1024;
const TOO_LONG = new RangeError("Too long");
const LIMIT = { bytes: LIMIT_BYTES, exceeded: () => TOO_LONG };

const bytes = (text: string) => new TextEncoder().encode(text);

/** Decoder and parser, one after the other. */
function makeReader(onData: OnData) {
  const decoder = createLineDecoder(LIMIT);
  const parser = createEventParser(onData, LIMIT);
  return {
    push(read: Uint8Array) {
      const text = decoder.decode(read);
      for (let at = 0; at < text.length;) at = parser.parse(text, at);
    },
    end: () => parser.end(decoder.end()),
  };
}

function parse(reads: Iterable<Uint8Array>): string[] {
  const data: string[] = [];
  const reader = makeReader((event) => data.push(event));
  for (const read of reads) reader.push(read);
  reader.end();
  return data;
}

/** What the streams that are made by chance below do not have, with the data of its events. */
const CASES: [name: string, stream: string, events: string[]][] = [
  ["nothing", "", []],
  ["a byte order mark", "\uFEFFdata: a\n\n", ["a"]],
  ["a second mark", "\uFEFFdata: \uFEFFa\n\n", ["\uFEFFa"]],
  ["a mark in the text", "data: \uFEFFa\n\n", ["\uFEFFa"]],
  ["comments", ": hello\n\n:\ndata: a\n: between\ndata: b\n\n", ["a\nb"]],
  ["other fields", "event: x\nid: 1\nretry: 5\ndata: a\n\nevent: y\n\n", ["a"]],
  ["no blank line at the end", "data: a\n\ndata: b\n", ["a", "b"]],
  ["no end of the last line", "data: a\n\ndata: b", ["a", "b"]],
  ["CR as the very last", "data: a\r", ["a"]],
  ["separators that end no line", "data: \u2028\u0085\n\n", ["\u2028\u0085"]],
];

for (const [name, stream, events] of CASES) {
  Deno.test(`the events are the same wherever the bytes are split: ${name}`, () => {
    for (const reads of splitEverywhere(bytes(stream))) assert.deepEqual(parse(reads), events);
  });
}

Deno.test("events are those that another parser finds, in streams made by chance", () => {
  const random = makeRandom(3);
  const parts = ["data", ":", " ", "\n", "\r", "\r\n", "a", "data: 🐉", "id: 1", "\n\n"];
  for (let round = 0; round < 1_000; round++) {
    // Two rules differ on purpose: a field without colon is left out, an event without blank line is not.
    const stream = makeText(parts, random(20), random).replaceAll(/(^|[\r\n])data(?=[\r\n]|$)/g, "$1other") + "\n\n";
    const wanted: string[] = [];
    createParser({ onEvent: ({ data }) => wanted.push(data) }).feed(stream);
    const whole = bytes(stream);
    for (let split = 0; split < 5; split++) {
      assert.deepEqual(parse(splitRandomly(whole, random)), wanted, JSON.stringify(stream));
    }
  }
});

Deno.test("an event is given with the read that ends it", () => {
  for (const end of ["\n\n", "\r\r", "\r\n\r\n"]) {
    const data: string[] = [];
    const reader = makeReader((event) => data.push(event));
    reader.push(bytes(`data: a${end}`));
    assert.deepEqual(data, ["a"], JSON.stringify(end));
    reader.push(bytes(`data: b${end}data: c`));
    assert.deepEqual(data, ["a", "b"], JSON.stringify(end));
  }
});

Deno.test("bytes that are no UTF-8 become U+FFFD", () => {
  const whole = new Uint8Array([...bytes("data: a"), 0xff, ...bytes("b\n\n")]);
  for (const reads of splitEverywhere(whole)) assert.deepEqual(parse(reads), ["a\uFFFDb"]);
  assert.deepEqual(parse([bytes("data: a"), new Uint8Array([0xf0, 0x9f])]), ["a\uFFFD"]);
});

/** A line of so many characters, in reads of so many bytes. */
function* lineOf(length: number, end: string, size: number) {
  const whole = bytes(`data: ${"x".repeat(length - 6)}${end}`);
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

Deno.test("a line of exactly the limit is read, and one above is refused, however it came", () => {
  for (const end of ["\n", "\r", "\r\n", ""]) {
    for (const size of [65_536, 1_000_003, 2_000_000]) {
      assert.equal(parse(lineOf(LIMIT_BYTES, end, size))[0].length, LIMIT_BYTES - 6);
      assert.throws(() => parse(lineOf(LIMIT_BYTES + 1, end, size)), TOO_LONG, JSON.stringify([end, size]));
    }
  }
});

Deno.test("a line that never ends is refused as soon as it reaches the limit, and so are the lines of one event", () => {
  const endless: [read: string, last: string][] = [
    ["x".repeat(65_536), "x"],
    [`data: ${"x".repeat(65_535)}\n`, "data:\ndata:\n"],
  ];
  for (const [read, last] of endless) {
    const reader = makeReader(() => assert.fail("There is no event"));
    for (let reads = 0; reads < 16; reads++) reader.push(bytes(read));
    assert.throws(() => reader.push(bytes(last)), TOO_LONG);
  }
});

Deno.test("comments have no bound but that of a line", () => {
  const reader = makeReader(() => assert.fail("There is no event"));
  const comment = bytes(`: ${"x".repeat(65_000)}\n`);
  for (let lines = 0; lines < 40; lines++) reader.push(comment);
});

Deno.test("an event that came in one read is given as it came, from its first data on, and no other", () => {
  const events: string[] = [];
  const reader = makeReader((_data, event) => events.push(event));
  reader.push(bytes("data: a\n\n: hm\ndata:b\r\n\r\nid: 1\ndata: c\n"));
  reader.push(bytes("\ndata: d\nid: 2\n\n"));
  reader.push(bytes("data: e"));
  reader.end();
  assert.deepEqual(events, ["data: a\n\n", "data:b\r\n\r\n", "", "data: d\nid: 2\n\n", ""]);
});

Deno.test("JSON over many lines without a field's name is one event, to the bracket in its first column", () => {
  const error = { error: { code: 503, message: "}", details: [{ a: 1 }] } };
  for (const value of [error, [error], [error, error]]) {
    const json = JSON.stringify(value, null, 2);
    for (const text of [json, json.replace("[\n  {", "[{").replace(/\n {2}\}\n\]$/, "\n}\n]")]) {
      for (const end of ["\n", "\r\n", ""]) {
        const whole = bytes(`data: a\n\n${text.replaceAll("\n", end || "\n")}${end}${end && `data: b${end}${end}`}`);
        for (const reads of splitEverywhere(whole)) {
          const [first, second, third] = parse(reads);
          assert.deepEqual([first, JSON.parse(second), third], ["a", value, end === "" ? undefined : "b"]);
        }
      }
    }
  }
  // What does not end is over with the next event, or the stream.
  assert.deepEqual(parse([bytes("{\n  x\ndata: b\n\n")]), ["{\n  x", "b"]);
  assert.deepEqual(parse([bytes("[\n  x\n")]), ["[\n  x"]);
});

Deno.test("the name of an event is part of it: it is given as it came, and its data is not read by itself", () => {
  const events: string[] = [];
  const parser = createEventParser((data, event) => events.push(data, event), LIMIT);
  const [named, nameless] = ["event: x\ndata: a\n\n", "data: b\n\n"];
  assert.equal(parser.parse(`event: ping\n\n${named}${nameless}`, 0), "event: ping\n\n".length);
  assert.equal(parser.parse(`${named}${nameless}`, 0), named.length);
  parser.parse("event: x\n", 0);
  assert.equal(parser.isOpen(), true);
  parser.parse("data: c\n\n", 0);
  parser.parse(nameless, 0);
  assert.deepEqual(events, ["a", named, "c", "", "b", nameless]);
});

Deno.test("parse() stops where no event is open, so that its caller may read what follows in another way", () => {
  const parser = createEventParser(() => {}, LIMIT);
  const text = ": hm\ndata: a\n\ndata: b\n";
  const stops: [number, boolean][] = [];
  for (let at = 0; at < text.length;) {
    at = parser.parse(text, at);
    stops.push([at, parser.isOpen()]);
  }
  assert.deepEqual(stops, [[5, false], [14, false], [22, true]]);
});

Deno.test("a line after a skipped one has the whole limit again, also where it comes in parts", () => {
  const found: string[] = [];
  const skipping = { bytes: 10, skippedBytes: 100, exceeded: () => new Error("too long"), maySkip: () => true };
  const lines = createLineDecoder(skipping);
  const parser = createEventParser((data) => found.push(data), skipping);
  for (const part of [": a comment above the limit", "\n\n", "data: a", "b\n\n"]) {
    const text = lines.decode(new TextEncoder().encode(part));
    for (let at = 0; at < text.length;) at = parser.parse(text, at);
  }
  assert.deepEqual(found, ["ab"]);
});

Deno.test("a line that comes byte by byte is kept in one buffer", () => {
  const original = Uint8Array.prototype.slice;
  let copies = 0;
  Uint8Array.prototype.slice = function (...args) {
    copies++;
    return original.apply(this, args);
  };
  try {
    const decoder = createLineDecoder(LIMIT);
    const line = bytes(`data: ${"é".repeat(1_000)}\n`);
    const read = new Uint8Array(1);
    let text = "";
    for (const byte of line) {
      read[0] = byte;
      text += decoder.decode(read);
    }
    assert.equal(text, new TextDecoder().decode(line));
  } finally {
    Uint8Array.prototype.slice = original;
  }
  assert.equal(copies, 0);
});

Deno.test("decoders that are fed by turns, each within a line, mix nothing, however long the reads are", () => {
  for (const units of [1, 1_000, 64 * 1024, 300 * 1024]) {
    const [first, second] = ["a", "b"].map((letter) => ({
      ...{ line: `${letter.repeat(units)}\n`, found: "" },
      decoder: createLineDecoder(LIMIT),
    }));
    const turn = (one: typeof first) => {
      // Each read ends within a line.
      const text = `${one.line.slice(1)}${one.line}${one.line[0]}`;
      one.found += one.decoder.decode(bytes(text));
    };
    for (const one of [first, second]) one.decoder.decode(bytes(one.line[0]));
    for (const one of [first, second, second, first, second, first]) turn(one);
    for (const { found, line } of [first, second]) assert.ok(found === line.repeat(6), `${units}`);
  }
});
