/**
 * The FastAPI relay's client in Python plays on, unchanged, over a database that holds that relay's tables: the same
 * client against the standalone server and below `/functions`, for each type that ids may have.
 */

import { deepStrictEqual as equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { insert, mintToken, rest } from "../../testkit/people.ts";
import { query } from "../../testkit/postgres.ts";
import { answers, stalls } from "../../testkit/provider.ts";
import { skip } from "../../testkit/skipped.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { run } from "../client/runtimes.ts";

/** All that httpx brings, so that a release of one of them changes no run. */
const PACKAGES = [
  ...["httpx==0.28.1", "httpcore==1.0.9", "h11==0.16.0", "anyio==4.16.0", "certifi==2026.10.19.post1", "idna==3.20"],
  "typing_extensions==4.16.0",
];
const CLIENT = fileURLToPath(new URL("fastapi_client.py", import.meta.url));

/** Three users of the old relay: each has a bot, a conversation and two messages. */
const USERS = ["a", "b", "c"].map((letter) => `${letter}0000000-0000-4000-8000-000000000000`);
const OWNERS = `unnest('{${USERS}}'::uuid[]) as owner`;

const dump = (id: string, key: string) => `
  create table public.bots (
    id ${id} primary key ${key}, user_id uuid not null, name text, access_key text not null, access_path text not null,
    model text not null
  );
  create table public.conversations (
    id ${id} primary key ${key}, user_id uuid not null, title text not null default 'Conversation'
  );
  create table public.messages (
    id ${id} primary key ${key}, user_id uuid not null, conversation_id ${id} not null, content text not null,
    is_user_author boolean not null, is_streaming boolean not null default false,
    is_complete boolean not null default true, stream_id text, created_at timestamptz not null default now()
  );
  insert into public.bots (user_id, name, access_key, access_path, model)
  select owner, 'Storyteller', 'old-key', 'https://provider.example/v1', 'old model' from ${OWNERS};
  insert into public.conversations (user_id) select owner from ${OWNERS};
  insert into public.messages (user_id, conversation_id, content, is_user_author, stream_id, created_at)
  select c.user_id, c.id, m.content, m.by_user, m.stream_id, now() - m.age * interval '1 minute'
  from public.conversations c,
    (values ('Hello', true, null, 2), ('Hello, reader.', false, 'old', 1)) as m (content, by_user, stream_id, age);`;

const SHAPES = {
  uuid: dump("uuid", "default gen_random_uuid()"),
};

const hasPython = await run("python3", ["-m", "pip", "--version"]).then(() => true, () => false);
if (!Deno.env.get("RELAY_TEST_DATABASE_URL")) skip("the FastAPI relay's client: RELAY_TEST_DATABASE_URL is not set");
else if (!hasPython) skip("the FastAPI relay's client: there is no python3 with pip");
else for (const [type, sql] of Object.entries(SHAPES)) registerTests(type, sql);

function registerTests(type: string, sql: string) {
  Deno.test(`a client of the FastAPI relay plays on over ids of type ${type}`, async (test) => {
    const site = await Deno.makeTempDir({ prefix: "relay-httpx-" });
    try {
      await run("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", site, ...PACKAGES]);
      await using stack = await startStack({ postgres: true, sql });
      const { url } = await stack.worker();
      const everything = { extra: { client_version: 7, style: null }, health: { status: "ok" } };
      const bases: [name: string, base: string, more: Partial<typeof everything>][] = [
        ["the standalone server", url.replace("/functions/v1", ""), everything],
        ["/functions", stack.functions_url.replace("/v1", ""), {}],
        ["the function streams", `${stack.functions_url}/streams`, everything],
      ];
      for (const [index, [name, base, more]] of bases.entries()) {
        await test.step(`with the base URL of ${name}`, () => play(stack, site, USERS[index], base, more));
      }
    } finally {
      await Deno.remove(site, { recursive: true });
    }
  });
}

/** The client asks, asks with messages, and stops an answer, in a conversation that the old relay has left. */
async function play(
  stack: Stack,
  site: string,
  userId: string,
  base: string,
  { extra = {}, health }: { extra?: Record<string, unknown>; health?: unknown },
) {
  const { target, provider } = stack;
  await query(stack.databaseUrl!, "insert into auth.users (id, email) values ($1, $2)", [
    userId,
    `${userId}@example.com`,
  ]);
  const user = { id: userId, email: "", token: await mintToken(stack.jwt_secret, userId) };
  const said = provider.script(answers("Once upon\n", "\n  a time 🐉"));
  const [{ id: bot_id }] = await rest(target, user, "bots?select=id&name=eq.Storyteller");
  await rest(target, user, `bots?id=eq.${bot_id}`, { method: "PATCH", body: { access_path: said } });
  const endless = {
    user_id: user.id,
    name: "Endless",
    access_key: "key",
    access_path: provider.script(stalls("Long")),
  };
  const { id: endless_bot_id } = await insert(target, user, "bots", { ...endless, model: "model" });
  const [{ id: conversation_id }] = await rest(target, user, "conversations?select=id");
  // What the newer client leaves out its conversation knows.
  await rest(target, user, `conversations?id=eq.${conversation_id}`, { method: "PATCH", body: { bot_id } });

  const asked = { base, supabase_url: stack.url, apikey: stack.publishable_key, token: user.token, user_id: user.id };
  const stdin = JSON.stringify({
    ...asked,
    bot_id,
    endless_bot_id,
    conversation_id,
    extra,
    has_health: health !== undefined,
  });
  const played = JSON.parse(await run("env", [`PYTHONPATH=${site}`, "python3", CLIENT], stdin));

  const text = "Once upon\n\n  a time 🐉";
  const [first, second, third] = played.streams;
  equal([first.text, second.text, third.text], [text, text, "Long"]);
  equal([first, second, third].map(({ last }) => last), ["done", "done", "done"]);
  equal([third.cancelled, played.health], [[202], health ?? null]);

  // The stored path and the client's own context, each with the prompt once.
  const old = [{ role: "user", content: "Hello" }, { role: "assistant", content: "Hello, reader." }];
  const path = [...old, { role: "user", content: "A story" }];
  const own = [{ role: "system", content: "Be brief" }, { role: "user", content: "A story" }];
  const turn = [{ role: "assistant", content: text }, { role: "user", content: "And then?" }];
  equal(provider.calls(said).map(({ body }) => body.messages), [path, [...own, ...turn]]);

  // The messages are a line, and the answers are found by their stream_id.
  const byParent = new Map(played.messages.map((message: Row) => [message.parent_id, message]));
  const line: Row[] = [];
  for (let id: unknown = null; byParent.has(id); id = line.at(-1)!.id) line.push(byParent.get(id) as Row);
  const contents = ["Hello", "Hello, reader.", "A story", text, "And then?", text, "For how long?", "Long"];
  equal([line.map(({ content }) => content), played.messages.length], [contents, contents.length]);
  equal(
    [3, 5, 7].map((index) => line[index].stream_id),
    played.streams.map((stream: Row) => (stream.data as Row).stream_id),
  );
  equal(line.map(({ is_complete }) => is_complete), [...Array(7).fill(true), false]);
}

type Row = Record<string, unknown>;
