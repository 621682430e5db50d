import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { createParser } from "eventsource-parser";
import { readEvents, type StreamEvent } from "./read_stream.ts";

const PIECES = [
  "data: a",
  "data:b",
  "data:  c: d",
  "data",
  "data:",
  "event: token",
  "event:",
  "id: 7",
  "id",
  ": a comment",
  "retry: 3600000",
  "news: x",
  "é🐉",
  ..."\n\n\n\r\r",
  "\r\n",
  "\n\n",
];

/** Numbers from 0 up to 1, the same ones for a seed. */
function createChance(seed: number) {
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}

async function* cutAt(text: string, chance: () => number) {
  for (let at = 0; at < text.length;) {
    const end = at + Math.floor(chance() * 6);
    yield text.slice(at, end);
    at = end;
  }
}

const known = ({ event, id, data }: StreamEvent) => ({ event: event || undefined, id, data });

Deno.test("events are those that eventsource-parser reads, whatever the lines are and wherever they are cut", async () => {
  let count = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    const chance = createChance(seed);
    const text = Array.from({ length: 40 }, () => PIECES[Math.floor(chance() * PIECES.length)]).join("");
    const expected: StreamEvent[] = [];
    createParser({ onEvent: ({ event, id, data }) => void expected.push({ event, id, data }) }).feed(text);
    const events: StreamEvent[] = [];
    const reading = readEvents(cutAt(text, chance), (event) => {
      events.push(known(event));
      return false;
    });
    await rejects(reading, { code: "unreachable" });
    equal(events, expected, JSON.stringify(text));
    count += events.length;
  }
  equal(count > 1_000, true);
});

Deno.test("a long line that comes in many parts is joined once", async () => {
  const part = "x".repeat(1_000);
  async function* texts() {
    yield "data:";
    for (let parts = 0; parts < 15_000; parts++) yield part;
    yield "\n\n";
  }
  let length = 0;
  await readEvents(texts(), ({ data }) => {
    length = data.length;
    return true;
  });
  equal(length, 15_000_000);
});
