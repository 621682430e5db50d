import assert from "node:assert/strict";
import { MIN_EVENT_BYTES, QUEUED_EVENT_BYTES, READER_BYTES } from "../platform/memory.ts";
import { toBytes } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES, READER_IDLE_MS } from "../protocol/limits.ts";
import { createManualClock } from "../testing/platform.ts";
import { makeSeat } from "../testing/generation.ts";
import { ClientStream } from "./client_stream.ts";

const PING_MS = 10_000;
const PING = "event: ping\ndata: {}\n\n";
const FULL = "x".repeat(MAX_CLIENT_QUEUE_BYTES);
const HALF = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 2);
/** As many bytes, of fewer characters. */
const DRAGONS = "🐉".repeat(MAX_CLIENT_QUEUE_BYTES / 8);

/** A stream, and in order how it ended, and that nothing of it waits any more. */
function make() {
  const clock = createManualClock();
  const ends: string[] = [];
  const stream = new ClientStream(clock, PING_MS, (how) => ends.push(how), {
    fits: () => true,
    end: () => ends.push("over"),
  });
  return {
    clock,
    ends,
    body: stream.body,
    close: () => stream.close(),
    write: (...texts: string[]) => texts.forEach((text) => stream.write(toBytes(text))),
    /** Reads from now on; gives what has come so far, and its end. */
    reading() {
      const texts: string[] = [];
      (async () => {
        for await (const bytes of stream.body) texts.push(new TextDecoder().decode(bytes));
        texts.push("closed");
      })();
      return texts;
    },
    /** All that is left of the body, write by write. */
    async rest() {
      const texts: string[] = [];
      for await (const bytes of stream.body) texts.push(new TextDecoder().decode(bytes));
      return texts;
    },
  };
}

Deno.test("each write is one chunk of the body, a close ends it, and then every call does nothing", async () => {
  const { clock, close, ends, rest, write } = make();
  write("one", "", "é🐉");
  close();
  write("two");
  close();
  assert.deepEqual(ends, ["closed"]);
  assert.deepEqual(await rest(), ["one", "é🐉"]);
  assert.deepEqual(ends, ["closed", "over"]);
  assert.equal(clock.pending, 0);
  const empty = make();
  empty.close();
  assert.deepEqual(empty.ends, ["closed", "over"]);
});

