import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { newClient } from "../../testkit/author.ts";
import { clientOf, runDev, type Stack, type StackFacts, startStack } from "../../testkit/stack.ts";

let data: string;
let stack: Stack;

Deno.test.beforeAll(async () => {
  data = await Deno.makeTempDir();
  stack = await startStack({ flags: ["--data", data] });
});
Deno.test.afterAll(async () => {
  await stack.stop();
  await Deno.remove(data, { recursive: true });
});

async function statusOf(path: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(stack.url + path, { headers });
  await response.body?.cancel();
  return response.status;
}

/** A new user's supabase-js client. */
async function newUser() {
  const { user } = await newClient(stack.target);
  return { user_id: user.id, client: clientOf(stack, { token: user.token }) };
}

Deno.test("the stack serves Auth, the Data API, the functions, a page at / and nothing else, each with a key", async () => {
  const apikey = { apikey: stack.publishable_key };
  equal(stack.functions_url, `${stack.url}/functions/v1`);
  const statuses: [number, string, Record<string, string>?][] = [
    [200, "/auth/v1/health", apikey],
    [200, "/rest/v1/bots?select=id", { apikey: stack.secret_key }],
    [200, "/functions/v1/healthz"],
    [404, "/functions/v1/no-such-function"],
    [200, "/"],
    ...["/_system/config", "/storage/v1/bucket", "/studio", "/rest/v10/bots"].map((path) =>
      [404, path, apikey] as [number, string, Record<string, string>]
    ),
    [401, "/rest/v1/bots?select=id"],
    [401, "/rest/v1/bots?select=id", { apikey: "sb_secret_wrong" }],
    [401, "/auth/v1/user"],
  ];
  for (const [status, path, headers] of statuses) equal([path, await statusOf(path, headers)], [path, status]);
});

Deno.test("requests run as the role of their key: what pgTAP proves of the roles holds over HTTP", async () => {
  const { client, user_id } = await newUser();
  const made = await client.from("bots").insert({ user_id, name: "mine", access_key: "sk-first" }).select("id")
    .single();
  const id = made.data!.id;
  equal((await client.from("bots").update({ access_key: "sk-second" }).eq("id", id)).error, null);
  for (const columns of ["access_key", "*"]) {
    equal((await client.from("bots").select(columns).eq("id", id)).error?.code, "42501");
  }
  equal((await client.from("bots").select("id").eq("access_key", "x")).error?.code, "42501");
  const service = clientOf(stack, { key: stack.secret_key });
  const stored = await service.from("bots").select("access_key").eq("id", id).single();
  equal(stored.data, { access_key: "sk-second" });

  const stranger = await newUser();
  for (const table of ["bots", "conversations", "messages", "user_settings"]) {
    const column = table === "user_settings" ? "user_id" : "id";
    equal((await stranger.client.from(table).select(column)).data, [], table);
    equal((await clientOf(stack).from(table).select(column)).error?.code, "42501", table);
  }
  const probe = { stream_id: "none", user_id };
  for (const caller of [client, clientOf(stack)]) {
    equal((await caller.rpc("relay_cancel", probe)).error?.code, "42501");
  }
  equal((await service.rpc("relay_cancel", probe)).error, null);
});

Deno.test("simultaneous requests keep to their own roles", async () => {
  const users = await Promise.all([newUser(), newUser(), newUser()]);
  const ids = users.map(({ user_id }) => user_id);
  for (const { client, user_id } of users) {
    equal((await client.from("bots").insert({ user_id, name: user_id })).error, null);
  }
  await Promise.all(Array.from({ length: 60 }, async (_, index) => {
    const { client, user_id } = users[index % users.length];
    if (index % 4 === 0) {
      const service = clientOf(stack, { key: stack.secret_key });
      const all = await service.from("bots").select("user_id").in("user_id", ids);
      equal(all.data?.length, users.length);
    } else if (index % 7 === 0) {
      // A refused statement must not take a neighbour's transaction with it.
      equal((await client.from("bots").select("access_key")).error?.code, "42501");
    } else {
      equal((await client.from("bots").select("name")).data, [{ name: user_id }]);
    }
  }));
});

const THIS_FILE = fileURLToPath(import.meta.url);

Deno.test("a wrong flag, a port and a folder in use, and a file in its place, are named, and end the start with exit codes 2 and 1", async () => {
  const { port } = new URL(stack.url);
  const cases: [string[], number, string][] = [
    [["--prot", "1"], 2, 'Cannot start: "--prot" is not a flag, --help lists them'],
    [
      ["--port", port],
      1,
      `Cannot listen on port ${port} of 127.0.0.1: it is in use, choose another one by --port (deno task dev) or PORT (deno task serve)`,
    ],
    [["--port", "0", "--data", data], 1, `Cannot use the folder "${data}": another process uses it`],
    [
      ["--port", "0", "--data", THIS_FILE],
      1,
      `Cannot use the folder "${THIS_FILE}": File exists (os error 17): mkdir '${THIS_FILE}'`,
    ],
  ];
  for (const [flags, code, message] of cases) {
    const run = runDev(flags);
    const [status, log, line] = await Promise.all([run.status, run.log, run.line]);
    equal([status.code, log, line], [code, `${message}\n`, undefined]);
  }
});

Deno.test("--data keeps keys, users, bots and messages over a restart; --json prints one line with the documented fields, the log has no values, and SIGTERM ends with code 0", async () => {
  const { email, password, user_id, bot_id, conversation_id } = stack.demo;
  const client = clientOf(stack);
  const { data: { session }, error } = await client.auth.signInWithPassword({ email, password });
  equal(error, null);
  const row = { user_id, conversation_id, content: "Once upon", is_user_author: true };
  equal((await client.from("messages").insert(row)).error, null);
  await stack.stop();

  const run = runDev(["--port", "0", "--json", "--data", data]);
  const facts: StackFacts = JSON.parse((await run.line)!);
  const keys = ["publishable_key", "secret_key", "jwt_secret"];
  equal(Object.keys(facts), ["url", "functions_url", ...keys, "provider_url", "demo"]);
  equal(Object.keys(facts.demo), ["email", "password", "user_id", "bot_id", "conversation_id"]);
  equal([facts.demo, facts.jwt_secret], [stack.demo, stack.jwt_secret]);
  const later = clientOf(facts, { token: session!.access_token });
  equal((await later.from("messages").select("content")).data, [{ content: "Once upon" }]);
  ok((await later.from("bots").update({ temperature: 9, access_key: "sk-never-logged" }).eq("id", bot_id)).error);
  run.kill("SIGTERM");
  equal((await run.status).code, 0);
  const log = await run.log;
  match(log, /database: ERROR 23514/);
  equal(log.includes("sk-never-logged"), false, log);
});
