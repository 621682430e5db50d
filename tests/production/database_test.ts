/**
 * The way to production with the real Supabase CLI: `supabase db push` onto a
 * real Postgres that has what a Supabase project has, without an account.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { createDatabase, migrate, prepareSupabase, query } from "../../testkit/postgres.ts";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import { pushMigrations, remoteFlag, runSupabase } from "./supabase_cli.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Takes the place of pg_cron before 1.5, as far as `cron.schedule` goes. */
const CLOSED_CRON = `
  create schema cron;
  create table cron.job (
    job_name text, schedule text constraint knows_no_seconds check (schedule !~ 'second'), command text
  );
  create function cron.schedule(job_name text, schedule text, command text) returns bigint
  language sql security definer as $$ insert into cron.job values ($1, $2, $3) returning 1::bigint $$;
  set allow_system_table_mods = on;
  insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  values (999999, 'pg_cron', 10, 'cron'::regnamespace, false, '1.4')`;

const MIGRATIONS = `${ROOT}supabase/migrations`;

if (!Deno.env.has("RELAY_TEST_DATABASE_URL")) {
  skip("RELAY_TEST_DATABASE_URL is not set: no `supabase db push`");
} else if (!await hasProgram("npx")) {
  skip("npx was not found: no `supabase db push`");
} else {
  registerTests();
}

function registerTests() {
  Deno.test("supabase db push applies every migration, once, as a role that is no superuser", async () => {
    await using database = await createDatabase();
    // As each project of today; functions that use Vault are linted, too.
    const target = await prepareSupabase(database.url, { withVault: true });
    const files = [...Deno.readDirSync(MIGRATIONS)].map(({ name }) => name)
      .filter((name) => name.endsWith(".sql")).sort();

    const first = await pushMigrations(ROOT, target);
    assert.deepEqual([first.upToDate, first.migrations], [false, files]);
    const second = await pushMigrations(ROOT, target);
    assert.deepEqual([second.upToDate, second.migrations], [true, []]);

    // What Supabase's Postgres has, and a plain one may lack.
    const [lint] = await query(database.url, "select from pg_available_extensions where name = 'plpgsql_check'");
    if (lint) {
      await query(database.url, "create extension plpgsql_check");
      const args = ["db", "lint", "--schema", "public,relay", "--level", "error", "--fail-on", "error"];
      const { code, answer } = await runSupabase(ROOT, [...args, remoteFlag(target)]);
      assert.deepEqual([code, answer?.results ?? []], [0, []]);
    } else skip("this Postgres has no plpgsql_check: no `supabase db lint`");

    const names = await namesOfObjects(database.url);
    const wanted = await namesInMigrations(files);
    assert.ok(wanted.length > files.length / 2);
    assert.deepEqual(wanted.filter((name) => !names.has(name)), []);

    const [index] = await query<{ text: string }>(
      database.url,
      `select pg_get_indexdef('public.messages_stream_id_unique'::regclass)
           as text`,
    );
    assert.equal(
      index.text,
      "CREATE UNIQUE INDEX messages_stream_id_unique ON public.messages " +
        "USING btree (stream_id)",
    );
  });

  Deno.test("the migrations leave clients no more on a project that exposes new tables", async () => {
    await using today = await createDatabase();
    await using older = await createDatabase();
    await migrate(await prepareSupabase(today.url));
    await migrate(await prepareSupabase(older.url, { exposeNewObjects: true }));
    const rights = await clientRights(today.url);
    assert.ok(rights.length > 0);
    assert.deepEqual(await clientRights(older.url), rights);
  });

  Deno.test("the SQL of docs/operations.md makes a bot for all users, and for those who come later", async () => {
    const page = await Deno.readTextFile(`${ROOT}docs/operations.md`);
    const [trigger, insert] = [...page.split("## The first bot")[1].matchAll(/```sql\n(.+?)```/gs)].map(([, sql]) =>
      sql
    );
    await using database = await createDatabase();
    const target = await prepareSupabase(database.url);
    await migrate(target);
    await using owner = connectToDrop(target);
    const signUp = async (email: string) => {
      const id = crypto.randomUUID();
      await owner.sql`insert into auth.users (id, email) values (${id}, ${email})`;
      return id;
    };
    const users = [await signUp("you@example.com"), await signUp("other@example.com")];
    await owner.sql.unsafe(insert).simple();
    await owner.sql.unsafe(trigger).simple();
    users.push(await signUp("later@example.com"));
    const names = await owner.sql`
      select b.name from unnest(string_to_array(${users.join()}, ',')::uuid[]) with ordinality u (id, index)
      join public.bots b on b.id = relay.resolve_bot(u.id, null, null) order by u.index`;
    assert.deepEqual(names.map(({ name }) => name), ["Storyteller", "Storyteller", "Storyteller"]);
  });

  Deno.test("a sweep that cannot be scheduled stops no migration: every minute in place of seconds, or not at all", async () => {
    await using database = await createDatabase();
    const target = await prepareSupabase(database.url);
    // A pg_cron that is listed as installed, and whose schema is closed to the role that pushes.
    await using admin = connectToDrop(database.url);
    await admin.sql.unsafe(CLOSED_CRON).simple();
    await migrate(target);

    await using owner = connectToDrop(target);
    const schedule = async () => (await owner.sql`select relay.schedule_sweep() as scheduled`)[0].scheduled;
    const jobs = () => admin.sql`select job_name, schedule, command from cron.job order by schedule`;
    assert.deepEqual([await schedule(), owner.warnings.length, [...await jobs()]], [false, 3, []]);
    await admin.sql`grant usage on schema cron to relay_migrator`;
    const job = { job_name: "storytellr-relay-sweep", command: "select public.relay_sweep()" };
    assert.deepEqual([await schedule(), [...await jobs()]], [true, [{ ...job, schedule: "* * * * *" }]]);
    await admin.sql.unsafe("truncate cron.job; alter table cron.job drop constraint knows_no_seconds").simple();
    assert.deepEqual([await schedule(), [...await jobs()]], [true, [{ ...job, schedule: "10 seconds" }]]);
  });
}

