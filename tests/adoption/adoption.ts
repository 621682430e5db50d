/**
 * Databases that already hold the FastAPI relay's tables: parts of them, and the tests that give them the migrations.
 *
 * No two such databases are alike, so there are several shapes; after each, the relay and its clients write to it.
 */
import assert from "node:assert/strict";
import { applyMigrations, readMigrations, rollBack, startPglite } from "../../testkit/pglite.ts";

type Row = Record<string, unknown>;

/** Two users. */
export const ADA = "a0000000-0000-4000-8000-000000000000";
export const BOB = "b0000000-0000-4000-8000-000000000000";
/** A bot, and the conversations of the two. */
export const BOT = "c0000000-0000-4000-8000-000000000000";
export const TALE = "d0000000-0000-4000-8000-000000000001";
export const OTHER_TALE = "d0000000-0000-4000-8000-000000000002";

/** The old table of bots, with one of Ada's. */
export const BOTS = `
  create table public.bots (
    id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users (id), name text,
    access_key text not null, access_path text not null
  );
  insert into public.bots (id, user_id, name, access_key, access_path)
  values ('${BOT}', '${ADA}', 'Storyteller', 'old key', 'https://provider.example/v1');`;

/** The old table of messages. */
export const MESSAGES = `
  create table public.messages (
    id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users (id),
    conversation_id uuid not null, content text not null default '', is_user_author boolean not null,
    is_streaming boolean not null default false, is_complete boolean not null default true, stream_id text,
    created_at timestamptz not null default now()
  );`;

/** Two conversations, whose messages came in turns, by the minute; the texts name their order. */
export const ROWS = `
  insert into public.messages (user_id, conversation_id, content, is_user_author, stream_id, created_at)
  select case when n % 2 = 1 then '${ADA}'::uuid else '${BOB}'::uuid end,
    case when n % 2 = 1 then '${TALE}'::uuid else '${OTHER_TALE}'::uuid end, 'text ' || n, n % 4 in (1, 2),
    case when n % 4 in (3, 0) then 'stream-' || n end, timestamptz '2025-01-01' + n * interval '1 minute'
  from generate_series(1, 8) as n;`;

const database = await startPglite();
const migrations = await readMigrations();
await database.exec(`insert into auth.users (id) values ('${ADA}'), ('${BOB}')`);

/**
 * Registers a test that gives old tables the migrations. The texts are those on the paths from the roots to the active
 * leaves afterwards, by conversation.
 */
export function adoption(
  rule: string,
  tables: string,
  texts: Record<string, string[]>,
  checks: [sql: string, rows: unknown[]][] = [],
): void {
  Deno.test(`adoption ${rule}`, () =>
    withTables(tables, async () => {
      const before = await count();
      await applyMigrations(database, migrations);
      const after = await count();
      for (const [table, rows] of Object.entries(before)) {
        assert.ok(
          table === "conversations" ? after[table] >= rows : after[table] === rows,
          `${table} had ${rows} rows and has ${after[table]}`,
        );
      }
      for (const [conversation, contents] of Object.entries(texts)) {
        assert.deepEqual(await pathOf(conversation), contents);
      }
      for (const [sql, rows] of checks) assert.deepEqual(await read(sql), rows);
      await useAsClient();
      await useAsRelay(texts);
    }));
}

/** Registers a test that old tables are refused with this message, before anything has changed. */
export function refusal(what: string, tables: string, message: string): void {
  Deno.test(`adoption refuses ${what}`, () =>
    withTables(tables, async () => {
      const before = [await describe(), await count()];
      await assert.rejects(
        () => applyMigrations(database, migrations),
        (error: Error) =>
          (error.cause as Error).message === message ||
          assert.fail(error.message),
      );
      assert.deepEqual([await describe(), await count()], before);
    }));
}

/**
 * Everything is committed, each migration on its own, as on Supabase: in one transaction Postgres would check foreign
 * keys that it otherwise leaves alone.
 */
