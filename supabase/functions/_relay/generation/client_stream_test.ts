import assert from "node:assert/strict";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { createManualClock } from "../testing/platform.ts";
import { type ClientEnd, createClientWriter } from "./client_stream.ts";
import { encode } from "./frames.ts";

const PING_MS = 10_000;
const PING = "event: ping\ndata: {}\n\n";

function make() {
  const clock = createManualClock();
  const ends: ClientEnd[] = [];
  const writer = createClientWriter(clock, PING_MS, (how) => ends.push(how));
  return { clock, ends, writer };
}

/** All that is left of a body, chunk by chunk. */
async function chunksOf(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of body) chunks.push(new TextDecoder().decode(chunk));
  return chunks;
}

Deno.test("each write is one chunk, and a close ends the body", async () => {
  const { clock, ends, writer } = make();
  writer.write(encode("one"));
  writer.write(encode("é🐉"));
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), ["one", "é🐉"]);
  assert.deepEqual(ends, ["closed"]);
  assert.equal(clock.pending, 0);
});

Deno.test("nothing to write is not written", async () => {
  const { clock, writer } = make();
  clock.advance(PING_MS - 1);
  writer.write(encode(""));
  clock.advance(1);
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), [PING]);
});

Deno.test("after a close every call does nothing", async () => {
  const { ends, writer } = make();
  writer.write(encode("one"));
  writer.close();
  writer.write(encode("two"));
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), ["one"]);
  assert.deepEqual(ends, ["closed"]);
});

Deno.test("a client that leaves is gone, once, and every call then does nothing", async () => {
  const { clock, ends, writer } = make();
  writer.write(encode("one"));
  await writer.body.cancel("left");
  assert.deepEqual(ends, ["gone"]);
  writer.write(encode("two"));
  writer.close();
  assert.deepEqual(ends, ["gone"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a client that leaves after the end, with chunks unread, has not gone", async () => {
  const { ends, writer } = make();
  writer.write(encode("one"));
  writer.close();
  await writer.body.cancel("left");
  assert.deepEqual(ends, ["closed"]);
});

Deno.test("a queue that is exactly full is kept", async () => {
  const { clock, ends, writer } = make();
  const half = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 2);
  writer.write(encode(half));
  writer.write(encode(half));
  assert.deepEqual(ends, []);
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), [half, half]);
  assert.equal(clock.pending, 0);
});

Deno.test("a byte more detaches the client, which gets what waited and a plain end", async () => {
  const { clock, ends, writer } = make();
  const half = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 2);
  writer.write(encode(half));
  writer.write(encode(half));
  writer.write(encode("x"));
  assert.deepEqual(ends, ["detached"]);
  assert.equal(clock.pending, 0);
  writer.write(encode("later"));
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), [half, half]);
  assert.deepEqual(ends, ["detached"]);
});

Deno.test("a stream is over once nothing waits any more, or its client has left", async () => {
  const over: string[] = [];
  const open = (name: string) =>
    createClientWriter(
      createManualClock(),
      PING_MS,
      () => {},
      () => over.push(name),
    );
  const read = open("read");
  read.write(encode("a"));
  read.write(encode("b"));
  read.close();
  assert.deepEqual(over, []);
  assert.deepEqual(await chunksOf(read.body), ["a", "b"]);
  assert.deepEqual(over, ["read"]);
  const left = open("left");
  left.write(encode("a"));
  left.close();
  await left.body.cancel("the client left");
  assert.deepEqual(over, ["read", "left"]);
  open("empty").close();
  assert.deepEqual(over, ["read", "left", "empty"]);
});

Deno.test("the queue counts bytes, not characters", () => {
  const { ends, writer } = make();
  writer.write(encode("🐉".repeat(MAX_CLIENT_QUEUE_BYTES / 4)));
  assert.deepEqual(ends, []);
  writer.write(encode("x"));
  assert.deepEqual(ends, ["detached"]);
});

Deno.test("an end is told while nothing more can be written, so that who is told cannot write", async () => {
  const clock = createManualClock();
  const ends: ClientEnd[] = [];
  const writer = createClientWriter(clock, PING_MS, (how) => {
    ends.push(how);
    writer.write(encode("late"));
    writer.close();
  });
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), []);
  assert.deepEqual(ends, ["closed"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a detached client that leaves has not gone, too", async () => {
  const { ends, writer } = make();
  writer.write(encode("x".repeat(MAX_CLIENT_QUEUE_BYTES)));
  writer.write(encode("x"));
  await writer.body.cancel("left");
  assert.deepEqual(ends, ["detached"]);
});

Deno.test("a client that keeps up gets an event larger than the whole queue", async () => {
  const { ends, writer } = make();
  const large = "x".repeat(MAX_CLIENT_QUEUE_BYTES + 1);
  writer.write(encode(large));
  assert.deepEqual(ends, []);
  const reader = writer.body.getReader();
  assert.equal((await reader.read()).value?.byteLength, large.length);
  writer.write(encode("small"));
  assert.equal((await reader.read()).value?.byteLength, 5);
  writer.close();
  assert.equal((await reader.read()).done, true);
  assert.deepEqual(ends, ["closed"]);
});

Deno.test("what was read makes room again", async () => {
  const { ends, writer } = make();
  const reader = writer.body.getReader();
  for (let round = 0; round < 5; round++) {
    writer.write(encode("x".repeat(MAX_CLIENT_QUEUE_BYTES)));
    assert.equal((await reader.read()).value?.byteLength, MAX_CLIENT_QUEUE_BYTES);
  }
  assert.deepEqual(ends, []);
  writer.close();
});

Deno.test("a ping goes out after each silence, and none before", async () => {
  const { clock, writer } = make();
  clock.advance(PING_MS - 1);
  writer.write(encode("late"));
  clock.advance(PING_MS - 1);
  writer.write(encode("late again"));
  clock.advance(PING_MS - 1);
  assert.equal(clock.pending, 1);
  clock.advance(1);
  clock.advance(2 * PING_MS);
  writer.close();
  assert.deepEqual(await chunksOf(writer.body), ["late", "late again", PING, PING, PING]);
  assert.equal(clock.pending, 0);
});

Deno.test("while events flow there is one timer and no ping", async () => {
  const { clock, writer } = make();
  for (let event = 0; event < 100; event++) {
    clock.advance(PING_MS / 4);
    writer.write(encode("x"));
    assert.equal(clock.pending, 1);
  }
  writer.close();
  assert.equal((await chunksOf(writer.body)).join(""), "x".repeat(100));
});

Deno.test("a ping that finds the queue full detaches the client", async () => {
  const { clock, ends, writer } = make();
  writer.write(encode("x".repeat(MAX_CLIENT_QUEUE_BYTES)));
  clock.advance(PING_MS);
  assert.deepEqual(ends, ["detached"]);
  assert.equal(clock.pending, 0);
  assert.equal((await chunksOf(writer.body)).length, 1);
});
