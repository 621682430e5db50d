import { deepStrictEqual as equal, ok } from "node:assert/strict";
import postgres from "postgres";
import { clientOf, type DevStack, newUser, runDev, signInDemo, startDevStack } from "../../testkit/stack.ts";

let stack: DevStack;

Deno.test.beforeAll(async () => {
  stack = await startDevStack();
});

Deno.test.afterAll(() => stack.stop());

Deno.test("dev --json prints one line with exactly the documented fields", () => {
  const { stop: _, ...line } = stack;
  equal(Object.keys(line), [
    "url",
    "functions_url",
    "publishable_key",
    "secret_key",
    "jwt_secret",
    "provider_url",
    "demo",
  ]);
  equal(Object.keys(line.demo), ["email", "password", "user_id", "bot_id", "conversation_id"]);
  equal(line.functions_url, `${line.url}/functions/v1`);
});

Deno.test("the stack serves Auth, the Data API, the functions, a page at / and nothing else", async () => {
  const apikey = { apikey: stack.publishable_key };
  equal(await statusOf("/auth/v1/health", apikey), 200);
  equal(await statusOf("/rest/v1/bots?select=id", { apikey: stack.secret_key }), 200);
  equal(await statusOf("/functions/v1/healthz"), 200);
  equal(await statusOf("/functions/v1/no-such-function"), 404);
  equal(await statusOf("/"), 200);
  for (const path of ["/_system/config", "/storage/v1/bucket", "/studio", "/rest/v10/bots"]) {
    equal(await statusOf(path, apikey), 404, path);
  }
});

Deno.test("Auth and the Data API refuse a request without a key or with a wrong one", async () => {
  equal(await statusOf("/rest/v1/bots?select=id"), 401);
  equal(await statusOf("/rest/v1/bots?select=id", { apikey: "sb_secret_wrong" }), 401);
  equal(await statusOf("/auth/v1/user"), 401);
});

Deno.test("the owner of a bot can set its key and cannot read it back", async () => {
  const { client, user_id } = await newUser(stack);
  const bot = { user_id, name: "mine", access_key: "sk-first", model: "m" };
  const made = await client.from("bots").insert(bot).select("id, name")
    .single();
  equal(made.error, null);
  const id = made.data!.id;
  const changed = await client.from("bots").update({ access_key: "sk-second" })
    .eq("id", id);
  equal(changed.error, null);

  equal((await client.from("bots").select("access_key").eq("id", id)).error?.code, "42501");
  equal((await client.from("bots").select("*").eq("id", id)).error?.code, "42501");
  equal((await client.from("bots").select("id").eq("access_key", "x")).error?.code, "42501");
  const stored = await clientOf(stack, stack.secret_key).from("bots").select("access_key").eq("id", id).single();
  equal(stored.data, { access_key: "sk-second" });
});

Deno.test("an anonymous caller and a stranger see nothing of another user's", async () => {
  const stranger = await newUser(stack);
  for (const table of ["bots", "conversations", "messages", "user_settings"]) {
    const column = table === "user_settings" ? "user_id" : "id";
    equal((await stranger.client.from(table).select(column)).data, [], table);
    const anonymous = await clientOf(stack).from(table).select(column);
    equal(anonymous.error?.code, "42501", table);
  }
});

Deno.test("a function of the relay runs for the secret key alone", async () => {
  const { client } = await newUser(stack);
  const probe = { stream_id: "none", user_id: stack.demo.user_id };
  for (const caller of [client, clientOf(stack)]) {
    equal((await caller.rpc("relay_cancel", probe)).error?.code, "42501");
  }
  const service = clientOf(stack, stack.secret_key);
  equal((await service.rpc("relay_cancel", probe)).error, null);
});

Deno.test("simultaneous requests keep to their own roles", async () => {
  const users = await Promise.all([newUser(stack), newUser(stack), newUser(stack)]);
  for (const { client, user_id } of users) {
    const { error } = await client.from("bots").insert({ user_id, name: user_id });
    equal(error, null);
  }
  const answers = await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const { client, user_id } = users[i % users.length];
    if (i % 4 === 0) {
      const all = await clientOf(stack, stack.secret_key).from("bots").select(
        "user_id",
      ).in("user_id", users.map((user) => user.user_id));
      return all.data?.length === users.length ? "right" : JSON.stringify(all);
    }
    if (i % 7 === 0) {
      // A refused statement must not take a neighbour's transaction with it.
      const refused = await client.from("bots").select("access_key");
      return refused.error?.code === "42501" ? "right" : JSON.stringify(refused);
    }
    const own = await client.from("bots").select("name");
    return own.data?.length === 1 && own.data[0].name === user_id ? "right" : JSON.stringify(own);
  }));
  equal(answers.filter((answer) => answer !== "right"), []);
});

