/**
 * The way to production with the real Supabase CLI: `supabase db push` onto a
 * real Postgres that has what a Supabase project has, without an account.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createDatabase, prepareSupabase, query } from "../../testkit/postgres.ts";
import { skip } from "../../testkit/skipped.ts";
import { hasNpx, runSupabase } from "./supabase_cli.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const MIGRATIONS = `${ROOT}supabase/migrations`;

if (!Deno.env.has("RELAY_TEST_DATABASE_URL")) {
  skip("RELAY_TEST_DATABASE_URL is not set: no `supabase db push`");
} else if (!await hasNpx()) {
  skip("npx was not found: no `supabase db push`");
} else {
  registerTests();
}

function registerTests() {
  Deno.test("supabase db push applies every migration, once, as a role that is no superuser", async () => {
    await using database = await createDatabase();
    const target = await prepareSupabase(database.url);
    const files = [...Deno.readDirSync(MIGRATIONS)].map(({ name }) => name)
      .filter((name) => name.endsWith(".sql")).sort();

    const first = await push(target);
    assert.deepEqual([first.upToDate, first.migrations], [false, files]);
    const second = await push(target);
    assert.deepEqual([second.upToDate, second.migrations], [true, []]);

    const names = await namesOfObjects(database.url);
    const wanted = await namesInMigrations(files);
    assert.ok(wanted.length > files.length / 2);
    // The two that adoption alone needs are dropped when it is over.
    assert.deepEqual(wanted.filter((name) => !names.has(name)), ["relay.complete_ids", "relay.time_of"]);

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

  Deno.test("supabase db push leaves clients no more on a project that exposes new tables", async () => {
    await using today = await createDatabase();
    await using older = await createDatabase();
    await push(await prepareSupabase(today.url));
    await push(await prepareSupabase(older.url, { exposeNewObjects: true }));
    const rights = await clientRights(today.url);
    assert.ok(rights.length > 0);
    assert.deepEqual(await clientRights(older.url), rights);
  });
}

/** Pushes the migrations of this repository and gives the CLI's answer. */
async function push(target: string) {
  const url = new URL(target);
  // Otherwise the CLI tries TLS first and warns that there is none.
  url.searchParams.set("sslmode", "disable");
  const { code, answer, stderr } = await runSupabase(ROOT, ["db", "push", `--remote=${url.href}`]);
  assert.equal(code, 0, stderr);
  assert.ok(answer, "The CLI gave no answer");
  return answer;
}

/** The tables and functions that the migrations say they make. */
async function namesInMigrations(files: string[]): Promise<string[]> {
  const statement = /^create (?:or replace )?(?:table|function) (?:if not exists )?([\w.]+)/gm;
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${MIGRATIONS}/${file}`)));
  return texts.flatMap((text) => [...text.matchAll(statement)].map(([, name]) => name));
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