async function withTables(tables: string, work: () => Promise<void>): Promise<void> {
  await database.exec(tables);
  try {
    await work();
  } finally {
    await rollBack(database);
    await database.exec(`drop schema if exists relay cascade;
       drop schema public cascade;
       create schema public;
       grant usage on schema public to anon, authenticated, service_role`);
  }
}

/** Does what a client does that names no column more than it must. */
async function useAsClient(): Promise<void> {
  await database.exec(`begin;
     select set_config('request.jwt.claims', '{"sub": "${ADA}"}', true);
     set local role authenticated;
     insert into public.bots (user_id, access_key, access_path, model)
     values ('${ADA}', 'key', 'https://provider.example/v1', 'model');
     insert into public.conversations (id, user_id) values ('${BOT}', '${ADA}');
     insert into public.messages (user_id, conversation_id, content, is_user_author)
     values ('${ADA}', '${BOT}', 'hello', true);
     commit;`);
  assert.deepEqual(
    await read(
      `select is_streaming, is_complete, stream_id, created_at is not null as is_timed
       from public.messages where conversation_id = '${BOT}'`,
    ),
    [{ is_streaming: false, is_complete: true, stream_id: null, is_timed: true }],
  );
}

/** Generates in each of Ada's conversations, and in a new one. */
async function useAsRelay(texts: Record<string, string[]>): Promise<void> {
  for (const conversation of [undefined, ...Object.keys(texts)]) {
    const stream = `new-${conversation}`;
    const contents = conversation ? texts[conversation] : [];
    const [{ answer }] = await read<{ answer: Row }>(`select public.relay_begin(
         (select coalesce((select user_id from public.conversations where id = ${literal(conversation)}), '${ADA}')),
         '${stream}', 'worker', 'And then?', null, ${literal(conversation)}, null, null, false, 5, 3, 15000, 9999
       ) as answer`);
    // Bob never had a bot.
    if (answer.code === "bot_not_found" && conversation === OTHER_TALE) {
      continue;
    }
    assert.equal(answer.outcome, "admitted");
    assert.deepEqual((answer.context as Row[]).map(({ content }) => content), [
      ...contents.filter((content) => content !== ""),
      "And then?",
    ]);
    const [{ outcome }] = await read<{ outcome: Row }>(
      `select public.relay_finish('${stream}', '${answer.fence}', 'completed', 'stop', null, 'The end.', 1, 2, 3, 4)
         as outcome`,
    );
    assert.equal(outcome.is_complete, true);
    assert.deepEqual(await pathOf(String(answer.conversation_id)), [...contents, "And then?", "The end."]);
  }
}

/** The texts on the path from the root to the active leaf. */
async function pathOf(conversation: string): Promise<unknown[]> {
  const path = await read(`with recursive path as (
       select m.*, 1 as step from public.messages m
       join public.conversations c on c.active_message_id = m.id where c.id = '${conversation}'
       union all
       select m.*, step + 1 from public.messages m join path on m.id = path.parent_id
     ) select content from path order by step desc`);
  return path.map(({ content }) => content);
}

async function count(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const tables = await read<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public'");
  for (const { name } of tables) {
    const [{ rows }] = await read<{ rows: number }>(`select count(*)::integer as rows from public.${name}`);
    counts[name] = rows;
  }
  return counts;
}

/** All columns, constraints, functions and schemas: all but the rows. */
async function describe(): Promise<Row[]> {
  return await read(
    `select jsonb_agg(to_jsonb(c) order by table_name, ordinal_position) as facts, (
       select jsonb_agg(conname order by conname) from pg_constraint where connamespace = 'public'::regnamespace
     ) as constraints, (
       select count(*)::integer from pg_proc where pronamespace = 'public'::regnamespace
     ) as functions, (select count(*)::integer from pg_namespace) as schemas
     from information_schema.columns c where table_schema = 'public'`,
  );
}

/** Runs one query as the owner of the tables. */
async function read<T = Row>(sql: string): Promise<T[]> {
  return (await database.query<T>(sql)).rows;
}

function literal(value: string | undefined): string {
  return value === undefined ? "null" : `'${value}'`;
}
