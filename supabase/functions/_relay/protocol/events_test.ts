import assert from "node:assert/strict";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { START_DATA } from "../testing/generation.ts";
import { makeRandom, makeText, splitEverywhere } from "../testing/split.ts";
import { encodeEvent, events } from "./events.ts";

Deno.test("each event is written as the protocol says", () => {
  const start = { ...START_DATA, model: "a\nmodel", user_message_id: null };
  const answerer = { bot_id: 7, model: "m" };
  const done = {
    ...{ stream_id: "s", message_id: null, ...answerer },
    ...{ is_complete: false, finish_reason: "cancelled", usage: null },
  };
  const error = { code: "timeout", message: "Too long", retryable: true, stream_id: "s", message_id: "m" } as const;
  const cases: [written: string, wanted: string][] = [
    [events.start(start), `id: 0\nevent: start\ndata: ${JSON.stringify(start)}\n\n`],
    [events.token(" one\n\ntwo", 9), "id: 9\nevent: token\ndata:  one\ndata: \ndata: two\n\n"],
    [events.reasoning("hm"), "event: reasoning\ndata: hm\n\n"],
    [events.ping(), "event: ping\ndata: {}\n\n"],
    [events.done(done), `event: done\nretry: 3600000\ndata: ${JSON.stringify(done)}\n\n`],
    [events.error(error), `event: error\nretry: 3600000\ndata: ${JSON.stringify(error)}\n\n`],
  ];
  for (const [written, wanted] of cases) assert.equal(written, wanted);
});

/** What a conforming parser makes of the reads. */
function parse(reads: Iterable<Uint8Array>): EventSourceMessage[] {
  const found: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => found.push(event), onError: (error) => assert.fail(error) });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const read of reads) parser.feed(decoder.decode(read, { stream: true }));
  return found;
}

const TEXTS = [
  "a",
  "",
  " world",
  "  two in front, two behind  ",
  "\ttab",
  "\n",
  "\n\n\n",
  "\nopens with one",
  "closes with one\n",
  "a line\ndata: not a field\nevent: done\nid: 7\nretry: 1",
  ": not a comment",
  ":",
  "🐉 and 👩‍👩‍👧‍👦",
  "\u2028 and \u2029 and \u0085 are no ends of a line",
  "\uFEFFa byte order mark",
  " \n \n ",
];

Deno.test("a parser gives back exactly the text, wherever the bytes are split", () => {
  for (const [index, text] of TEXTS.entries()) {
    const bytes = new TextEncoder().encode(encodeEvent("token", text, index));
    for (const reads of splitEverywhere(bytes)) {
      assert.deepEqual(parse(reads), [{ id: String(index), event: "token", data: text }], text);
    }
  }
});

Deno.test("a parser gives back one event for each that was written, texts made by chance among them", () => {
  const random = makeRandom(1);
  const parts = ["\n", " ", ":", "data:", "data: ", "id", "a", "🐉", "\uFEFF"];
  const texts = [...TEXTS, ...Array.from({ length: 500 }, () => makeText(parts, random(12), random))];
  const written = texts.map((text) => encodeEvent("reasoning", text)).join("");
  assert.deepEqual(
    parse([new TextEncoder().encode(written)]),
    texts.map((data) => ({ id: undefined, event: "reasoning", data })),
  );
});
