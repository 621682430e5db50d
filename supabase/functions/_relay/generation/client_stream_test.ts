import assert from "node:assert/strict";
import { QUEUED_EVENT_BYTES, READER_BYTES } from "../platform/memory.ts";
import { toBytes } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { createManualClock } from "../testing/platform.ts";
import { createClientStream } from "./client_stream.ts";

const PING_MS = 10_000;
const PING = "event: ping\ndata: {}\n\n";
const FULL = "x".repeat(MAX_CLIENT_QUEUE_BYTES);
const HALF = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 2);

/** A stream, and in order how it ended, and that nothing of it waits any more. */
function make() {
  const clock = createManualClock();
  const ends: string[] = [];
  const stream = createClientStream(clock, PING_MS, (how) => ends.push(how), {
    fits: () => true,
    end: () => ends.push("over"),
  });
  return {
    clock,
    ends,
    body: stream.body,
    close: stream.close,
    write: (...texts: string[]) => texts.forEach((text) => stream.write(toBytes(text))),
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
});

Deno.test("a stream that has nothing waiting is over with its close", () => {
  const { close, ends } = make();
  close();
  assert.deepEqual(ends, ["closed", "over"]);
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

Deno.test("a queue that is exactly full is kept; a byte more detaches the client, which gets what waited", async () => {
  for (const more of ["", "x"]) {
    const { clock, close, ends, rest, write } = make();
    write(HALF, HALF, more);
    assert.deepEqual(ends, more === "" ? [] : ["detached"]);
    if (more !== "") assert.equal(clock.pending, 0);
    write(...(more === "" ? [] : ["later"]));
    close();
    assert.deepEqual(await rest(), [HALF, HALF]);
    assert.deepEqual(ends, [more === "" ? "closed" : "detached", "over"]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("the queue counts bytes, not characters", () => {
  const { ends, write } = make();
  write("🐉".repeat(MAX_CLIENT_QUEUE_BYTES / 4));
  assert.deepEqual(ends, []);
  write("x");
  assert.deepEqual(ends, ["detached"]);
});

Deno.test("what is called at the end cannot write", async () => {
  const clock = createManualClock();
  const stream = createClientStream(clock, PING_MS, () => {
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
  const { clock, close, rest, write } = make();
  clock.advance(PING_MS - 1);
  write("late");
  clock.advance(PING_MS - 1);
  write("late again");
  clock.advance(PING_MS - 1);
  // Nothing to write is no event.
  write("");
  assert.equal(clock.pending, 1);
  clock.advance(1);
  clock.advance(2 * PING_MS);
  close();
  assert.deepEqual(await rest(), ["late", "late again", PING, PING, PING]);
  assert.equal(clock.pending, 0);
});

Deno.test("a ping that finds the queue full detaches the client", async () => {
  const { clock, ends, rest, write } = make();
  write(FULL);
  clock.advance(PING_MS);
  assert.deepEqual(ends, ["detached"]);
  assert.equal(clock.pending, 0);
  assert.equal((await rest()).length, 1);
});

Deno.test("what waits for a client that does not read is held, each event with what it costs; a full share detaches", async () => {
  const held: number[] = [];
  const clock = createManualClock();
  const seat = { fits: (bytes: number) => held.push(bytes) < 4, end() {} };
  const ends: string[] = [];
  const stream = createClientStream(clock, PING_MS, (how) => ends.push(how), seat);
  for (let index = 0; index < 4; index++) stream.write(toBytes("x".repeat(100)));
  assert.deepEqual(held, [1, 2, 3, 4].map((events) => READER_BYTES + events * (100 + QUEUED_EVENT_BYTES)));
  assert.deepEqual(ends, ["detached"]);
  const chunks = await Array.fromAsync(stream.body);
  assert.equal(chunks.length, 3);
});

Deno.test("a client that keeps up holds one event, however many there were", async () => {
  const held: number[] = [];
  const stream = createClientStream(createManualClock(), PING_MS, () => {}, {
    fits: (bytes) => held.push(bytes) > 0,
    end() {},
  });
  const reader = stream.body.getReader();
  for (let index = 0; index < 3; index++) {
    stream.write(toBytes("x"));
    await reader.read();
  }
  assert.deepEqual(new Set(held), new Set([READER_BYTES + 1 + QUEUED_EVENT_BYTES]));
  stream.close();
});
