/** What a preview shows is what a start sends: every kind of request, in random trees of several bots, with memories. */

import assert from "node:assert/strict";
import { createDatabase } from "../_relay/database/database.ts";
import { providerCall } from "../_relay/generation/run.ts";
import type { StreamRequest } from "../_relay/protocol/requests.ts";
import { bytesIn, charactersIn, MESSAGE_BYTES } from "../_relay/protocol/sizes.ts";
import { makeAdmitted, makeCaller } from "../_relay/testing/generation.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRandom, type Random } from "../_relay/testing/split.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { previewOf } from "./preview.ts";

const sql = await startSql();
const BASE_URL = new URL("https://provider.test/v1");
const platform = makePlatform({ configuration: { rateLimitPerMinute: 1_000_000, maxConcurrent: 9 } });
const database = createDatabase(platform, sql.rpc);
const INSTRUCTIONS = [null, "You are the narrator."];

/** A user with two bots, and a story in which both of them have said something. */
async function givenStory(random: Random, context_tokens: number | null) {
  const user = await sql.addUser();
  const { id: crow } = await sql.query(
    "insert into public.bots (user_id, name, model) values ($1, 'Crow', 'model-1') returning id",
    [user],
  );
  await sql.query(
    "update public.bots set context_tokens = $2, takes_prefill = $3, system_prompt = $4 where user_id = $1",
    [user, context_tokens, random(2) === 0, INSTRUCTIONS[random(2)]],
  );
  const { id: fox } = await sql.query("select id from public.bots where user_id = $1 and id <> $2", [user, crow]);
  const { id: conversation_id } = await sql.query(
    "insert into public.conversations (user_id, bot_id) values ($1, $2) returning id",
    [user, fox],
  );
  const ids: string[] = [];
  for (let size = 4 + random(12); size > 0; size--) {
    const parent = ids.length === 0 || random(8) === 0 ? null : ids[Math.max(ids.length - 1 - random(2), 0)];
    const content = ["é", "🐉", "x"][random(3)].repeat(1 + random(200));
    const author = [null, fox, crow][random(3)];
    const { id } = await sql.query(
      `insert into public.messages (user_id, conversation_id, parent_id, content, is_user_author, bot_id)
       values ($1, $2, $3, $4, $5, $6) returning id`,
      [user, conversation_id, parent, content, author === null, author],
    );
    ids.push(id);
    if (random(8) > 0) continue;
    await sql.query("insert into public.memories (message_id, user_id, content) values ($1, $2, $3)", [
      id,
      user,
      "é🐉x".repeat(1 + random(9)),
    ]);
  }
  return { user, conversation_id, ids, bots: [undefined, fox, crow] };
}

/** Null: both refuse it, because the window has no room for it or it cannot be continued. */
async function seen(user: string, request: StreamRequest) {
  const [streamId, fence] = [crypto.randomUUID(), crypto.randomUUID()];
  const start = { ...makeCaller(user), streamId, fence, request, maxContext: 4_000_000, maxRoom: 4_000_000 };
  const looked = await database.preview(start);
  const answer = await database.begin(start);
  if ("refusal" in looked) {
    assert.ok("refusal" in answer);
    assert.deepEqual([answer.refusal.code, looked.refusal.code], ["invalid_request", "invalid_request"]);
    return null;
  }
  if (!looked.preview.fits) {
    assert.equal("refusal" in answer && answer.refusal.code, "context_exceeded");
    return null;
  }
  assert.ok("admission" in answer);
  const again = await database.begin(start);
  assert.ok("admission" in again);
  const { rate: _, ...admission } = answer.admission;
  assert.deepEqual({ ...again.admission, rate: null }, { ...admission, rate: null }, "The same start again");

  const { messages } = providerCall(makeAdmitted({ admission: answer.admission, request }), BASE_URL);
  const row = await sql.query("select * from relay.generations where stream_id = $1", [streamId]);
  const ending = { status: "completed", finishReason: "stop", errorCode: null, usage: null } as const;
  const text = (answer.admission.continued ?? "") + "Then.";
  await database.finish(streamId, fence, { ...ending, firstTokenMs: null, overheadMs: null }, {
    storedUnits: answer.admission.continued?.length ?? 0,
    from: (at) => text.slice(at),
  }, { units: 0, toOthers: 0 });
  return { preview: looked.preview, admission: answer.admission, messages, row };
}

Deno.test("a preview shows what a start sends, and both count the same bytes", async () => {
  const random = makeRandom(21);
  const kinds = new Set<string>();
  let [cuts, memories] = [0, 0];
  for (let round = 0; round < 10; round++) {
    const { user, conversation_id, ids, bots } = await givenStory(random, [null, 256, 700, 1_000][round % 4]);
    const requests: Partial<StreamRequest>[] = ids.flatMap((id) => [
      { prompt: "Hi 🐉", parent_id: id },
      { reroll_of: id },
      { continue_of: id },
      { answer_to: id },
    ]);
    for (const asked of [{ prompt: "Hi" }, ...requests]) {
      const bot_id = bots[random(3)];
      const request: StreamRequest = { conversation_id, on_disconnect: "stop", ...asked, ...(bot_id && { bot_id }) };
      const found = await seen(user, request);
      if (found === null) continue;
      const { preview, admission, messages, row } = found;
      const sizes = messages.map(({ role, content }) => [role, charactersIn(content)]);
      const shown = previewOf(preview, request);
      assert.deepEqual(
        shown.messages.map(({ role, characters }) => [role, characters]),
        sizes,
        JSON.stringify(request),
      );
      const bytes = messages.reduce((sum, { content }) => sum + bytesIn(content) + MESSAGE_BYTES, 0);
      // Instructions count as a message even where there are none.
      assert.equal(row.context_bytes, bytes + (preview.system_prompt === null ? MESSAGE_BYTES : 0));
      assert.equal(preview.messages.reduce((sum, sent) => sum + sent.bytes, preview.fixed_bytes), row.context_bytes);
      assert.deepEqual([preview.left_out, preview.messages.length], [row.left_out, row.context_messages]);
      assert.deepEqual([preview.bot_id, preview.parent_id], [
        admission.bot_id,
        admission.user_message_id === null ? admission.parent_id : preview.parent_id,
      ]);
      kinds.add(Object.keys(asked)[0]);
      if (row.left_out > 0) cuts++;
      assert.deepEqual(shown.memory?.message_id ?? null, row.memory_id);
      if (row.memory_id !== null) memories++;
    }
  }
  assert.deepEqual([...kinds].sort(), ["answer_to", "continue_of", "prompt", "reroll_of"]);
  assert.ok(cuts > 20, `${cuts}`);
  assert.ok(memories > 20, `${memories}`);
});

Deno.test("an answer that is continued begins where its own context began, but where that was cut for it", async () => {
  const random = makeRandom(22);
  const { user, conversation_id } = await givenStory(random, 2_000);
  let [same, leftOut] = [0, 0];
  for (let turn = 0; turn < 30; turn++) {
    const request = { conversation_id, prompt: `${turn} `.repeat(60), on_disconnect: "stop" } as const;
    const told = await seen(user, request);
    assert.ok(told);
    const { id } = await sql.query("select id from public.messages where stream_id = $1", [told.row.stream_id]);
    const longer = await seen(user, { continue_of: id, on_disconnect: "stop" });
    assert.ok(longer);
    if (told.row.context_start === longer.row.context_start) same++;
    leftOut = longer.row.left_out;
  }
  assert.ok(same >= 25, `${same}`);
  assert.ok(leftOut > 20, `${leftOut}`);
});
