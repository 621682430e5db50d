import assert from "node:assert/strict";
import { events } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { readEvents, type SeenEvent } from "../testing/events.ts";
import { makeSeat, START_DATA } from "../testing/generation.ts";
import { createManualClock } from "../testing/platform.ts";
import { createLocalReaders } from "./local_readers.ts";
import { createTranscript } from "./transcript.ts";

const SEEN_START = { event: "start", id: "0", data: JSON.stringify(START_DATA) };
const token = (id: number, data: string): SeenEvent => ({ event: "token", id: String(id), data });

function make(text = "", stored = 0) {
  const clock = createManualClock();
  const transcript = createTranscript();
  transcript.append(text);
  transcript.markStored(stored);
  let allGone = 0;
  const readers = createLocalReaders(clock, 10_000, START_DATA, transcript, () => allGone++);
  const ends: string[] = [];
  return {
    clock,
    readers,
    ends,
    allGone: () => allGone,
    attach: (name: string, from: number | null = null) => readers.attach(from, makeSeat(() => ends.push(name))),
    /** Writes a token, as a run does. */
    say(more: string) {
      transcript.append(more);
      readers.write(events.token(more, transcript.length));
    },
  };
}

Deno.test("a reader gets what it has not seen, then what comes", async () => {
  const text = "Once a 🐉b";
  const cases: [from: number | null, events: SeenEvent[]][] = [
    [null, [SEEN_START, token(10, text)]],
    [0, [SEEN_START, token(10, text)]],
    [4, [token(10, " a 🐉b")]],
    // Inside the surrogate pair.
    [8, [token(10, "🐉b")]],
    [9, [token(10, "b")]],
    [10, []],
    [11, []],
    [99, []],
  ];
  for (const stored of [0, 5, 10]) {
    for (const [from, wanted] of cases) {
      const { attach, clock, readers, say } = make(text, stored);
      const client = readEvents(attach("a", from));
      await clock.run(0);
      assert.deepEqual(client.events, wanted, `${from} ${stored}`);
      say("!");
      readers.close();
      await clock.run(0);
      assert.deepEqual(client.events, [...wanted, token(11, "!")]);
      assert.equal(client.ended, true);
      assert.equal(clock.pending, 0);
    }
  }
});

Deno.test("start and the text so far are one write, so that a long text does not find the queue taken", async () => {
  const { attach, clock, ends, readers } = make("x".repeat(2 * MAX_CLIENT_QUEUE_BYTES));
  const body = attach("a");
  assert.deepEqual(ends, []);
  const client = readEvents(body);
  await clock.run(0);
  assert.equal(client.text.length, 2 * MAX_CLIENT_QUEUE_BYTES);
  readers.close();
});

Deno.test("a close ends every reader once, and none of them has left", async () => {
  const { attach, allGone, clock, ends, readers, say } = make();
  const clients = ["one", "two", "three"].map((name) => readEvents(attach(name)));
  assert.equal(clock.pending, 3);
  readers.close();
  assert.deepEqual(ends, ["one", "two", "three"]);
  readers.close();
  say("late");
  await clock.run(0);
  for (const client of clients) {
    assert.deepEqual(client.events, [SEEN_START]);
    assert.equal(client.ended, true);
    await client.leave();
  }
  assert.deepEqual([ends.length, allGone()], [3, 0]);
  assert.equal(clock.pending, 0);
});
