/** The webhook of docs/hooks.md as it stands there, on a real Postgres: which answers an app hears of, and that it was not there. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { fenced } from "../../testkit/page.ts";
import { connect, createDatabase, query, type TestDatabase } from "../../testkit/postgres.ts";
import { waits } from "../../testkit/provider.ts";
import { readToEnd } from "../../testkit/reader.ts";
import { skip } from "../../testkit/skipped.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";

const PAGE = Deno.readTextFileSync(new URL("../../docs/hooks.md", import.meta.url));
/** The code of a language below the webhook's heading. */
const codeOf = (language: string) => fenced(PAGE, language, "## A call when an answer is stored")[0];

/** What a Supabase project has: a trigger that puts a request into the queue of pg_net, which sends after the commit. */
const STAND_IN = `
  create schema net;
  create table net.queue (id bigint generated always as identity primary key, url text, headers jsonb, body jsonb);
  create schema supabase_functions;
  grant usage on schema supabase_functions to service_role, authenticated;
  create function supabase_functions.http_request() returns trigger
  language plpgsql security definer set search_path = '' as $$
  begin
    insert into net.queue (url, headers, body) values (tg_argv[0], tg_argv[2]::jsonb, jsonb_build_object(
      'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema, 'record', new, 'old_record', old
    ));
    perform pg_notify('net', '');
    return new;
  end $$;`;

/** Takes what pg_net would send, and sends it; gives the status of each answer. */
async function openSender(url: string) {
  const sql = connect(url);
  const listener = connect(url);
  const statuses: number[] = [];
  const sending: Promise<unknown>[] = [];
  const { unlisten } = await listener.listen("net", async () => {
    for (const { url, headers, body } of await sql`delete from net.queue returning url, headers, body`) {
      sending.push(
        fetch(url, { method: "POST", headers, body: JSON.stringify(body) }).then(async (response) => {
          await response.body?.cancel();
          statuses.push(response.status);
        }),
      );
    }
  });
  return {
    statuses,
    async close() {
      await unlisten();
      await Promise.all(sending);
      await Promise.all([sql.end(), listener.end()]);
    },
  };
}

/** The function of the page, with its two secrets and the push service. */
async function openReceiver(stack: Stack, secret: string) {
  const pushed: Record<string, string>[] = [];
  const push = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    pushed.push(await request.json());
    return new Response();
  });
  const variables: Record<string, string> = {
    SUPABASE_URL: stack.url,
    SUPABASE_SERVICE_ROLE_KEY: stack.secret_key,
    ANSWERED_SECRET: secret,
    PUSH_URL: `http://127.0.0.1:${push.addr.port}`,
  };
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, codeOf("ts").replace("Deno.serve(answered);", "export { answered };"));
  const { answered } = await import(`file://${file}`);
  await Deno.remove(file);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, answered);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    pushed,
    async close() {
      for (const name of Object.keys(variables)) Deno.env.delete(name);
      await Promise.all([server.shutdown(), push.shutdown()]);
    },
  };
}

if (Deno.env.has("RELAY_TEST_DATABASE_URL")) register();
else skip("RELAY_TEST_DATABASE_URL is not set: no webhook on messages");

function register() {
  let database: TestDatabase;
  let stack: Stack;
  let sender: Awaited<ReturnType<typeof openSender>>;
  let receiver: Awaited<ReturnType<typeof openReceiver>>;

  Deno.test.beforeAll(async () => {
    database = await createDatabase();
    const flags = ["--database", database.url];
    // Makes the tables; the Data API of the second one finds the page's own.
    const { demo, stop } = await startStack({ flags });
    await stop();
    const sql = connect(database.url);
    await sql.unsafe(STAND_IN).simple();
    await sql.unsafe(codeOf("sql")).simple();
    stack = await startStack({ flags });
    equal(stack.demo, demo, "a start finds what the one before has left in the database");
    receiver = await openReceiver(stack, "a secret of the test");
    // The address and the secret, which the page leaves open.
    for (const name of ["answers_call_the_app", "answers_call_the_app_late"]) {
      const [{ definition }] =
        await sql`select pg_get_triggerdef(oid) as definition from pg_trigger where tgname = ${name}`;
      await sql.unsafe(`drop trigger ${name} on public.messages`);
      await sql.unsafe(
        definition.replace("https://<project>.supabase.co/functions/v1/answered", receiver.url)
          .replace("<a secret of your own>", "a secret of the test"),
      );
    }
    await sql.end();
    sender = await openSender(database.url);
  });
  Deno.test.afterAll(async () => {
    await sender?.close();
    await receiver?.close();
    await stack?.stop();
    await database?.drop();
  });

  const author = () => newAuthor(stack.target, stack.provider, waits);
  /** A generation whose first word has come. */
  async function begun(one: Author, on_disconnect: "stop" | "continue") {
    const count = one.calls().length + 1;
    const reader = await one.open({ prompt: "Hi", on_disconnect });
    const call = await one.called(count);
    await call.token("Once ");
    await reader.until("token");
    return { reader, call, streamId: reader.response.headers.get("x-stream-id")! };
  }
  const stored = (one: Author, streamId: string) => eventually("the message is stored", () => one.stored(streamId));

  Deno.test("an app hears of an answer that nobody has seen, and of no other", async () => {
    const one = await author();
    const left = await begun(one, "continue");
    await left.reader.leave();
    await left.call.token("upon a time.");
    await left.call.finish();
    const gone = await stored(one, left.streamId);
    equal([gone.content, gone.is_complete], ["Once upon a time.", true]);

    const watched = await begun(one, "continue");
    await watched.call.finish();
    const { message_id } = (await readToEnd(watched.reader)).last;
    // What the page of docs/hooks.md does.
    await one.rest("seen_answers", { method: "POST", body: { message_id } });

    const stopped = await begun(one, "stop");
    await stopped.reader.leave();
    equal((await stored(one, stopped.streamId)).finish_reason, "disconnected");

    await eventually("both have been answered", () => sender.statuses.length === 2);
    equal(sender.statuses, [204, 204]);
    const { id, conversation_id, user_id } = gone;
    equal(receiver.pushed, [{ message_id: id, conversation_id, user_id }]);
  });

  Deno.test("one that the sweep had stored in part is told once it is whole", async () => {
    const one = await author();
    const before = receiver.pushed.length;
    const conversation_id = await one.insert("conversations");
    const [{ id }] = await query<{ id: string }>(
      database.url,
      `insert into public.messages (user_id, conversation_id, content, is_user_author, is_complete, stream_id, finish_reason)
       values ('${one.user.id}', '${conversation_id}', 'Once', false, false, 'cut-off', 'interrupted') returning id`,
    );
    await query(
      database.url,
      `update public.messages set content = 'Once upon a time.', is_complete = true, finish_reason = 'stop' where id = '${id}'`,
    );
    await eventually("it is told", () => receiver.pushed.length > before);
    equal(receiver.pushed.slice(before).map(({ message_id }) => message_id), [id]);
  });

  Deno.test("a user can say of no other's answer that it was seen, and a caller without the secret is refused", async () => {
    const [one, stranger] = [await author(), await author()];
    const conversation_id = await one.insert("conversations");
    const message_id = await one.insert("messages", { conversation_id, content: "Mine" });
    let refused = false;
    await stranger.rest("seen_answers", { method: "POST", body: { message_id } }).catch(() => refused = true);
    ok(refused);
    const { status } = await fetch(receiver.url, { method: "POST", headers: { authorization: "Bearer guess" } });
    equal(status, 401);
  });
}
