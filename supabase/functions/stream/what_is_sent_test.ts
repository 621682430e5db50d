/**
 * What a provider is sent, by every kind of request, in random trees of several bots, with memories: it is what a preview
 * shows, and strict models take it, whose turns alternate from the user's to the user's, none empty, without a system role.
 */

import assert from "node:assert/strict";
import { createDatabase } from "../_relay/database/database.ts";
import { providerCall } from "../_relay/generation/run.ts";
import type { StreamRequest } from "../_relay/protocol/requests.ts";
import { bytesIn, charactersIn, MESSAGE_BYTES } from "../_relay/protocol/sizes.ts";
import type { ContextMessage } from "../_relay/provider/provider.ts";
import { messagesFor } from "../_relay/provider/request.ts";
import { makeAdmitted, makeCaller } from "../_relay/testing/generation.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRandom, makeText, type Random } from "../_relay/testing/split.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { BASE_URL } from "../_relay/testing/worker.ts";
import { previewOf } from "./preview.ts";

const sql = await startSql();
const platform = makePlatform({ configuration: { rateLimitPerMinute: 1_000_000, maxConcurrent: 9 } });
const database = createDatabase(platform, sql.rpc);

/** A user with two bots, of whom the first is strict or not, and a story as clients may store one. */
async function givenStory(random: Random, context_tokens: number | null, isStrict: boolean) {
  const user = await sql.addUser();
  const { id: crow } = await sql.query(
    "insert into public.bots (user_id, name, model) values ($1, 'Crow', 'model-1') returning id",
    [user],
  );
  await sql.query(
    `update public.bots set context_tokens = $2, takes_prefill = $3, system_prompt = $4, takes_system = not $5,
       first_turn_is_user = $5 where user_id = $1`,
    [user, context_tokens, random(2) === 0, [null, "", " ", "You are the narrator."][random(4)], isStrict],
  );
  const { id: fox } = await sql.query("select id from public.bots where user_id = $1 and id <> $2", [user, crow]);
  const { id: conversation_id } = await sql.query(
    "insert into public.conversations (user_id, bot_id) values ($1, $2) returning id",
    [user, fox],
  );
  const ids: string[] = [];
  for (let size = 3 + random(16); size > 0; size--) {
    const parent = ids.length === 0 || random(7) === 0 ? null : ids[Math.max(ids.length - 1 - random(3), 0)];
    const blank = makeText([" ", "\n", "\u00a0"], random(3), random);
    // Strict models' stories have empty messages, too, after which a request to go on may be counted that is not sent.
    const isBlank = random(4) === 0 && (isStrict || blank !== "");
    const content = (isBlank ? "" : ["é", "🐉", "x"][random(3)].repeat(1 + random(200))) + blank;
    const isUser = random(2) === 0;
    const author = isUser ? null : [null, fox, crow][random(3)];
    const { id } = await sql.query(
      `insert into public.messages (user_id, conversation_id, parent_id, content, is_user_author, bot_id)
       values ($1, $2, $3, $4, $5, $6) returning id`,
      [user, conversation_id, parent, content, isUser, author],
    );
    ids.push(id);
    if (random(7) > 0) continue;
    const memory = "é🐉x".repeat(1 + random(9));
    await sql.query("insert into public.memories (message_id, user_id, content) values ($1, $2, $3)", [
      id,
      user,
      memory,
    ]);
  }
  return { user, conversation_id, ids, bots: [undefined, fox, crow] };
}

/** Null: both refuse it, because the window has no room for it or it cannot be continued. */
async function seen(user: string, request: StreamRequest, text = "Then.") {
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

  const call = providerCall(makeAdmitted({ admission: answer.admission, request }), BASE_URL);
  const row = await sql.query("select * from relay.generations where stream_id = $1", [streamId]);
  const ending = { status: "completed", finishReason: "stop", errorCode: null, usage: null } as const;
  const before = answer.admission.continued ?? "";
  await database.finish(streamId, fence, { ...ending, firstTokenMs: null, overheadMs: null }, {
    storedUnits: before.length,
    from: (at) => (before + text).slice(at),
  }, { units: 0, toOthers: 0 });
  return { preview: looked.preview, admission: answer.admission, call, row };
}

/** What a strict model refuses; undefined: nothing. */
function problemOf(messages: ContextMessage[]): string | undefined {
  if (messages.length === 0) return "There is no message";
  const wrong = messages.findIndex(({ role }, index) => role !== (index % 2 === 0 ? "user" : "assistant"));
  if (wrong >= 0) return `Message ${wrong} is the ${messages[wrong].role}'s`;
  if (messages.length % 2 === 0) return "The last one is the assistant's";
  const empty = messages.findIndex(({ content }) => !/\S/.test(content));
  return empty >= 0 ? `Message ${empty} is empty` : undefined;
}

