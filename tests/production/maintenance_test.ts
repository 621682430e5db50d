/** docs/maintenance.md on a real Postgres: its SQL, one user's export and deletion, and a dump that is restored and served. */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { fenced } from "../../testkit/page.ts";
import { mintToken } from "../../testkit/people.ts";
import { connect, createDatabase, migrate, prepareSupabase, query } from "../../testkit/postgres.ts";
import { answers, stalls } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import { NO_USER_LIMITS, SCENARIO_ENV, startStack } from "../../testkit/stack.ts";

const page = Deno.readTextFileSync(new URL("../../docs/maintenance.md", import.meta.url));
const sqlOf = (heading: string) => fenced(page, "sql", `## ${heading}`);

/** A row of one user in each such table. */
const GIVEN = `
  insert into auth.users (id, email) values
    (md5('writer')::uuid, 'writer@example.com'), (md5('reader')::uuid, 'reader@example.com');
  insert into public.bots (id, user_id, name, access_path, access_key, model)
  select md5(name)::uuid, md5(owner)::uuid, name, 'https://api.openai.com/v1', 'sk-' || name, 'gpt-4o-mini'
  from (values ('Storyteller', 'writer'), ('Second', 'writer'), ('Other', 'reader')) as b (name, owner);
  insert into public.bot_shares (bot_id, user_id) values
    (md5('Other')::uuid, md5('writer')::uuid), (md5('Storyteller')::uuid, md5('reader')::uuid);
  insert into public.bot_fallbacks (bot_id, position, fallback_bot_id) values (md5('Storyteller')::uuid, 1, md5('Second')::uuid);
  insert into public.user_settings (user_id, default_bot_id) values (md5('writer')::uuid, md5('Storyteller')::uuid);
  do $$
  declare
    v_begun jsonb;
  begin
    v_begun := public.relay_begin(md5('writer')::uuid, 'ended', 'worker', 'x', null, null, md5('Storyteller'), null, false, 99,
      99, 9999, 999);
    perform public.relay_finish('ended', (v_begun ->> 'fence')::uuid, 'completed', 'stop', null, 'The end.', 7, 3, 10, 5);
    v_begun := public.relay_begin(md5('writer')::uuid, 'running', 'worker', 'y', null, null, md5('Storyteller'), null, false,
      99, 99, 9999, 999);
    perform public.relay_beat(array['running'], array[(v_begun ->> 'fence')::uuid], 60000, array[0], array[4], array['Once']);
    v_begun := public.relay_begin(md5('reader')::uuid, 'other', 'worker', 'z', null, null, md5('Other'), null, false, 99,
      99, 9999, 999);
    perform public.relay_finish('other', (v_begun ->> 'fence')::uuid, 'completed', 'stop', null, 'A stranger''s.', 7, 3, 10, 5);
  end
  $$;
  insert into public.memories (message_id, user_id, content)
  select m.id, m.user_id, 'In short' from public.messages m where m.stream_id = 'ended';
  insert into relay.budgets (user_id, period, tokens) values (md5('writer')::uuid, 'day', 1000000);
  insert into relay.past_usage (scope, user_id, until, tokens, cost)
  values ('scope', md5('writer')::uuid, '2026-01-01', 1, 0);
  insert into relay.provider_health (key, owner_id, endpoint, model, since)
  values (md5('key')::uuid, md5('writer')::uuid, 'https://api.openai.com/v1', 'gpt-4o-mini', now())`;

/** Tables with rows of a user: those with a user's id, and those below them. */
const USERS_TABLES = `
  with recursive owned as (
    select distinct a.attrelid as oid from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attname in ('user_id', 'owner_id') and not a.attisdropped and c.relkind = 'r'
      and c.relnamespace in ('public'::regnamespace, 'relay'::regnamespace)
    union
    select f.conrelid from pg_constraint f join owned o on o.oid = f.confrelid where f.contype = 'f' and f.confdeltype = 'c'
  )
  select relname::text as name from owned join pg_class using (oid) order by 1`;

