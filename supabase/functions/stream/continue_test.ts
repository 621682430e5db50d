/** An answer that is continued: workers over the real SQL functions. */

import assert from "node:assert/strict";
import { MAX_READ_UNITS } from "../_relay/protocol/limits.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import type { TestCall } from "../_relay/testing/provider.ts";
import { makeRelay, type Relay } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const sql = await startSql();
const OLD = "Once upon a 🐉";

/** How the answer ended that is continued. */
const ENDS: Record<string, (relay: Relay, call: TestCall) => unknown> = {
  length: (_, call) => call.finish({ finishReason: "length" }),
  timeout: ({ clock }) => clock.run(60_000),
  error: (_, call) => call.fail(new RelayError("provider_error")),
  cancelled: async ({ workers }) => void await (await workers[1].cancel("old")).body?.cancel(),
  interrupted: ({ workers }) => workers[0].platform.shutdown.begin("wall_clock"),
};

/** A relay whose user has an answer of this text. */
async function withAnswer(text = OLD, end = ENDS.length, count = 3) {
  const relay = await makeRelay(sql, count);
  await sql.query("delete from relay.generations where stream_id = 'old'");
  await sql.query("delete from public.messages where stream_id = 'old'");
  const client = await relay.workers[0].start({ prompt: "Hi", stream_id: "old", on_disconnect: "continue" });
  const call = relay.workers[0].calls[0];
  call.send(text);
  await relay.clock.run(1_000);
  await end(relay, call);
  await relay.clock.run(2_000);
  assertEnded(client);
  const old = await sql.query("select * from public.messages where stream_id = 'old'");
  assert.equal(old.content, text);
  return { ...relay, old, ask: { continue_of: old.id, stream_id: relay.streamId, on_disconnect: "continue" } };
}

for (const [reason, end] of Object.entries(ENDS)) {
  Deno.test(`what ended with ${reason} is continued: one message, whose offsets hold over the seam on every worker`, async () => {
    const relay = await withAnswer(OLD, end);
    const { ask, clock, old, streamId, workers } = relay;
    assert.equal(old.finish_reason, reason);
    const client = await workers[1].start(ask);
    const [call] = workers[1].calls;
    const half = [await workers[1].read(streamId, { from: 5 }), await workers[2].read(streamId, { from: 5 })];
    call.send("upon a 🐉 flew");
    await clock.run(2_000);
    const later = [await workers[1].read(streamId, { from: 16 }), await workers[2].read(streamId, { from: 16 })];
    call.send(" home.");
    call.finish();
    await clock.run(2_000);

    const whole = "Once upon a 🐉 flew home.";
    assert.equal(await relay.stored(), whole);
    const replays = [await workers[1].read(streamId), await workers[2].start(ask)];
    for (const reader of [client, ...replays]) assert.equal(reader.text, whole);
    for (const reader of half) assert.equal(reader.text, whole.slice(5));
    for (const reader of later) assert.equal(reader.text, whole.slice(16));
    for (const reader of [client, ...half, ...later, ...replays]) {
      assertEnded(reader);
      for (const { event, id } of reader.events) if (event === "token") assert.ok(Number(id) <= whole.length);
    }
    const first = client.events.find(({ event }) => event === "token")!;
    assert.deepEqual([first.id, first.data], [String(OLD.length), OLD]);

    const row = await sql.query("select * from public.messages where stream_id = $1", [streamId]);
    assert.deepEqual([row.parent_id, row.finish_reason, row.is_complete], [old.parent_id, "stop", true]);
    const { content } = await sql.query("select content from public.messages where stream_id = 'old'");
    assert.equal(content, OLD);
    await relay.end();
  });
}

Deno.test("a killed worker leaves the old text and what its beats brought, and that is continued again", async () => {
  const relay = await withAnswer();
  const { ask, clock, streamId, workers } = relay;
  const client = await workers[1].start(ask);
  workers[1].calls[0].send(" flew");
  await clock.run(1_000);
  workers[1].calls[0].send(" lost");
  workers[1].cut = true;
  await relay.expire();
  const resumed = await workers[2].read(streamId, { from: client.text.length });
  assertEnded(resumed);
  assert.deepEqual([resumed.text, client.text], ["", `${OLD} flew lost`]);
  assert.equal((await workers[2].read(streamId)).text, `${OLD} flew`);

  const { id } = await sql.query("select id from public.messages where stream_id = $1", [streamId]);
  const again = await workers[2].start({ ...ask, continue_of: id, stream_id: `${streamId}-2` });
  workers[2].calls[0].send(" home.");
  workers[2].calls[0].finish();
  await clock.run(1_000);
  assertEnded(again);
  assert.equal(again.text, `${OLD} flew home.`);
  await relay.end();
});

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

Deno.test("an answer is asked for again where the first one failed, and another bot answers the bot", async () => {
  const relay = await makeRelay(sql);
  const { clock, user, workers } = relay;
  const failed = await workers[0].start({ prompt: "Hi", stream_id: `${relay.streamId}-0` });
  workers[0].calls[0].fail(new RelayError("provider_error"));
  await clock.run(1_000);
  assertEnded(failed);
  const prompt = await sql.query("select * from public.messages where user_id = $1", [user]);
  const asked = await workers[1].start({ answer_to: prompt.id, stream_id: relay.streamId });
  assert.deepEqual(workers[1].calls[0].call.messages, [{ role: "user", content: "Hi" }]);
  workers[1].calls[0].send("Hello");
  workers[1].calls[0].finish();
  await clock.run(1_000);
  assertEnded(asked);
  const answer = await sql.query("select * from public.messages where stream_id = $1", [relay.streamId]);
  assert.equal(answer.parent_id, prompt.id);

  const crow = await sql.query(
    "insert into public.bots (user_id, name, model) values ($1, 'Crow', 'model-2') returning id",
    [user],
  );
  const other = await workers[0].start({ answer_to: answer.id, bot_id: crow.id, stream_id: `${relay.streamId}-2` });
  await sql.query("update public.bots set name = 'Fox' where id = $1", [answer.bot_id]);
  assert.deepEqual(workers[0].calls[1].call.messages, [
    { role: "user", content: "Hi" },
    { role: "user", content: "model-1: Hello" },
  ]);
  workers[0].calls[1].send("Caw");
  workers[0].calls[1].finish();
  await clock.run(1_000);
  assertEnded(other);

  // The same bot goes on by itself.
  const { id } = await sql.query("select id from public.messages where content = 'Caw' and user_id = $1", [user]);
  await workers[0].start({ answer_to: id, bot_id: crow.id, stream_id: `${relay.streamId}-3` });
  assert.deepEqual(workers[0].calls[2].call.messages.map(({ role, content }) => `${role}: ${content}`), [
    "user: Hi",
    "user: Fox: Hello",
    "assistant: Caw",
    "user: Go on.",
  ]);
  await relay.end();
});