Deno.test("the checker of strict models finds what they refuse", () => {
  const turns = (roles: string) =>
    [...roles].map((role): ContextMessage => ({
      role: ({ u: "user", a: "assistant", s: "system" } as const)[role]!,
      content: "x",
    }));
  for (const roles of ["", "a", "su", "uu", "ua", "uaa", "auau"]) assert.ok(problemOf(turns(roles)), roles);
  for (const roles of ["u", "uau"]) assert.equal(problemOf(turns(roles)), undefined, roles);
  assert.ok(problemOf([{ role: "user", content: " \n" }]));
});

/** Shows and starts it; gives what the window cut and remembers. */
async function check(user: string, request: StreamRequest, random: Random) {
  const found = await seen(user, request, makeText([" ", "Then."], random(3), random));
  if (found === null) return null;
  const { preview, admission, call, row } = found;
  const what = JSON.stringify(request);
  const { takesSystem, isPrefilled, messages } = call;
  if (!takesSystem && !isPrefilled) assert.equal(problemOf(messagesFor(call)), undefined, what);
  // Where a model takes no system role, a preview has the instructions as the user's, and the call as the system's still.
  if (request.messages !== undefined || !takesSystem) return row;
  const shown = previewOf(preview, request);
  assert.deepEqual(
    shown.messages.map(({ role, characters }) => [role, characters]),
    messages.map(({ role, content }) => [role, charactersIn(content)]),
    what,
  );
  const bytes = messages.reduce((sum, { content }) => sum + bytesIn(content) + MESSAGE_BYTES, 0);
  // Instructions count as a message even where there are none.
  const hasInstructions = /\S/.test(preview.system_prompt ?? "");
  const counted = bytes + (hasInstructions ? 0 : MESSAGE_BYTES + (preview.system_prompt ?? "").length);
  // The white space at the end of what is continued counts, though it is not sent.
  if (/\s$/.test(admission.continued ?? "")) assert.ok(row.context_bytes > counted);
  else assert.equal(row.context_bytes, counted);
  assert.equal(preview.messages.reduce((sum, sent) => sum + sent.bytes, preview.fixed_bytes), row.context_bytes);
  assert.deepEqual([preview.left_out, preview.messages.length], [row.left_out, row.context_messages]);
  assert.deepEqual([preview.bot_id, preview.parent_id], [
    admission.bot_id,
    admission.user_message_id === null ? admission.parent_id : preview.parent_id,
  ]);
  assert.deepEqual(shown.memory?.message_id ?? null, row.memory_id);
  return row;
}

Deno.test("a preview shows what a start sends, both count the same bytes, and a strict model takes it", async () => {
  const random = makeRandom(21);
  const kinds = new Set<string>();
  let [cuts, memories, checked] = [0, 0, 0];
  for (let round = 0; round < 16; round++) {
    const { user, conversation_id, ids, bots } = await givenStory(
      random,
      [null, 256, 700, 1_000][round % 4],
      round % 8 < 4,
    );
    const own = Array.from({ length: 1 + random(6) }, (_, index) => ({
      role: index > 0 && random(2) === 0 ? "assistant" as const : "user" as const,
      content: random(3) === 0 ? " " : "x".repeat(1 + random(300)),
    }));
    const requests: Partial<StreamRequest>[] = [
      ...["Hi", " "].flatMap((prompt) => [{ prompt }, { prompt, parent_id: null }]),
      { messages: [...own, { role: "user", content: "Hi" }], prompt: "Hi" },
      ...ids.flatMap((id) => [
        { prompt: "Hi 🐉", parent_id: id },
        ...[{ reroll_of: id }, { continue_of: id }, { answer_to: id }],
      ]),
    ];
    for (const asked of requests) {
      const bot_id = bots[random(3)];
      const request: StreamRequest = { conversation_id, on_disconnect: "stop", ...asked, ...(bot_id && { bot_id }) };
      const row = await check(user, request, random);
      if (row === null) continue;
      checked++;
      kinds.add(Object.keys(asked)[0]);
      if (row.left_out > 0) cuts++;
      if (row.memory_id !== null) memories++;
    }
  }
  assert.deepEqual([...kinds].sort(), ["answer_to", "continue_of", "messages", "prompt", "reroll_of"]);
  assert.ok(cuts > 20 && memories > 20 && checked > 400, `${cuts}, ${memories}, ${checked}`);
});

Deno.test("an answer that is continued begins where its own context began, but where that was cut for it", async () => {
  const random = makeRandom(22);
  const { user, conversation_id } = await givenStory(random, 2_000, false);
  let [same, leftOut] = [0, 0];
  for (let turn = 0; turn < 30; turn++) {
    const request = { conversation_id, prompt: `${turn} `.repeat(60), on_disconnect: "stop" } as const;
    const first = await seen(user, request);
    assert.ok(first);
    const { id } = await sql.query("select id from public.messages where stream_id = $1", [first.row.stream_id]);
    const longer = await seen(user, { continue_of: id, on_disconnect: "stop" });
    assert.ok(longer);
    if (first.row.context_start === longer.row.context_start) same++;
    leftOut = longer.row.left_out;
  }
  assert.ok(same >= 25, `${same}`);
  assert.ok(leftOut > 20, `${leftOut}`);
});