/** All rights on everything that the relay has. */
const RIGHTS = `
  select relname || coalesce(relacl::text, '') || relrowsecurity as text from pg_class
  where relnamespace in ('public'::regnamespace, 'relay'::regnamespace) and relkind in ('r', 'S')
  union all
  select attrelid::regclass || '.' || attname || attacl::text from pg_attribute
  where attacl is not null and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
  union all
  select oid::regprocedure || coalesce(proacl::text, '') || prosecdef from pg_proc
  where pronamespace in ('public'::regnamespace, 'relay'::regnamespace)
  union all
  select policyname || cmd || roles::text || coalesce(qual, '') || coalesce(with_check, '') from pg_policies
  union all
  select tgrelid::regclass || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  order by 1`;

/** Runs the page's own dump and restore. */
async function dumpAndRestore(from: string, to: string): Promise<void> {
  const [, script] = /^```sh\n(pg_dump.*?)^```$/ms.exec(page)!;
  const cwd = await Deno.makeTempDir();
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-euc", script],
    cwd,
    env: { DATABASE_URL: from, NEW_DATABASE_URL: to },
  }).output();
  await Deno.remove(cwd, { recursive: true });
  ok(success, new TextDecoder().decode(stderr));
}

if (!Deno.env.has("RELAY_TEST_DATABASE_URL")) skip("RELAY_TEST_DATABASE_URL is not set: no restore");
else if (!await hasProgram("pg_restore")) skip("pg_restore was not found: no restore");
else register();

/** A migrated database with the rows above. */
async function givenDatabase(options = {}) {
  const database = await createDatabase();
  const migrator = await prepareSupabase(database.url, options);
  await migrate(migrator);
  const owner = connect(migrator);
  await owner.unsafe(GIVEN).simple();
  await owner.end();
  return database;
}

