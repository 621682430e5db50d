/** Memories: workers over the real SQL functions. */

import assert from "node:assert/strict";
import { MEMORY_TASK } from "../_relay/generation/memory.ts";
import { MEMORY_HEADING } from "../_relay/generation/run.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { makeRelay, type Relay, type Worker } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";

const sql = await startSql();

/** A relay whose user has a story of seven turns, 200 bytes a message; a memory is due after the eighth. */
async function withStory() {
  const relay = await makeRelay(sql, 2);
  const { user, clock } = relay;
  await sql.query("update public.bots set memory = true, context_tokens = 2000 where user_id = $1", [user]);
  const { id: conversation_id } = await sql.query(
    "insert into public.conversations (user_id) values ($1) returning id",
    [
      user,
    ],
  );
  const ids: string[] = [];
  for (let index = 0; index < 14; index++) {
    const { id } = await sql.query(
      `insert into public.messages (user_id, conversation_id, parent_id, content, is_user_author)
       values ($1, $2, $3, $4, $5) returning id`,
      [user, conversation_id, ids.at(-1) ?? null, "x".repeat(188), index % 2 === 0],
    );
    ids.push(id);
  }
  await sql.query("update public.conversations set active_message_id = $1 where id = $2", [
    ids.at(-1),
    conversation_id,
  ]);
  return {
    ...relay,
    conversation_id,
    ids,
    /** One turn on a worker; what it begins then is its last call. */
    async tell(worker: Worker) {
      const client = await worker.start({ prompt: "x".repeat(188), conversation_id, on_disconnect: "continue" });
      const call = worker.calls.at(-1)!;
      call.send("y".repeat(188));
      call.finish();
      await clock.run(1_000);
      assert.equal(client.events.at(-1)?.event, "done");
      // What follows in the background asks the database, too.
      await clock.run(1_000);
      return { start: JSON.parse(client.events[0].data), messages: call.call.messages };
    },
    memories: () =>
      sql.query("select count(*)::integer, max(content) as content from public.memories where user_id = $1", [user]),
    /** The generation that writes the memory now. */
    writing: () =>
      sql.query("select * from relay.generations where user_id = $1 and kind = 'memory' and status = 'running'", [
        user,
      ]),
  };
}

Deno.test("a memory is written behind the story's back, and the next prompt is sent with it", async () => {
  const relay = await withStory();
  const { clock, conversation_id, ids, memories, tell, workers: [worker, other], writing } = relay;
  await tell(worker);
  const call = worker.calls[1];
  assert.deepEqual(call.call.messages.at(-1), { role: "user", content: MEMORY_TASK });
  assert.equal(call.call.messages.length, 5);
  call.send("They met.");
  await clock.run(1_000);

  // It is no stream of the user's, on no worker.
  const { stream_id } = await writing();
  for (const { get, running, cancel } of [worker, other]) {
    assert.deepEqual([(await get(stream_id)).status, (await running(conversation_id)).status], [404, 204]);
    assert.equal((await cancel(stream_id)).status, 404);
  }
  const { messages } = await tell(other);
  assert.equal(messages.filter(({ role }) => role === "system").length, 0);
  assert.equal(other.calls.length, 1);

  call.finish();
  await clock.run(1_000);
  assert.deepEqual(await memories(), { count: 1, content: "They met." });
  const next = await tell(other);
  assert.deepEqual(next.messages[0], { role: "system", content: `${MEMORY_HEADING}\n\nThey met.` });
  assert.equal(next.messages.length, 18 - 4 + 2);
  assert.deepEqual(next.start.context, { messages: 15, left_out: 4, memory: ids[3] });
  const replay = await worker.read(next.start.stream_id);
  assert.deepEqual(JSON.parse(replay.events[0].data), next.start);
  await relay.end();
});

/** What happens to the worker or the provider while it writes. */
const FAILURES: Record<string, (relay: Relay, streamId: string) => unknown> = {
  "a provider that fails": ({ workers: [{ calls }] }) => calls[1].fail(new RelayError("provider_error")),
  "a provider that filters": ({ workers: [{ calls }] }) => calls[1].finish({ finishReason: "content_filter" }),
  "a provider that falls silent": ({ clock }) => clock.run(60_000),
  "a worker that is about to end": ({ workers: [{ platform }] }) => platform.shutdown.begin("wall_clock"),
  "a worker that was killed": async ({ workers: [worker] }, streamId) => {
    worker.cut = true;
    await sql.expire(streamId);
    await sql.query("select public.relay_sweep()");
  },
  "a worker that was killed, before any sweep": async ({ workers: [worker] }, streamId) => {
    worker.cut = true;
    await sql.expire(streamId);
  },
};

for (const [title, fail] of Object.entries(FAILURES)) {
  Deno.test(`${title} leaves nothing of a memory, and the next answer asks for it again`, async () => {
    const relay = await withStory();
    const { clock, ids, memories, tell, workers: [worker, other], writing } = relay;
    await tell(worker);
    worker.calls[1].send("They ");
    await clock.run(1_000);
    const { stream_id } = await writing();
    await fail(relay, stream_id);
    await clock.run(1_000);
    const { messages } = await tell(other);
    assert.equal(messages.length, 17);
    assert.deepEqual(await memories(), { count: 0, content: null });
    const stored = await sql.query("select count(*)::integer from relay.chunks where stream_id = $1", [stream_id]);
    const row = await sql.query("select status from relay.generations where stream_id = $1", [stream_id]);
    assert.deepEqual([stored.count, row.status === "running"], [0, false]);

    const again = other.calls[1];
    assert.deepEqual(again.call.messages.at(-1), { role: "user", content: MEMORY_TASK });
    again.send("They met.");
    again.finish();
    await clock.run(1_000);
    assert.deepEqual(await memories(), { count: 1, content: "They met." });
    const written = await sql.query(
      "select message_id from public.memories where content = 'They met.' and message_id = any ($1)",
      [
        ids,
      ],
    );
    assert.ok(written);
    await relay.end();
  });
}
