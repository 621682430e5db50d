/** Titles: workers over the real SQL functions. */

import assert from "node:assert/strict";
import { TITLE_TASK } from "../_relay/generation/memory.ts";
import { MAX_TITLE_ATTEMPTS } from "../_relay/protocol/limits.ts";
import { makeRelay, type Worker } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";

const sql = await startSql();

/** A relay whose user's bot gives titles. */
async function withStory(workers = 1) {
  const relay = await makeRelay(sql, workers);
  const { user, clock } = relay;
  await sql.query("update public.bots set titles = true where user_id = $1", [user]);
  return {
    ...relay,
    /** One turn on a worker; what it begins then is its last call. */
    async tell(worker: Worker, fields = {}) {
      const client = await worker.start({ prompt: "Tell me of a fox", on_disconnect: "continue", ...fields });
      const call = worker.calls.at(-1)!;
      call.send("She put on her coat.");
      call.finish();
      await clock.run(1_000);
      assert.equal(client.events.at(-1)?.event, "done");
      // What follows in the background asks the database, too.
      await clock.run(1_000);
      return JSON.parse(client.events[0].data) as { conversation_id: string };
    },
    title: async () =>
      (await sql.query("select title from public.conversations where user_id = $1", [user])).title as string,
  };
}

Deno.test("a story without a title is given one behind its back, once, and its user is not kept waiting", async () => {
  const { clock, tell, title, workers: [worker] } = await withStory();
  const { conversation_id } = await tell(worker);
  const call = worker.calls[1];
  assert.deepEqual(call.call.messages.at(-1), { role: "user", content: TITLE_TASK });
  assert.equal(await title(), "");
  call.send('"The Fox and Her Coat"\n');
  call.finish();
  await clock.run(1_000);
  assert.equal(await title(), "The Fox and Her Coat");
  await tell(worker, { conversation_id });
  assert.equal(worker.calls.length, 3);
});

Deno.test("a title that the user sets first is kept, and a failing provider sets none", async () => {
  const { clock, tell, title, user, workers: [worker] } = await withStory();
  await tell(worker);
  await sql.query("update public.conversations set title = 'Mine' where user_id = $1", [user]);
  worker.calls[1].send("Theirs");
  worker.calls[1].finish();
  await clock.run(1_000);
  assert.equal(await title(), "Mine");

  const failing = await withStory();
  await failing.tell(failing.workers[0]);
  failing.workers[0].calls[1].fail(new Error("No"));
  await failing.clock.run(1_000);
  assert.equal(await failing.title(), "");
});

Deno.test("a title that failed is asked for again after the next answer, up to a number of attempts", async () => {
  const { clock, tell, title, workers: [worker] } = await withStory();
  let fields = {};
  for (let attempt = 1; attempt <= MAX_TITLE_ATTEMPTS; attempt++) {
    fields = { conversation_id: (await tell(worker, fields)).conversation_id };
    assert.equal(worker.calls.length, 2 * attempt);
    worker.calls.at(-1)!.fail(new Error("No"));
    await clock.run(1_000);
  }
  await tell(worker, fields);
  assert.deepEqual([worker.calls.length, await title()], [2 * MAX_TITLE_ATTEMPTS + 1, ""]);
});