function register() {
  Deno.test("one user's export has every table with a user's rows, and nothing of another user", async () => {
    await using database = await givenDatabase();
    const [exporting, deletion, sums] = sqlOf("One user's data");
    const [{ all_of_it }] = await query<{ all_of_it: string }>(database.url, exporting);
    const all = JSON.parse(all_of_it) as Record<string, unknown[] | null>;
    const tables = (await query<{ name: string }>(database.url, USERS_TABLES)).map(({ name }) => name);
    ok(tables.length > 10);
    equal(tables.filter((name) => !all[name]?.length), [], "each table is in the page's SQL, and had a row");
    for (const secret of ["sk-Storyteller", "A stranger's.", "reader@example.com"]) {
      ok(!all_of_it.includes(secret), secret);
    }
    for (const text of ["The end.", "In short", '"content": "Once"']) ok(all_of_it.includes(text), text);

    await query(database.url, sums.split(";\n")[0]);
    await query(database.url, sums.split(";\n")[2]);
    equal(await query(database.url, "select generations::int, prompt_tokens::int from relay.usage_of_deleted_users"), [
      { generations: 1, prompt_tokens: 7 },
    ]);
    await query(database.url, deletion);
    const everywhere = await query<{ relation: string }>(
      database.url,
      `select c.oid::regclass::text as relation from pg_class c
      where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'relay'::regnamespace)
        and (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s t where t::text like %L',
          c.oid::regclass, '%' || md5('writer')::uuid || '%'), false, true, '')))[1]::text <> '0'`,
    );
    equal(everywhere.map(({ relation }) => relation), ["relay.provider_health"]);
    equal((await query(database.url, "select from public.messages")).length, 2, "what is another user's stays");
  });

  Deno.test("the page's other SQL runs, and the sizes name each table", async () => {
    await using database = await givenDatabase();
    await query(database.url, sqlOf("Keys and their rotation")[0]);
    equal(await query(database.url, "select access_key from public.bots where name = 'Storyteller'"), [
      { access_key: "sk-the-new-key" },
    ]);
    const [sizes, stories, vacuum, longest, archive] = sqlOf("Growth");
    const relations = (await query<{ relation: string }>(database.url, sizes)).map(({ relation }) => relation);
    const growth = page.split("\n## Growth\n")[1].split("How much the stories grow")[0];
    for (const relation of relations) {
      const name = relation.replace(/^(public|relay)\./, "");
      ok(growth.includes(name) || name.startsWith("bot_") || name === "user_settings", name);
    }
    equal((await query<{ users: string }>(database.url, stories)).map(({ users }) => users), ["2"]);
    for (const statement of vacuum.split(/;\n/)) if (statement.trim()) await query(database.url, statement);
    equal(
      (await query(database.url, "select from pg_class where relname = 'chunks' and reloptions is not null")).length,
      1,
    );
    ok((await query(database.url, longest)).length > 0);
    await query(database.url, "update public.conversations set updated_at = now() - interval '3 years'");
    equal((await query(database.url, archive)).length, 3);
  });

  Deno.test("a dump is restored with all rights, and served: what ran is interrupted, what came later is unknown", async () => {
    await using restored = await createDatabase();
    let known: { user: { id: string; email: string }; bot_id: string; a: string; b: string };
    let rights: unknown;
    {
      await using stack = await startStack({ postgres: true });
      const worker = await stack.worker({ ...SCENARIO_ENV, ...NO_USER_LIMITS });
      const author = await newAuthor(stack.targetOf([worker]), stack.provider, stalls("Once "));
      const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
      const reader = await author.open({ prompt: "Begin", stream_id: a });
      await reader.untilText("Once ");
      await eventually(
        "the text is stored",
        async () => (await query(stack.databaseUrl!, "select from relay.chunks")).length > 0,
      );
      await dumpAndRestore(stack.databaseUrl!, restored.url);
      rights = await query(stack.databaseUrl!, RIGHTS);
      const later = await author.open({ prompt: "Later", stream_id: b });
      await later.untilText("Once ");
      known = { user: author.user, bot_id: author.botId, a, b };
      await Promise.all([reader.leave(), later.leave()]);
    }
    equal(await query(restored.url, RIGHTS), rights);
    await using stack = await startStack({ flags: ["--database", restored.url] });
    const worker = await stack.worker({ ...SCENARIO_ENV, ...NO_USER_LIMITS });
    equal((await fetch(`${worker.url}/healthz?ready`)).status, 200);
    const token = await mintToken(stack.jwt_secret, known.user.id);
    const client = await newClient(stack.targetOf([worker]), { ...known.user, token });
    const access_path = stack.provider.script(answers("And ", "on."));
    await client.rest(`bots?id=eq.${known.bot_id}`, { method: "PATCH", body: { access_path, access_key: "k" } });

    await query(
      restored.url,
      "update relay.generations set lease_expires_at = now() - interval '1 hour' where status = 'running'",
    );
    const cut = await client.replay(known.a);
    equal([cut.text, cut.last.code], ["Once ", "interrupted"]);
    equal((await client.generate({ prompt: "Begin", stream_id: known.a })).text, "Once ");
    equal(stack.provider.calls(access_path).length, 0);
    await expectRefusal(await client.get(known.b), 404, "stream_not_found");
    equal((await client.generate({ prompt: "Later", stream_id: known.b, bot_id: known.bot_id })).text, "And on.");
    equal(stack.provider.calls(access_path).length, 1);

    // A worker that is newer than its database.
    await query(restored.url, "alter function public.relay_begin rename to relay_begin_of_before");
    await expectRefusal(await client.ask({ prompt: "Begin" }), 503, "unavailable");
    await query(restored.url, "alter function public.relay_begin_of_before rename to relay_begin");
    equal((await client.generate({ prompt: "Begin", bot_id: known.bot_id })).end, "done");
    match(worker.log(), /worker and database do not fit: push the migrations/);
    // To stop it would wait for what it may have been admitted.
    await worker.kill();
  });

  Deno.test("keys in Vault are restored; under another root key they cannot be read, and are counted, until they are set again", async () => {
    await using database = await givenDatabase({ withVault: true });
    await using restored = await createDatabase();
    await dumpAndRestore(database.url, restored.url);
    const [, unreadable] = /`(select count\(\*\) from public\.bots where .*?;)`/.exec(page)!;
    const count = async () => (await query<{ count: string }>(restored.url, unreadable))[0].count;
    const keys = async () =>
      (await query<{ key: string }>(restored.url, "select relay.key_of(b) as key from public.bots b order by name"))
        .map(
          ({ key }) => key,
        );
    equal([await count(), await keys()], ["0", ["sk-Other", "sk-Second", "sk-Storyteller"]]);
    await query(
      restored.url,
      `create or replace function vault._root_key() returns bytea language sql immutable as $$
        select '\\x99112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'::bytea $$`,
    );
    equal([await count(), await keys()], ["3", [null, null, null]]);
    await query(restored.url, sqlOf("Keys and their rotation")[0]);
    equal([await count(), (await keys())[2]], ["2", "sk-the-new-key"]);
  });
}