/** A connection that ends with its test, and the warnings that came over it. */
function connectToDrop(url: string) {
  const warnings: string[] = [];
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: ({ message }) => warnings.push(String(message)) });
  return { sql, warnings, [Symbol.asyncDispose]: () => sql.end() };
}

/** The tables and functions that the migrations say they make and keep. */
async function namesInMigrations(files: string[]): Promise<string[]> {
  const made = /^create (?:or replace )?(?:table|function) (?:if not exists )?([\w.]+)/gm;
  // What only the migrations themselves use.
  const dropped = /^drop function ([\w.]+(?:, [\w.]+)*)/gm;
  const text = (await Promise.all(files.map((file) => Deno.readTextFile(`${MIGRATIONS}/${file}`)))).join("\n");
  const gone = [...text.matchAll(dropped)].flatMap(([, names]) => names.split(", "));
  return [...text.matchAll(made)].map(([, name]) => name).filter((name) => !gone.includes(name));
}

async function namesOfObjects(url: string): Promise<Set<string>> {
  const rows = await query<{ name: string }>(
    url,
    `select format('%s.%s', relnamespace::regnamespace, relname) as name
       from pg_class where relkind = 'r'
      union
     select format('%s.%s', pronamespace::regnamespace, proname) from pg_proc`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** What `anon` and `authenticated` may do with tables, columns and functions. */
async function clientRights(url: string): Promise<string[]> {
  const rows = await query<{ client_right: string }>(
    url,
    `with objects as (
       select format('%s (%s)', attrelid::regclass, attname) as object,
              verb, role,
              has_column_privilege(role, attrelid, attnum, verb) as allowed
         from pg_attribute
         join pg_class on pg_class.oid = attrelid
        cross join unnest(array['select', 'insert', 'update']) as verb
        cross join unnest(array['anon', 'authenticated']) as role
        where relkind in ('r', 'v') and attnum > 0 and not attisdropped
          and relnamespace::regnamespace::text in ('public', 'relay')
        union all
       select pg_class.oid::regclass::text, verb, role,
              has_table_privilege(role, pg_class.oid, verb)
         from pg_class
        cross join unnest(array['delete', 'truncate', 'trigger']) as verb
        cross join unnest(array['anon', 'authenticated']) as role
        where relkind in ('r', 'v')
          and relnamespace::regnamespace::text in ('public', 'relay')
        union all
       select pg_proc.oid::regprocedure::text, 'execute', role,
              has_function_privilege(role, pg_proc.oid, 'execute')
         from pg_proc
        cross join unnest(array['anon', 'authenticated']) as role
        where pronamespace::regnamespace::text in ('public', 'relay')
     )
     select format('%s may %s %s', role, verb, object) as client_right
       from objects where allowed order by 1`,
  );
  return rows.map((row) => row.client_right);
}
