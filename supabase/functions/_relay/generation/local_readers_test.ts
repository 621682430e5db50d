import assert from "node:assert/strict";
import { events } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES, MAX_READ_UNITS } from "../protocol/limits.ts";
import { readEvents, type SeenEvent } from "../testing/events.ts";
import { makeSeat, START_DATA } from "../testing/generation.ts";
import { createManualClock } from "../testing/platform.ts";
import { LocalReaders } from "./local_readers.ts";
import { Transcript } from "./transcript.ts";

const SEEN_START = { event: "start", id: "0", data: JSON.stringify(START_DATA) };
const token = (id: number, data: string): SeenEvent => ({ event: "token", id: String(id), data });

const LAST = "event: done\ndata: {}\n\n";

const toText = ({ value }: ReadableStreamReadResult<Uint8Array>) => new TextDecoder().decode(value);

/** The text of the one token among the first events. */
const tokensOf = (written: string) => /event: token\ndata: (.*)/.exec(written)![1];

/** What a reader that has begun would still get. */
const rest = (reader: ReadableStreamDefaultReader<Uint8Array>) =>
  new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });

function make(text = "", stored = 0) {
  const clock = createManualClock();
  const transcript = new Transcript();
  transcript.append(text);
  transcript.markStored(stored);
  let allGone = 0;
  const readers = new LocalReaders(clock, 10_000, START_DATA, transcript, () => allGone++);
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

Deno.test("a text that is long comes in parts, each once the client has taken the one before", async () => {
  // A pair stands across the end of the first part.
  const text = "x".repeat(MAX_READ_UNITS - 1) + "🐉" + "y".repeat(2 * MAX_READ_UNITS);
  for (const from of [null, 1, MAX_READ_UNITS, MAX_READ_UNITS + 1]) {
    const { attach, clock, ends, readers, say } = make(text, MAX_READ_UNITS - 1);
    const reader = attach("a", from).getReader();
    const first = toText(await reader.read());
    assert.ok(first.length < MAX_READ_UNITS + 300);
    // What comes in the meantime is no event of its own, and does not fill the queue.
    say("z".repeat(MAX_CLIENT_QUEUE_BYTES));
    say("z");
    const [client, before] = [readEvents(rest(reader)), tokensOf(first)];
    await clock.run(0);
    say("live");
    await clock.run(0);
    assert.equal(client.events.at(-1)!.data, "live");
    readers.close(LAST);
    await clock.run(0);
    assert.equal(client.ended, true);
    assert.equal(client.events.at(-1)!.event, "done");
    const whole = text + "z".repeat(MAX_CLIENT_QUEUE_BYTES + 1) + "live";
    assert.equal(before + client.text, from === MAX_READ_UNITS ? whole.slice(from - 1) : whole.slice(from ?? 0));
    assert.ok(client.events.every(({ data }) => data.length <= MAX_READ_UNITS));
    assert.deepEqual(ends, ["a"]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a long text that comes at once detaches no reader, whatever it had not taken, and short ones still do", async () => {
  const part = 32 * 1024;
  for (const [character, units] of [["x", 1024 * 1024 - 1], ["中", 90_000], ["\n", part + 20_000]] as const) {
    const { attach, clock, ends, readers, say } = make();
    const [early, late] = [attach("early"), attach("late")];
    for (let said = 0; said < units; said += part) say(character.repeat(Math.min(part, units - said)));
    const client = readEvents(early);
    await clock.run(0);
    say("live");
    await clock.run(0);
    assert.equal(client.events.at(-1)!.data, "live");
    readers.close(LAST);
    await clock.run(0);
    const text = `${character.repeat(units)}live`;
    assert.equal(client.text, text);
    const other = readEvents(late);
    await clock.run(0);
    assert.equal(other.text, text);
    for (const { events, ended } of [client, other]) assert.deepEqual([events.at(-1)!.event, ended], ["done", true]);
    assert.deepEqual(ends.sort(), ["early", "late"]);
    assert.equal(clock.pending, 0);
  }
  for (const kind of ["short texts", "reasoning"]) {
    const { attach, clock, ends, readers, say } = make();
    const body = attach("a");
    for (let said = 0; said <= MAX_CLIENT_QUEUE_BYTES; said += part / 2) {
      if (kind === "reasoning") readers.write(events.reasoning("x".repeat(part)));
      else say("x".repeat(part / 2));
    }
    readers.close(LAST);
    const client = readEvents(body);
    await clock.run(0);
    assert.notEqual(client.events.at(-1)!.event, "done", kind);
    assert.deepEqual(ends, ["a"]);
  }
});

Deno.test("when a generation ends, readers that catch up get the rest of the text before the last event", async () => {
  for (const readsAt of ["once", "late"]) {
    const { attach, clock, readers } = make("x".repeat(3 * MAX_READ_UNITS));
    const body = attach("a");
    if (readsAt === "once") await clock.run(0);
    readers.close(LAST);
    readers.close();
    const client = readEvents(body);
    await clock.run(0);
    assert.equal(client.text.length, 3 * MAX_READ_UNITS);
    assert.deepEqual([client.events.at(-1)!.event, client.ended], ["done", true]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a close without a last event ends the readers that catch up, too", async () => {
  const { attach, clock, ends, readers } = make("x".repeat(3 * MAX_READ_UNITS));
  const client = readEvents(attach("a"));
  readers.close();
  await clock.run(0);
  assert.deepEqual([client.text.length, client.ended, ends], [MAX_READ_UNITS, true, ["a"]]);
});

Deno.test("a reader that leaves while it catches up counts as gone, like the others", async () => {
  const { attach, allGone } = make("x".repeat(3 * MAX_READ_UNITS));
  const [one, two] = [attach("one"), attach("two")];
  await one.cancel();
  assert.equal(allGone(), 0);
  await two.cancel();
  assert.equal(allGone(), 1);
});

Deno.test("a close ends every reader once, and none of them has left", async () => {
  const { attach, allGone, clock, ends, readers, say } = make();
  const clients = ["one", "two", "three"].map((name) => readEvents(attach(name)));
  assert.equal(clock.pending, 3);
  await clock.run(0);
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

Deno.test("what readers were sent is known, and how much of it was for others than the one that may cancel", async () => {
  const { attach, clock, readers, say } = make("Once");
  const sent = () => [readers.sent().units, readers.sent().toOthers];
  assert.deepEqual(sent(), [0, 0]);
  const one = readEvents(attach("one"));
  assert.deepEqual(sent(), [4, 0]);
  await clock.run(0);
  say(" upon");
  assert.deepEqual(sent(), [9, 0]);
  const two = readEvents(attach("two", 4));
  await clock.run(0);
  say(" a");
  assert.deepEqual(sent(), [11, 11], "either of two may be the other");
  await one.leave();
  say(" time");
  assert.deepEqual(sent(), [16, 11], "the one that is there may cancel");
  await two.leave();
  say(", long");
  assert.deepEqual(sent(), [16, 11], "the last that left, too");
});

Deno.test("a reader that catches up was sent what it got, and not the whole text", async () => {
  const { attach, readers } = make("x".repeat(3 * MAX_READ_UNITS));
  const [one, two] = [attach("one"), attach("two", 2 * MAX_READ_UNITS)];
  assert.deepEqual(readers.sent(), { units: 3 * MAX_READ_UNITS - 1, toOthers: 3 * MAX_READ_UNITS - 1 });
  await two.cancel();
  assert.deepEqual(readers.sent(), { units: 3 * MAX_READ_UNITS - 1, toOthers: 3 * MAX_READ_UNITS - 1 });
  await one.cancel();
  assert.deepEqual(readers.sent().toOthers, 3 * MAX_READ_UNITS - 1);
});
