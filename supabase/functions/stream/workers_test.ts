/** Workers over the real SQL functions: cancels that cut, and an answer that is continued. */

import assert from "node:assert/strict";
import { MAX_READ_UNITS } from "../_relay/protocol/limits.ts";
import { makeRelay, type Relay } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const sql = await startSql();

const seconds = (clock: Relay["clock"], count: number) => clock.run(count * 1_000);

/** A generation on the first worker that has said this, all of it stored by a beat. */
async function begin(text: string) {
  const relay = await makeRelay(sql);
  const { ask, clock, workers: [worker] } = relay;
  const client = await worker.start({ ...ask, on_disconnect: "continue" });
  const [call] = worker.calls;
  call.send(text);
  await seconds(clock, 1);
  const { conversation_id } = JSON.parse(client.events[0].data);
  return { ...relay, call, client, conversation_id: conversation_id as string };
}

type Begun = Awaited<ReturnType<typeof begin>>;

async function drain(asked: Promise<Response>): Promise<number> {
  const { body, status } = await asked;
  await body?.cancel();
  return status;
}

/** Who reads next to the client that began, where a cancel comes, how much is said until the beat, what is stored. */
const CUTS: [title: string, at: number, prepare: (begun: Begun) => unknown, stored: string][] = [
  ["its one reader has shown what no beat has stored", 10, () => {}, "Foxes 🦊 r"],
  [
    "another reader is on another worker, and has less",
    9,
    ({ streamId, workers }) => workers[1].read(streamId),
    "Foxes 🦊 ",
  ],
  [
    "another reader may be the one that cancels",
    6,
    ({ streamId, workers }) => workers[1].read(streamId),
    "Foxes 🦊 ran",
  ],
  ["the one that began has left before", 6, ({ client }) => client.leave(), "Foxes "],
];

for (const [title, at, prepare, stored] of CUTS) {
  Deno.test(`a cancel cuts the text, but nothing that other readers were sent: ${title}`, async () => {
    const relay = await begin("Foxes 🦊");
    const { call, clock, streamId, workers } = relay;
    await prepare(relay);
    assert.equal(await drain(workers[1].cancel(streamId, { at })), 202);
    call.send(" ran");
    await seconds(clock, 2);
    assert.equal(await relay.stored(), stored);
    // A later reader gets exactly that.
    for (const worker of workers) assert.equal((await worker.read(streamId)).text, stored);
    await relay.end();
  });
}

Deno.test("a reader that comes between the cancel and the end is sent nothing that is not stored", async () => {
  const relay = await begin("Foxes 🦊 ran");
  const { clock, streamId, workers: [worker, other] } = relay;
  assert.equal(await drain(other.cancel(streamId, { at: 6 })), 202);
  // With the beat the worker learns of it, but its finish does not get through.
  const finish = relay.hold("relay_finish");
  await seconds(clock, 1);
  const late = await worker.read(streamId);
  finish();
  await seconds(clock, 2);
  const content = await relay.stored();
  assertEnded(late);
  assert.equal(late.text, content);
  await relay.end();
});

const OLD = "Once upon a 🐉";

/** A relay whose user has an answer of this text. */
async function withAnswer(text = OLD) {
  const relay = await makeRelay(sql, 3);
  await sql.query("delete from relay.generations where stream_id = 'old'");
  await sql.query("delete from public.messages where stream_id = 'old'");
  const client = await relay.workers[0].start({ prompt: "Hi", stream_id: "old", on_disconnect: "continue" });
  const call = relay.workers[0].calls[0];
  call.send(text);
  await relay.clock.run(1_000);
  call.finish({ finishReason: "length" });
  await relay.clock.run(2_000);
  assertEnded(client);
  const old = await sql.query("select * from public.messages where stream_id = 'old'");
  assert.equal(old.content, text);
  return { ...relay, old, ask: { continue_of: old.id, stream_id: relay.streamId, on_disconnect: "continue" } };
}

Deno.test("a worker that was cut off before its first word stores the whole text after a sweep that stored nothing", async () => {
  const relay = await withAnswer();
  const { ask, clock, streamId, workers } = relay;
  const client = await workers[1].start(ask);
  workers[1].cut = true;
  await clock.run(16_000);
  await relay.sweep();
  assert.equal(await relay.stored(), null);
  const replay = await workers[2].read(streamId);
  assertEnded(replay);
  assert.equal(replay.text, "");
  workers[1].cut = false;
  workers[1].calls[0].send(" flew.");
  workers[1].calls[0].finish();
  await clock.run(2_000);
  assertEnded(client);
  assert.equal(await relay.stored(), `${OLD} flew.`);
  assert.equal((await workers[2].read(streamId, { from: OLD.length })).text, " flew.");
  await relay.end();
});

Deno.test("a long old text comes in parts, and then the new text", async () => {
  const text = "🐉".repeat(MAX_READ_UNITS / 2 + 10) + "x".repeat(MAX_READ_UNITS);
  const relay = await withAnswer(text);
  const { ask, clock, streamId, workers } = relay;
  const readers = [await workers[1].start(ask), await workers[2].read(streamId, { from: 3 })];
  workers[1].calls[0].send(" home.");
  await clock.run(3_000);
  readers.push(await workers[1].read(streamId), await workers[2].read(streamId));
  workers[1].calls[0].finish();
  await clock.run(5_000);
  for (const [index, reader] of readers.entries()) {
    assertEnded(reader);
    // Half a pair was never sent.
    assert.ok(reader.text === `${text} home.`.slice(index === 1 ? 2 : 0), `reader ${index}: ${reader.text.length}`);
  }
  assert.ok(await relay.stored() === `${text} home.`);
  await relay.end();
});
