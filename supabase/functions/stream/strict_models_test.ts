/** Strict models take turns that alternate, from the user's to the user's, without a system role and without an empty one. */

import assert from "node:assert/strict";
import { createDatabase } from "../_relay/database/database.ts";
import { providerCall } from "../_relay/generation/run.ts";
import type { StreamRequest } from "../_relay/protocol/requests.ts";
import { messagesFor } from "../_relay/provider/request.ts";
import type { ContextMessage } from "../_relay/provider/provider.ts";
import { makeAdmitted } from "../_relay/testing/generation.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRandom, makeText, type Random } from "../_relay/testing/split.ts";
import { startSql } from "../_relay/testing/sql.ts";

const sql = await startSql();
const BASE_URL = new URL("https://provider.test/v1");
const platform = makePlatform({ configuration: { rateLimitPerMinute: 1_000_000, maxConcurrent: 9 } });
const database = createDatabase(platform, sql.rpc);

/** What a strict model refuses; undefined: nothing. */
function problemOf(messages: ContextMessage[]): string | undefined {
  if (messages.length === 0) return "There is no message";
  const wrong = messages.findIndex(({ role }, index) => role !== (index % 2 === 0 ? "user" : "assistant"));
  if (wrong >= 0) return `Message ${wrong} is the ${messages[wrong].role}'s`;
  if (messages.length % 2 === 0) return "The last one is the assistant's";
  const empty = messages.findIndex(({ content }) => !/\S/.test(content));
  return empty >= 0 ? `Message ${empty} is empty` : undefined;
}

/** Any authors, any parents, texts of white space among them, and memories, as a client may store them. */
async function growTree(
  user: string,
  bots: string[],
  random: Random,
): Promise<{ conversation: string; ids: string[] }> {
  const { id: conversation } = await sql.query("insert into public.conversations (user_id) values ($1) returning id", [
    user,
  ]);
  const ids: string[] = [];
  for (let size = 3 + random(20); size > 0; size--) {
    const parent = ids.length === 0 || random(6) === 0 ? null : ids[Math.max(ids.length - 1 - random(3), 0)];
    const content = random(4) === 0 ? makeText([" ", "\n", "\u00a0"], random(3), random) : "x".repeat(random(600));
    const isUser = random(2) === 0;
    const bot = isUser ? null : [null, ...bots][random(bots.length + 1)];
    const { id } = await sql.query(
      `insert into public.messages (user_id, conversation_id, parent_id, content, is_user_author, bot_id)
       values ($1, $2, $3, $4, $5, $6) returning id`,
      [user, conversation, parent, content, isUser, bot],
    );
    ids.push(id);
    if (random(6) > 0) continue;
    await sql.query("insert into public.memories (message_id, user_id, content) values ($1, $2, $3)", [
      id,
      user,
      "M".repeat(1 + random(100)),
    ]);
  }
  return { conversation, ids };
}

/** What a provider would be sent; null: it is refused before, because the window has no room, or it is no answer. */
async function sent(user: string, request: StreamRequest, random: Random): Promise<ContextMessage[] | null> {
  const [streamId, fence] = [crypto.randomUUID(), crypto.randomUUID()];
  const start = { userId: user, streamId, fence, request, maxContext: 4_000_000, maxRoom: 4_000_000 };
  const answer = await database.begin(start);
  if (!("admission" in answer)) {
    assert.ok("refusal" in answer);
    const { code } = answer.refusal;
    assert.ok(code === "context_exceeded" || code === "invalid_request" && request.continue_of !== undefined, code);
    return null;
  }
  const call = providerCall(makeAdmitted({ admission: answer.admission, request }), BASE_URL);
  const before = answer.admission.continued ?? "";
  const text = before + makeText([" ", "x"], random(3), random);
  const ending = { status: "completed", finishReason: "stop", errorCode: null, usage: null } as const;
  const times = { firstTokenMs: null, overheadMs: null };
  await database.finish(streamId, fence, { ...ending, ...times }, {
    storedUnits: before.length,
    from: (at) => text.slice(at),
  }, { units: 0, toOthers: 0 });
  return messagesFor(call);
}

Deno.test("a strict model takes every path that the relay allows, of trees and with windows of all kinds", async () => {
  const random = makeRandom(13);
  let checked = 0;
  for (let round = 0; round < 12; round++) {
    const user = await sql.addUser();
    const crow = await sql.query("insert into public.bots (user_id, name) values ($1, 'Crow') returning id", [user]);
    const { conversation, ids } = await growTree(user, [crow.id], random);
    const window = [null, 256, 512, 4_000][round % 4];
    await sql.query(
      `update public.bots set takes_system = false, first_turn_is_user = true, context_tokens = $2, system_prompt = $3
       where user_id = $1`,
      [user, window, [null, "", " ", "Be brief"][random(4)]],
    );
    const own = [...Array(1 + random(6)).keys()].map((index) => ({
      role: index > 0 && random(2) === 0 ? "assistant" as const : "user" as const,
      content: random(3) === 0 ? " " : "x".repeat(1 + random(300)),
    }));
    const messages = [...own, { role: "user" as const, content: "Hi" }];
    const requests: Partial<StreamRequest>[] = [
      { prompt: "Hi" },
      { prompt: " " },
      { prompt: "Hi", parent_id: null },
      { prompt: " ", parent_id: null },
      { messages, prompt: "Hi" },
      ...ids.flatMap((id) => [
        { reroll_of: id },
        { prompt: "Hi", parent_id: id },
        { continue_of: id },
        { answer_to: id },
        { answer_to: id, bot_id: crow.id },
      ]),
    ];
    for (const request of requests) {
      const on_disconnect = "stop";
      const turns = await sent(user, { conversation_id: conversation, on_disconnect, ...request }, random);
      if (turns === null) continue;
      checked++;
      assert.equal(problemOf(turns), undefined, JSON.stringify({ request, turns }));
    }
  }
  assert.ok(checked > 400, `${checked}`);
});

Deno.test("the checker of that finds what strict models refuse", () => {
  const turns = (roles: string) =>
    [...roles].map((role): ContextMessage => ({
      role: ({ u: "user", a: "assistant", s: "system" } as const)[role]!,
      content: "x",
    }));
  for (const roles of ["", "a", "su", "uu", "ua", "uaa", "auau"]) assert.ok(problemOf(turns(roles)), roles);
  for (const roles of ["u", "uau"]) assert.equal(problemOf(turns(roles)), undefined, roles);
  assert.ok(problemOf([{ role: "user", content: " \n" }]));
});
