/** A bot is tested by its owner before a story depends on it. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { MAX_MODELS_BYTES, MAX_TESTS_PER_MINUTE } from "../../supabase/functions/_relay/protocol/limits.ts";
import { newAuthor, newClient } from "../../testkit/author.ts";
import type { Target } from "../../testkit/people.ts";
import { answers, hangsUp, refuses, stalls } from "../../testkit/provider.ts";
import { expectRefusal, post } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

/** No run of it is a word of the relay's. */
const KEY = "sk-Zq7Xw2Jv9Kp4Rt6Yb8Nm3";

function test(target: Target, { token }: { token: string }, bot_id: unknown): Promise<Response> {
  return post(`${target.workers[0]}/stream/test`, token, { bot_id });
}

async function outcome(target: Target, user: { token: string }, botId: string) {
  const response = await test(target, user, botId);
  equal(response.status, 200);
  const text = await response.text();
  for (let at = 0; at + 4 <= KEY.length; at++) ok(!text.includes(KEY.slice(at, at + 4)), text);
  const { first_token_ms, ...answer } = JSON.parse(text);
  if (answer.ok) ok(first_token_ms >= 0);
  return answer;
}

export const botTests: Scenario[] = [{
  title: "a test says that a bot answers, whether its model is listed, and what it reads, and stores nothing",
  async run(target, provider) {
    const author = await newAuthor(target, provider, stalls("O"), { access_key: KEY });
    const { user, botId, baseUrl, rest } = author;
    const answer = { ok: true, model: "test-model", is_listed: null, context_tokens: null };
    equal(await outcome(target, user, botId), answer);
    provider.page(baseUrl, "/models", { data: [{ id: "another", context_length: 1000 }] });
    equal(await outcome(target, user, botId), { ...answer, is_listed: false });
    provider.page(baseUrl, "/models", { data: [{ id: "another" }, { id: "test-model", context_length: 32768 }] });
    equal(await outcome(target, user, botId), { ...answer, is_listed: true, context_tokens: 32768 });
    const long = [{ id: "test-model", context_length: 32768, description: "x".repeat(MAX_MODELS_BYTES) }];
    provider.page(baseUrl, "/models", { data: long });
    equal(await outcome(target, user, botId), answer);
    provider.page(baseUrl, "/models/test-model", { id: "test-model", max_input_tokens: 200000 });
    equal(await outcome(target, user, botId), { ...answer, is_listed: true, context_tokens: 200000 });
    const [call] = author.calls();
    equal([call.body.messages.length, call.headers.get("authorization")], [1, `Bearer ${KEY}`]);
    await Promise.all(author.calls().map((call) => call.closed));
    equal([await rest("conversations?select=id"), await rest("messages?select=id")], [[], []]);
  },
}, {
  title: "a test says with a code and words what is wrong with a bot, and no run of its key",
  async run(target, provider) {
    const author = await newAuthor(target, provider, refuses(401, { error: { message: `Wrong key ${KEY}` } }), {
      access_key: KEY,
    });
    const { user, botId, rest } = author;
    const change = (fields: unknown) => rest(`bots?id=eq.${botId}`, { method: "PATCH", body: fields });
    const failed = async () => (await outcome(target, user, botId)).error;
    equal((await failed()).code, "provider_auth");
    const noModel = { error: { message: `The model does not exist. ${KEY}`, code: "model_not_found" } };
    await change({ access_path: provider.script(refuses(404, noModel)), access_key: KEY });
    const { code, message } = await failed();
    equal(code, "provider_refused");
    match(message, /status 404.*The model does not exist/);
    await change({ access_path: provider.socket(hangsUp), access_key: KEY });
    equal((await failed()).code, "provider_error");
    await change({ access_path: "https://user@provider.example/v1" });
    equal((await failed()).code, "provider_not_allowed");
  },
}, {
  title: "a test is for a bot's owner alone, and for a few in a minute",
  async run(target, provider) {
    const author = await newAuthor(target, provider, answers("OK"), { access_key: KEY });
    const other = await newClient(target);
    await author.rest("bot_shares", { method: "POST", body: { bot_id: author.botId, user_id: other.user.id } });
    const refused = await test(target, other.user, author.botId);
    equal((await expectRefusal(refused, 404, "bot_not_found")).message.includes("owns none"), true);
    await expectRefusal(await test(target, { token: "none" }, author.botId), 401, "unauthenticated");
    await expectRefusal(await test(target, author.user, null), 400, "invalid_request");
    for (let count = 0; count < MAX_TESTS_PER_MINUTE; count++) {
      equal((await outcome(target, author.user, author.botId)).ok, true);
    }
    const last = await test(target, author.user, author.botId);
    ok(Number(last.headers.get("retry-after")) > 0);
    await expectRefusal(last, 429, "rate_limited");
    equal(author.calls().length, MAX_TESTS_PER_MINUTE);
  },
}];
