/** An answer that is continued: workers over the real SQL functions. */

import assert from "node:assert/strict";
import { MAX_READ_UNITS } from "../_relay/protocol/limits.ts";
import { makeRelay } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const sql = await startSql();
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

Deno.test("a worker that was cut off before its first word stores the whole after the sweep that stored nothing", async () => {
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

Deno.test("the old text comes in parts where it is long, and then what is new", async () => {
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
