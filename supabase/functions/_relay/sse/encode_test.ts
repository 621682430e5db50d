import assert from "node:assert/strict";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { makeRandom, makeText, splitEverywhere } from "../testing/split.ts";
import { encodeEvent } from "./encode.ts";

/** What a conforming parser makes of the reads. */
function parse(reads: Iterable<Uint8Array>): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event), onError: (error) => assert.fail(error) });
  // Deno 2.9 drops a mark amid the text where the first reads were short, unless it is told not to.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const read of reads) parser.feed(decoder.decode(read, { stream: true }));
  return events;
}

const TEXTS = [
  "a",
  "",
  " world",
  "  two in front, two behind  ",
  "\ttab",
  "two\nlines",
  "\n",
  "\n\n\n",
  "\nopens with one",
  "closes with one\n",
  "a paragraph\n\nanother",
  "data: not a field",
  "a line\ndata: not a field\nevent: done\nid: 7\nretry: 1",
  ": not a comment",
  ":",
  "{}",
  "🐉 and 👩‍👩‍👧‍👦",
  "\u2028 and \u2029 and \u0085 are no ends of a line",
  "\uFEFFa byte order mark",
  " \n \n ",
];

Deno.test("encodeEvent() gives a line of its own to each line of text", () => {
  assert.equal(encodeEvent("token", "one\n\ntwo", 8), "id: 8\nevent: token\ndata: one\ndata: \ndata: two\n\n");
});

Deno.test("encodeEvent() keeps a leading space behind the one that parsers strip", () => {
  assert.equal(encodeEvent("token", " world", 11), "id: 11\nevent: token\ndata:  world\n\n");
});

Deno.test("encodeEvent() writes no id unless it is given, and 0 is given", () => {
  assert.equal(encodeEvent("ping", "{}"), "event: ping\ndata: {}\n\n");
  assert.equal(encodeEvent("start", "{}", 0), "id: 0\nevent: start\ndata: {}\n\n");
});

Deno.test("a parser gives back exactly the text, wherever the bytes are split", () => {
  for (const [index, text] of TEXTS.entries()) {
    const bytes = new TextEncoder().encode(encodeEvent("token", text, index));
    for (const reads of splitEverywhere(bytes)) {
      assert.deepEqual(parse(reads), [{
        id: String(index),
        event: "token",
        data: text,
      }], JSON.stringify([text, reads.map((read) => read.length)]));
    }
  }
});

Deno.test("a parser gives back one event for each that was written", () => {
  const frames = TEXTS.map((text, index) => encodeEvent("token", text, index));
  assert.deepEqual(
    parse([new TextEncoder().encode(frames.join(""))]),
    TEXTS.map((data, index) => ({ id: String(index), event: "token", data })),
  );
});

Deno.test("a parser gives back texts made by chance", () => {
  const random = makeRandom(1);
  const parts = ["\n", " ", ":", "data:", "data: ", "id", "a", "🐉", "\uFEFF"];
  for (let round = 0; round < 500; round++) {
    const text = makeText(parts, random(12), random);
    assert.deepEqual(
      parse([new TextEncoder().encode(encodeEvent("reasoning", text))]),
      [{ id: undefined, event: "reasoning", data: text }],
    );
  }
});
