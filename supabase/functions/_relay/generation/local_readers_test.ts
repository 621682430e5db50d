import assert from "node:assert/strict";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { type SeenEvent, watch } from "../testing/events.ts";
import { createManualClock } from "../testing/platform.ts";
import { frames } from "./frames.ts";
import { createReaders } from "./local_readers.ts";
import { createTranscript } from "./transcript.ts";

const START = {
  stream_id: "stream-1",
  conversation_id: "conversation-1",
  bot_id: "bot-1",
  model: "model-1",
  user_message_id: "message-of-user",
  parent_id: "message-of-user",
};
const SEEN_START = { event: "start", id: "0", data: JSON.stringify(START) };

function make(text = "") {
  const clock = createManualClock();
  const transcript = createTranscript();
  transcript.append(text);
  let allGone = 0;
  const readers = createReaders(clock, 10_000, START, transcript, () => allGone++);
  const ends: string[] = [];
  return {
    clock,
    readers,
    ends,
    allGone: () => allGone,
    attach: (name: string, from: number | null = null) => readers.attach(from, () => ends.push(name)),
    /** Writes a token, as the run does. */
    say(more: string) {
      transcript.append(more);
      readers.write(frames.token(more, transcript.length));
    },
  };
}

const token = (id: number, data: string): SeenEvent => ({ event: "token", id: String(id), data });

Deno.test("a reader from the beginning gets start, the text so far as one event, then what comes", async () => {
  for (const from of [null, 0]) {
    const { attach, clock, readers, say } = make("Once 🐉");
    const client = watch(attach("a", from));
    await clock.run(0);
    assert.deepEqual(client.events, [SEEN_START, token(7, "Once 🐉")]);
    say(" upon");
    readers.close();
    await clock.run(0);
    assert.deepEqual(client.events.slice(2), [token(12, " upon")]);
    assert.equal(client.ended, true);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a reader of what has no text yet gets start alone", async () => {
  const { attach, clock, readers } = make();
  const client = watch(attach("a"));
  readers.close();
  await clock.run(0);
  assert.deepEqual(client.events, [SEEN_START]);
});

Deno.test("start and the text so far are one write, so that a long text does not find the queue taken", async () => {
  const { attach, clock, ends, readers } = make("x".repeat(2 * MAX_CLIENT_QUEUE_BYTES));
  const body = attach("a");
  assert.deepEqual(ends, []);
  const client = watch(body);
  await clock.run(0);
  assert.equal(client.text.length, 2 * MAX_CLIENT_QUEUE_BYTES);
  readers.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a reader who has seen some of it gets the rest, without a start that would take it back", async () => {
  const text = "Once upon";
  for (let from = 1; from <= text.length; from++) {
    const { attach, clock, readers, say } = make(text);
    const client = watch(attach("a", from));
    say("!");
    readers.close();
    await clock.run(0);
    assert.deepEqual(client.events, [...(from < text.length ? [token(9, text.slice(from))] : []), token(10, "!")]);
  }
});

Deno.test("a reader whose offset lies inside a surrogate pair gets the whole character", async () => {
  const { attach, clock, readers } = make("a🐉b");
  const client = watch(attach("a", 2));
  readers.close();
  await clock.run(0);
  assert.deepEqual(client.events, [token(4, "🐉b")]);
});

Deno.test("a reader who claims more than there is gets what comes from now on", async () => {
  const { attach, clock, readers, say } = make("Once");
  const client = watch(attach("a", 99));
  await clock.run(0);
  assert.deepEqual(client.events, []);
  say(" upon");
  readers.close();
  await clock.run(0);
  assert.deepEqual(client.events, [token(9, " upon")]);
});

Deno.test("all readers get the same events, each from where it came in", async () => {
  const { attach, clock, readers, say } = make();
  const one = watch(attach("one"));
  say("Once");
  const two = watch(attach("two"));
  say(" upon");
  const three = watch(attach("three", 4));
  say(" a time");
  readers.write(frames.ping());
  readers.close();
  await clock.run(0);
  for (const client of [one, two]) {
    assert.equal(client.text, "Once upon a time");
    assert.deepEqual(client.events[0], SEEN_START);
  }
  assert.deepEqual(three.events, [token(9, " upon"), token(16, " a time"), { event: "ping", data: "{}" }]);
});

Deno.test("when the last reader leaves, all are gone, and before that they are not", async () => {
  const { attach, allGone, clock, ends } = make();
  const one = watch(attach("one"));
  const two = watch(attach("two"));
  await one.leave();
  assert.deepEqual([ends, allGone()], [["one"], 0]);
  await two.leave();
  assert.deepEqual([ends, allGone()], [["one", "two"], 1]);
  assert.equal(clock.pending, 0);
});

Deno.test("a reader that is detached has not left, and may be on its way back", async () => {
  const { attach, allGone, clock, ends, say } = make();
  const body = attach("slow");
  say("x".repeat(MAX_CLIENT_QUEUE_BYTES));
  say("y");
  assert.deepEqual([ends, allGone()], [[], 0]);
  const client = watch(body);
  await clock.run(0);
  assert.deepEqual([ends, allGone()], [["slow"], 0]);
  assert.equal(client.ended, true);
  assert.deepEqual(client.events, [SEEN_START]);
  // What it has not got is there when it is back.
  const again = watch(attach("back", 0));
  await clock.run(0);
  assert.equal(again.text.length, MAX_CLIENT_QUEUE_BYTES + 1);
  await again.leave();
  assert.deepEqual([ends, allGone()], [["slow", "back"], 1]);
  assert.equal(clock.pending, 0);
});

Deno.test("a slow reader does not keep the text from another", async () => {
  const { attach, clock, ends, readers, say } = make();
  attach("slow");
  const quick = watch(attach("quick"));
  for (let round = 0; round < 8; round++) {
    say("x".repeat(MAX_CLIENT_QUEUE_BYTES / 4));
    await clock.run(0);
  }
  assert.equal(quick.text.length, 2 * MAX_CLIENT_QUEUE_BYTES);
  readers.close();
  await clock.run(0);
  assert.deepEqual(ends, ["quick"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a close ends every reader once, and is nobody's leaving", async () => {
  const { attach, allGone, clock, ends, readers, say } = make();
  const clients = ["one", "two", "three"].map((name) => watch(attach(name)));
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