Deno.test("--data keeps the keys, the users, their bots and messages over a restart", async () => {
  const data = await Deno.makeTempDir();
  try {
    const first = await startDevStack(["--data", data]);
    const { client, token } = await signInDemo(first);
    const { user_id, conversation_id } = first.demo;
    const written = { user_id, conversation_id, content: "Once upon", is_user_author: true };
    equal((await client.from("messages").insert(written)).error, null);
    await first.stop();

    const second = await startDevStack(["--data", data]);
    equal(second.demo, first.demo);
    equal(second.jwt_secret, first.jwt_secret);
    const messages = await clientOf(second, undefined, token).from("messages")
      .select("content");
    equal(messages.data, [{ content: "Once upon" }]);
    await second.stop();
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("a data folder serves one stack at a time", async () => {
  const data = await Deno.makeTempDir();
  try {
    const first = await startDevStack(["--data", data]);
    const second = runDev(["--port", "0", "--data", data]);
    equal((await second.status).code, 1);
    equal(await second.log, `Cannot use the folder "${data}": another process uses it\n`);
    equal(await second.line, undefined);
    await first.stop();
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

const server = Deno.env.get("RELAY_TEST_DATABASE_URL");

Deno.test({
  name: "--database keeps everything but the keys on a Postgres server",
  ignore: server === undefined,
  async fn() {
    const name = `embedded_stack_${crypto.randomUUID().slice(0, 8)}`;
    await execute(`create database ${name}`);
    const url = new URL(server!);
    url.pathname = name;
    try {
      const first = await startDevStack(["--database", url.href]);
      const { client } = await signInDemo(first);
      const refused = await client.from("bots").select("access_key");
      equal(refused.error?.code, "42501");
      await first.stop();

      const second = await startDevStack(["--database", url.href]);
      equal(second.demo, first.demo);
      const again = await (await signInDemo(second)).client.from("bots").select("access_key");
      equal(again.error?.code, "42501");
      await second.stop();
    } finally {
      await execute(`drop database ${name}`);
    }
  },
});

Deno.test("the log names a refused statement and none of its values, SIGTERM ends with exit code 0", async () => {
  const run = runDev(["--port", "0", "--json"]);
  const own = { ...stack, ...JSON.parse((await run.line)!) } as DevStack;
  const bots = (await signInDemo(own)).client.from("bots");
  const change = { temperature: 9, access_key: "sk-never-logged" };
  const refused = await bots.update(change).eq("id", own.demo.bot_id);
  ok(refused.error);

  run.kill("SIGTERM");
  equal((await run.status).code, 0);
  const log = await run.log;
  ok(log.includes("database: ERROR 23514"), log);
  equal(log.includes("sk-never-logged"), false, log);
});

Deno.test("a wrong flag is named and ends the start with exit code 2", async () => {
  const run = runDev(["--prot", "1"]);
  const [{ code }, log, line] = await Promise.all([run.status, run.log, run.line]);
  const message = `Cannot start: "--prot" is not a flag, --help lists them\n`;
  equal({ code, log, line }, { code: 2, log: message, line: undefined });
});

Deno.test("a port in use is named and ends the start with exit code 1", async () => {
  const port = new URL(stack.url).port;
  const run = runDev(["--port", port]);
  const [{ code }, log, line] = await Promise.all([run.status, run.log, run.line]);
  const message = `Cannot listen on port ${port} of 127.0.0.1: it is in use, choose another one\n`;
  equal({ code, log, line }, { code: 1, log: message, line: undefined });
});

async function statusOf(path: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(stack.url + path, { headers });
  await response.body?.cancel();
  return response.status;
}

async function execute(statement: string): Promise<void> {
  const sql = postgres(server!, { max: 1 });
  await sql.unsafe(statement);
  await sql.end();
}
