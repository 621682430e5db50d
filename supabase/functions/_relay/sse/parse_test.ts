import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_LINE_BYTES } from "../protocol/limits.ts";
import { makeRandom, makeText, splitEverywhere, splitRandomly } from "../testing/split.ts";
import { createEventStreamParser } from "./parse.ts";

function parse(reads: Iterable<Uint8Array>): string[] {
  const data: string[] = [];
  const parser = createEventStreamParser({ onData: (event) => data.push(event) }, limit);
  for (const read of reads) parser.push(read);
  parser.end();
  return data;
}

const TOO_LONG = "The provider sent a line of more than 1048576 bytes, the limit";

const limit = {
  bytes: MAX_PROVIDER_LINE_BYTES,
  exceeded: () => new RelayError("provider_bad_response", TOO_LONG),
};

const bytes = (text: string) => new TextEncoder().encode(text);

/** Each stream with the data of its events. */
const CASES: [name: string, stream: string, events: string[]][] = [
  ["nothing", "", []],
  ["LF", "data: a\n\ndata: b\n\n", ["a", "b"]],
  ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
  ["CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
  ["CR LF amid an event", "data: a\r\ndata: b\r\n\r\n", ["a\nb"]],
  ["mixed ends", "data: a\r\n\ndata: b\r\r\ndata: c\n\r", ["a", "b", "c"]],
  ["a byte order mark", "\uFEFFdata: a\n\n", ["a"]],
  ["a second mark", "\uFEFFdata: \uFEFFa\n\n", ["\uFEFFa"]],
  ["a mark amid the text", "data: \uFEFFa\n\n", ["\uFEFFa"]],
  ["comments", ": hello\n\n:\ndata: a\n: amid\ndata: b\n\n", ["a\nb"]],
  ["other fields", "event: x\nid: 1\nretry: 5\ndata: a\n\nevent: y\n\n", ["a"]],
  ["a field that only begins so", "database: a\ndata2: b\n\n", []],
  ["more lines of data", "data: a\ndata:\ndata: b\n\n", ["a\n\nb"]],
  ["no data at all", "data:\n\n", [""]],
  ["no space", "data:a\n\n", ["a"]],
  ["one space is stripped", "data:  a \n\n", [" a "]],
  ["a colon amid", 'data: {"a": "b: c"}\n\n', ['{"a": "b: c"}']],
  ["blank lines", "\n\n\ndata: a\n\n\n\n", ["a"]],
  ["no blank line at the end", "data: a\n\ndata: b\n", ["a", "b"]],
  ["no end of the last line", "data: a\n\ndata: b", ["a", "b"]],
  ["CR as the very last", "data: a\r", ["a"]],
  ["characters of each length", "data: aé€🐉\n\n", ["aé€🐉"]],
  ["separators that end no line", "data: \u2028\u0085\n\n", ["\u2028\u0085"]],
];

for (const [name, stream, events] of CASES) {
  Deno.test(`the events are the same wherever the bytes are split: ${name}`, () => {
    for (const reads of splitEverywhere(bytes(stream))) {
      assert.deepEqual(parse(reads), events);
    }
  });
}

Deno.test("events are the ones that another parser finds, in streams made by chance", () => {
  const random = makeRandom(3);
  const parts = ["data", ":", " ", "\n", "\r", "\r\n", "a", "data: 🐉", "id: 1", "\n\n"];
  for (let round = 0; round < 1_000; round++) {
    // Two rules differ on purpose: a field without colon is left out, an event without blank line is not.
    const stream = makeText(parts, random(20), random).replaceAll(/(^|[\r\n])data(?=[\r\n]|$)/g, "$1other") + "\n\n";
    const wanted: string[] = [];
    const oracle = createParser({ onEvent: ({ data }) => wanted.push(data) });
    oracle.feed(stream);
    const whole = bytes(stream);
    for (let split = 0; split < 5; split++) {
      const reads = splitRandomly(whole, random);
      assert.deepEqual(parse(reads), wanted, JSON.stringify(stream));
    }
  }
});

Deno.test("an event is given with the read that ends it", () => {
  for (const end of ["\n\n", "\r\r", "\r\n\r\n"]) {
    const data: string[] = [];
    const parser = createEventStreamParser({ onData: (event) => data.push(event) }, limit);
    parser.push(bytes(`data: a${end}`));
    assert.deepEqual(data, ["a"], JSON.stringify(end));
    parser.push(bytes(`data: b${end}data: c`));
    assert.deepEqual(data, ["a", "b"], JSON.stringify(end));
  }
});

Deno.test("bytes that are no UTF-8 become U+FFFD", () => {
  const whole = new Uint8Array([...bytes("data: a"), 0xff, ...bytes("b\n\n")]);
  for (const reads of splitEverywhere(whole)) {
    assert.deepEqual(parse(reads), ["a\uFFFDb"]);
  }
  assert.deepEqual(parse([bytes("data: a"), new Uint8Array([0xf0, 0x9f])]), ["a\uFFFD"]);
});

/** A line of so many characters, in reads of so many bytes. */
function* lineOf(length: number, end: string, size: number) {
  const whole = bytes(`data: ${"x".repeat(length - 6)}${end}`);
  for (let at = 0; at < whole.length; at += size) {
    yield whole.subarray(at, at + size);
  }
}

Deno.test("a line of exactly the limit is taken, however it was read", () => {
  for (const end of ["\n", "\r", "\r\n", ""]) {
    for (const size of [65_536, 1_000_003, 2_000_000]) {
      const [data] = parse(lineOf(MAX_PROVIDER_LINE_BYTES, end, size));
      assert.equal(data.length, MAX_PROVIDER_LINE_BYTES - 6);
    }
  }
});

Deno.test("a line of one above the limit is refused, however it was read", () => {
  for (const end of ["\n", "\r", "\r\n", ""]) {
    for (const size of [65_536, 1_000_003, 2_000_000]) {
      assert.throws(
        () => parse(lineOf(MAX_PROVIDER_LINE_BYTES + 1, end, size)),
        new RelayError("provider_bad_response", TOO_LONG),
        JSON.stringify([end, size]),
      );
    }
  }
});

Deno.test("a line that never ends is refused as soon as it reaches the limit", () => {
  const parser = createEventStreamParser({ onData: () => assert.fail("there is none") }, limit);
  const read = bytes("x".repeat(65_536));
  for (let reads = 0; reads < 16; reads++) parser.push(read);
  assert.throws(() => parser.push(bytes("x")), new RelayError("provider_bad_response", TOO_LONG));
});

Deno.test("the lines of one event are bounded together", () => {
  const parser = createEventStreamParser({ onData: () => assert.fail("there is none") }, limit);
  const line = bytes(`data: ${"x".repeat(65_535)}\n`);
  for (let lines = 0; lines < 16; lines++) parser.push(line);
  assert.throws(() => parser.push(bytes("data:\ndata:\n")), new RelayError("provider_bad_response", TOO_LONG));
});

Deno.test("comments have no bound but that of a line", () => {
  const parser = createEventStreamParser({ onData: () => assert.fail("there is none") }, limit);
  const comment = bytes(`: ${"x".repeat(65_000)}\n`);
  for (let lines = 0; lines < 40; lines++) parser.push(comment);
});

Deno.test("an event that came in one read is given as it came, and no other", () => {
  const events: string[] = [];
  const parser = createEventStreamParser({ onData: (_data, event) => events.push(event) }, limit);
  parser.push(bytes("data: a\n\n: hm\ndata:b\r\n\r\ndata: c\n"));
  parser.push(bytes("\ndata: d\n\n"));
  parser.push(bytes("data: e"));
  parser.end();
  assert.deepEqual(events, ["data: a\n\n", ": hm\ndata:b\r\n\r\n", "", "data: d\n\n", ""]);
});

Deno.test("who takes events is asked where one begins, and nowhere else", () => {
  const asked: [number, string][] = [];
  const data: string[] = [];
  const parser = createEventStreamParser({
    onData: (event) => data.push(event),
    take(text, from) {
      asked.push([from, text]);
      return text.startsWith("data: x\n\n", from) ? from + 9 : -1;
    },
  }, limit);
  const read = "data: x\n\ndata: a\ndata: x\n\ndata: x\n\n";
  parser.push(bytes(read));
  assert.deepEqual(data, ["a\nx"]);
  assert.deepEqual(asked, [[0, read], [9, read], [26, read]]);
});
