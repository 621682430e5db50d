/** `deno task bot` against the embedded stack. That has no list of users, so one is put before it. */
import assert from "node:assert/strict";
import { makeBot, parseBotFlags } from "../../dev/bot.ts";
import { newClient } from "../../testkit/author.ts";
import { rest } from "../../testkit/people.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { answers } from "../../testkit/provider.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";

let stack: Stack;

Deno.test.beforeAll(async () => void (stack = await startStack({ postgres: HAS_SERVER })));
Deno.test.afterAll(() => stack.stop());

/** Runs the command; its users are those that are given. */
async function bot(
  args: string[],
  environment: Record<string, string> = {},
  users: { id: string; email: string }[] = [],
) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/auth/v1/admin/users") return Response.json({ users, aud: "authenticated" });
    return fetch(stack.url + pathname + search, request);
  });
  const all: Record<string, string> = {
    SUPABASE_URL: `http://127.0.0.1:${server.addr.port}`,
    SUPABASE_SECRET_KEY: stack.secret_key,
    OPENAI_API_KEY: "sk-a-key",
    ...environment,
  };
  try {
    return await makeBot(parseBotFlags(args, (name) => all[name]));
  } finally {
    await server.shutdown();
  }
}

const order = (
  user: string,
) => ["--model", "test-model", "--user", user, "--provider", stack.provider.script(answers("Once"))];

Deno.test("the bot of a user, named by id or email, answers the user's first request", async () => {
  const { user, generate } = await newClient(stack.target);
  const { id, users } = await bot(order(user.id));
  const { text, start } = await generate({ prompt: "Begin" });
  assert.deepEqual([text, start.bot_id, users], ["Once", id, 1]);

  const later = await bot([...order(user.email.toUpperCase()), "--name", "Second"], {}, [user]);
  const [row] = await rest(stack.target, "service", `bots?select=name,user_id,access_key&id=eq.${later.id}`);
  assert.deepEqual(row, { name: "Second", user_id: user.id, access_key: "sk-a-key" });
});

Deno.test("a bot of another API has its address, and the key from its variable", async () => {
  const { user } = await newClient(stack.target);
  const keys = { ANTHROPIC_API_KEY: "sk-ant-key", GEMINI_API_KEY: "AIza-key" };
  const apis = {
    anthropic_messages: ["https://api.anthropic.com/v1", "sk-ant-key"],
    openai_responses: ["https://api.openai.com/v1", "sk-a-key"],
    gemini: ["https://generativelanguage.googleapis.com/v1beta", "AIza-key"],
  };
  for (const [api, [access_path, access_key]] of Object.entries(apis)) {
    const { id } = await bot(["--model", "m", "--user", user.id, "--api", api], keys);
    const [row] = await rest(stack.target, "service", `bots?select=api,access_path,access_key&id=eq.${id}`);
    assert.deepEqual(row, { api, access_path, access_key });
  }
});

Deno.test("the bot for all answers every user who has chosen no other, and later users once it is shared again", async () => {
  const [owner, other, chooser, later] = await Promise.all(Array.from({ length: 4 }, () => newClient(stack.target)));
  const own = await bot(order(chooser.user.id));
  const settings = { method: "POST", body: { user_id: chooser.user.id, default_bot_id: own.id } };
  await rest(stack.target, "service", "user_settings", settings);
  const users = [owner.user, other.user, chooser.user];
  const { id } = await bot([...order(owner.user.id), "--all"], {}, users);
  for (const [client, wanted] of [[owner, id], [other, id], [chooser, own.id]] as const) {
    assert.equal((await client.generate({ prompt: "Begin" })).start.bot_id, wanted);
  }
  const shared = await bot(["--all", "--bot", String(id)], {}, [...users, later.user]);
  assert.deepEqual([shared, (await later.generate({ prompt: "Begin" })).start.bot_id], [{ id, users: 4 }, id]);
});

Deno.test("what cannot be done is said in words, and no key stands in them", async () => {
  const nobody = crypto.randomUUID();
  const model = ["--model", "m"];
  const cases: [string[], Record<string, string>, RegExp][] = [
    [[], { SUPABASE_URL: "" }, /SUPABASE_URL is not set/],
    [[], { SUPABASE_SECRET_KEY: "" }, /SUPABASE_SECRET_KEY is not set/],
    [model, {}, /--user is missing/],
    [["--user", nobody], {}, /--model is missing/],
    [["--user", nobody, ...model, "--key-from", "NONE"], {}, /NONE is not set, expected the provider's key/],
    [["--user", nobody, ...model, "--api", "openai"], {}, /--api is "openai", expected chat_completions, anthropic_m/],
    [["--user", nobody, ...model, "--api", "gemini"], {}, /GEMINI_API_KEY is not set/],
    [["--bot", nobody], {}, /--bot goes with --all alone/],
    [["--bot", nobody, "--all"], {}, /there is no bot ".*" to share/],
    [["--user", nobody, ...model], {}, /rest\/v1\/bots answers 409, there is no such user/],
    [["--user", "a@example.com", ...model], {}, /no user of this project has the email "a@example.com"/],
    [["--user", nobody, ...model], { SUPABASE_SECRET_KEY: "sb_secret_no" }, /answers 401, SUPABASE_SECRET_KEY is not/],
    [["--user", "a@example.com", ...model], { SUPABASE_URL: stack.url }, /users answers 401, .*: there name one by id/],
    [["--user", nobody, ...model], { SUPABASE_URL: "http://127.0.0.1:9" }, /http:\/\/127.0.0.1:9 does not answer/],
  ];
  for (const [args, environment, wanted] of cases) {
    await assert.rejects(() => bot(args, environment), ({ message }: Error) => {
      assert.match(message, wanted);
      assert.doesNotMatch(message, /sk-a-key|sb_secret/);
      return true;
    });
  }
});