Deno.test("a client that leaves is gone, once, and every call then does nothing", async () => {
  const { body, clock, close, ends, write } = make();
  write("one");
  await body.cancel("left");
  write("two");
  close();
  assert.deepEqual(ends, ["gone", "over"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a client that leaves after the end, or after it was detached, has not gone", async () => {
  for (const [texts, how] of [[["one"], "closed"], [[FULL, "x"], "detached"]] as const) {
    const { body, close, ends, write } = make();
    write(...texts);
    close();
    await body.cancel("left");
    assert.deepEqual(ends, [how, "over"]);
  }
});

Deno.test("a queue that is exactly full of bytes is kept; one more detaches the client, which gets what waited", async () => {
  for (const more of ["", "x"]) {
    const { clock, close, ends, rest, write } = make();
    write(HALF, DRAGONS, more);
    assert.deepEqual(ends, more === "" ? [] : ["detached"]);
    write(...(more === "" ? [] : ["later"]));
    close();
    assert.deepEqual(await rest(), [HALF, DRAGONS]);
    assert.deepEqual(ends, [more === "" ? "closed" : "detached", "over"]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("what is called at the end cannot write", async () => {
  const clock = createManualClock();
  const stream = new ClientStream(clock, PING_MS, () => {
    stream.write(toBytes("late"));
    stream.close();
  }, { fits: () => true, end() {} });
  stream.close();
  assert.equal((await stream.body.getReader().read()).done, true);
  assert.equal(clock.pending, 0);
});

Deno.test("a client that keeps up gets events larger than the whole queue, one after another", async () => {
  const { body, close, ends, write } = make();
  const reader = body.getReader();
  for (const size of [MAX_CLIENT_QUEUE_BYTES + 1, MAX_CLIENT_QUEUE_BYTES, 5]) {
    write("x".repeat(size));
    assert.equal((await reader.read()).value?.byteLength, size);
  }
  assert.deepEqual(ends, []);
  close();
  assert.equal((await reader.read()).done, true);
});

Deno.test("a ping goes out after each silence, and none before", async () => {
  const { clock, close, reading, write } = make();
  const texts = reading();
  await clock.run(PING_MS - 1);
  write("late");
  await clock.run(PING_MS - 1);
  write("late again");
  await clock.run(PING_MS - 1);
  // Nothing to write is no event.
  write("");
  assert.equal(clock.pending, 1);
  await clock.run(1);
  await clock.run(2 * PING_MS);
  close();
  await clock.run(0);
  assert.deepEqual(texts, ["late", "late again", PING, PING, PING, "closed"]);
  assert.equal(clock.pending, 0);
});

Deno.test("no ping is queued behind what waits", async () => {
  const { clock, close, ends, rest, write } = make();
  write(FULL);
  clock.advance(2 * PING_MS);
  assert.deepEqual(ends, []);
  close();
  assert.deepEqual(await rest(), [FULL]);
});

Deno.test("a client that takes nothing for a minute is given up: what waits is let go, its stream ends", async () => {
  for (const how of ["detached", "closed", "full"] as const) {
    const { clock, close, ends, rest, write } = make();
    write(how === "full" ? FULL : "one");
    if (how === "full") write("more");
    if (how === "closed") close();
    const end = how === "closed" ? "closed" : "detached";
    clock.advance(READER_IDLE_MS - 1);
    assert.deepEqual(ends, how === "detached" ? [] : [end]);
    clock.advance(1);
    assert.deepEqual(ends, [end, "over"]);
    assert.equal(clock.pending, 0);
    write("late");
    close();
    assert.deepEqual(await rest(), []);
    assert.deepEqual(ends, [end, "over"]);
  }
});

Deno.test("a client that takes something each minute is kept, and so is one for which nothing waits", async () => {
  const { body, clock, ends, write } = make();
  const reader = body.getReader();
  for (let count = 0; count < 20; count++) write(`${count}`);
  for (let count = 0; count < 19; count++) {
    clock.advance(READER_IDLE_MS - PING_MS);
    assert.equal(new TextDecoder().decode((await reader.read()).value), `${count}`);
  }
  assert.deepEqual(ends, []);
  await reader.read();
  for (let count = 0; count < 20; count++) {
    const ping = reader.read();
    clock.advance(PING_MS);
    assert.equal(new TextDecoder().decode((await ping).value), PING);
  }
  write("one");
  clock.advance(READER_IDLE_MS - 1);
  assert.deepEqual(ends, []);
  // What was taken last is noticed with the next ping at the latest.
  clock.advance(PING_MS + 1);
  assert.deepEqual(ends, ["detached", "over"]);
  assert.equal(clock.pending, 0);
});

Deno.test("onDrained is called when a client has taken all and wants more, and not after its end", async () => {
  const drained: number[] = [];
  const clock = createManualClock();
  const stream = new ClientStream(clock, PING_MS, () => {}, makeSeat(), () => drained.push(clock.now()));
  stream.write(toBytes("one"));
  assert.equal(stream.isDrained(), false);
  const reader = stream.body.getReader();
  await reader.read();
  assert.equal(stream.isDrained(), true);
  const next = reader.read();
  await clock.run(0);
  assert.equal(drained.length, 1);
  stream.write(toBytes("two"));
  await next;
  stream.close();
  assert.equal((await reader.read()).done, true);
  assert.equal(drained.length, 1);
});

Deno.test("what waits for a client that does not read is held, each event with what it costs; a full share detaches", async () => {
  const held: number[] = [];
  const clock = createManualClock();
  const seat = { fits: (bytes: number) => held.push(bytes) < 4, end() {} };
  const ends: string[] = [];
  const stream = new ClientStream(clock, PING_MS, (how) => ends.push(how), seat);
  for (let index = 0; index < 4; index++) stream.write(toBytes("x".repeat(100)));
  assert.deepEqual(held, [1, 2, 3, 4].map((events) => READER_BYTES + events * (100 + QUEUED_EVENT_BYTES)));
  assert.deepEqual(ends, ["detached"]);
  const chunks = await Array.fromAsync(stream.body);
  assert.equal(chunks.length, 3);
});

Deno.test("a client that keeps up holds one event, however many there were, and one that lags those that may wait", async () => {
  const held: number[] = [];
  const stream = new ClientStream(createManualClock(), PING_MS, () => {}, {
    fits: (bytes) => held.push(bytes) > 0,
    end() {},
  });
  const reader = stream.body.getReader();
  for (let index = 0; index < 3; index++) {
    stream.write(toBytes("x"));
    await reader.read();
  }
  assert.deepEqual(new Set(held), new Set([READER_BYTES + 1 + QUEUED_EVENT_BYTES]));
  const size = 2 * MIN_EVENT_BYTES;
  const event = toBytes("x".repeat(size));
  stream.write(event);
  for (let index = 0; index < 10; index++) {
    stream.write(event);
    await reader.read();
  }
  // One waits, whose bytes would be enough for two.
  assert.equal(held.at(-1), READER_BYTES + 2 * size + 3 * QUEUED_EVENT_BYTES);
  stream.close();
});
