/** Who may use the relay: the project's own users, each for what is theirs, with a token that is good now. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor, newClient, visible } from "../../testkit/author.ts";
import { mintToken, type Target } from "../../testkit/people.ts";
import { expectRefusal, post } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

function unsigned(token: string): string {
  const header = btoa(JSON.stringify({ alg: "none", typ: "JWT" })).replaceAll("=", "");
  return `${header}.${token.split(".")[1]}.`;
}

/** Tries both functions. */
async function refusedEverywhere(target: Target, authorization: string | null, status: number, code: string) {
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  for (const [name, body] of [["stream", { prompt: "x" }], ["cancel", { stream_id: "some" }]] as const) {
    await expectRefusal(await post(`${target.workers[0]}/${name}`, null, body, headers), status, code);
  }
}

export const auth: Scenario[] = [{
  title: "a request without a token is refused, also with an API key in its place",
  async run(target) {
    const { user } = await newClient(target);
    const keys = [target.publishableKey, target.secretKey, ""].map((key) => `Bearer ${key}`);
    for (const header of [null, ...keys, `Basic ${user.token}`, user.token, `Bearer ${user.token} more`]) {
      await refusedEverywhere(target, header, 401, "unauthenticated");
    }
  },
}, {
  title: "a token that is garbage, forged, unsigned, expired, or of another audience or issuer is refused",
  async run(target) {
    const { user } = await newClient(target);
    const [header, payload, signature] = user.token.split(".");
    const mint = (claims: Record<string, unknown>) => mintToken(target.jwtSecret, user.id, claims);
    for (
      const token of [
        ...["garbage", "a.b.c", `${header}.${payload}`, `${header}.${payload}.${signature.slice(0, -4)}AAAA`],
        unsigned(user.token),
        await mintToken("another secret, long enough for HS256", user.id),
        await mint({ expires: "-1 minute" }),
        await mint({ aud: "anon" }),
        await mint({ iss: "https://other.supabase.co/auth/v1" }),
        await mint({ sub: undefined }),
        await mint({ sub: "not-a-uuid" }),
        await mint({ nbf: Math.floor(Date.now() / 1000) + 3600 }),
      ]
    ) await refusedEverywhere(target, `Bearer ${token}`, 401, "unauthenticated");
  },
}, {
  title: "an anonymous user, another role and an OAuth app are known and may not stream",
  async run(target) {
    const { user } = await newClient(target);
    for (const claims of [{ is_anonymous: true }, { role: "anon" }, { role: "service_role" }, { client_id: "app" }]) {
      const token = await mintToken(target.jwtSecret, user.id, claims);
      await refusedEverywhere(target, `Bearer ${token}`, 403, "forbidden");
    }
  },
}, {
  title: "a good token is taken in any spelling of Bearer; that of a deleted user finds nothing",
  async run(target, provider) {
    const { user, generate } = await newAuthor(target, provider);
    const authorization = `bearer ${await mintToken(target.jwtSecret, user.id)}`;
    equal((await generate({ prompt: "x" }, { token: null, headers: { authorization } })).end, "done");
    const gone = await newClient(target, {
      id: crypto.randomUUID(),
      email: "",
      token: await mintToken(target.jwtSecret, crypto.randomUUID()),
    });
    await expectRefusal(await gone.ask({ prompt: "x" }), 404, "bot_not_found");
    await expectRefusal(await gone.cancel("some-stream"), 404, "stream_not_found");
  },
}, {
  title: "anyone else's conversation, message and bot look like they do not exist",
  async run(target, provider) {
    const alice = await newAuthor(target, provider);
    const mallory = await newAuthor(target, provider);
    const { start, last } = await alice.generate({ prompt: "one" });
    const { conversation_id, user_message_id } = start;
    const hers = await alice.messages(conversation_id);
    const cases: [(id: string) => Record<string, unknown>, string][] = [
      [(conversation_id) => ({ prompt: "x", conversation_id }), conversation_id],
      [(parent_id) => ({ prompt: "x", parent_id }), last.message_id],
      [(parent_id) => ({ prompt: "x", parent_id }), user_message_id],
      [(reroll_of) => ({ reroll_of }), last.message_id],
      [(reroll_of) => ({ reroll_of }), user_message_id],
      [(reroll_of) => ({ reroll_of, conversation_id }), last.message_id],
      [(bot_id) => ({ prompt: "x", bot_id }), alice.botId],
    ];
    for (const [body, id] of cases) {
      const foreign = await visible(await mallory.ask(body(id)));
      equal(foreign, await visible(await mallory.ask(body(crypto.randomUUID()))));
      equal(foreign.status, 404, JSON.stringify([body(id), foreign.body]));
      equal(foreign.headers["ratelimit-remaining"], "5", "A refusal costs nothing");
    }
    equal(await alice.messages(conversation_id), hers);
    equal(await mallory.rest("conversations?select=id"), []);
    equal([alice.calls().length, mallory.calls().length], [1, 0]);
  },
}];
