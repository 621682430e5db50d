/**
 * Runs the files below supabase/tests on a real Postgres whose tables are in use, as `supabase test db` may find them.
 * `pgtap_test.ts` runs each of them on an empty database.
 */
import assert from "node:assert/strict";
import { readMigrations } from "../../testkit/pglite.ts";
import { connect, createDatabase, prepareSupabase } from "../../testkit/postgres.ts";
import { skip } from "../../testkit/skipped.ts";
import { findFailures } from "../../testkit/tap.ts";

const FOLDER = new URL("../../supabase/tests/", import.meta.url);
const HELPERS = "000_helpers.test.sql";

/** Runs statements and gives the rows of all of them. */
type Execute = (sql: string) => Promise<unknown[][]>;

/** What a database has after a while: a story with branches, a share, a generation of each kind, counters. */
const IN_USE = `
  begin;
  select tests.given_tale('its user'), tests.make_user('its friend'), tests.given_share('bot', 'its friend'),
    tests.given_default_bot('bot', 'its user'), tests.given_conversation('its empty story', 'its friend');
  select tests.given_generation('its-' || status, 'its user', status, 'tale', 'second question')
  from unnest(array['running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) status;
  select tests.given_text('its-running', 'Once'), tests.given_expired('its-expired', 'its user', 'Once', 'tale'),
    tests.given_generation('its-old', 'its friend', 'completed'), tests.back_date('its-old', interval '40 days');
  update relay.counters set value = 7;
  insert into relay.uncounted (name, amount) select 'sweeps_total', 2 from generate_series(1, 3);
  commit`;

if (Deno.env.has("RELAY_TEST_DATABASE_URL")) {
  Deno.test("supabase/tests on a database that is in use: every file passes, and every row stays as it was", async () => {
    await using used = await createDatabase();
    await prepareSupabase(used.url);
    const sql = connect(used.url);
    const onPostgres: Execute = async (text) => {
      const results = await sql.unsafe(text).simple();
      return (Array.isArray(results[0]) ? results : [results]).flatMap((rows) =>
        [...rows].map((row) => Object.values(row))
      );
    };
    try {
      await onPostgres("create extension pgtap with schema extensions");
      await onPostgres("set session authorization relay_migrator; set search_path = public, extensions");
      for (const migration of await readMigrations()) await onPostgres(migration.sql);
      await runFile(onPostgres, HELPERS);
      await onPostgres(IN_USE);
      const before = await onPostgres("select tests.everything()");
      const failed: string[] = [];
      for (const path of findTestFiles(FOLDER)) {
        const tap = await runFile(onPostgres, path).catch(async (error) => {
          await onPostgres("rollback");
          return `not ok ${error.message}`;
        });
        failed.push(...findFailures(tap).map((failure) => `${path}: ${failure}`));
      }
      assert.deepEqual(failed, []);
      // The helpers have removed themselves.
      await runFile(onPostgres, HELPERS);
      assert.deepEqual(await onPostgres("select tests.everything()"), before);
    } finally {
      await sql.end();
    }
  });
} else {
  skip("RELAY_TEST_DATABASE_URL is not set: no pgTAP on a database that is in use");
}

/** The paths in the order in which pg_prove runs them. */
function findTestFiles(folder: URL, below = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return findTestFiles(new URL(`${name}/`, folder), `${below}${name}/`);
    return name.endsWith(".sql") ? [below + name] : [];
  }).sort();
}

/** Runs one file and gives what psql would print of it, without headings. */
async function runFile(execute: Execute, path: string): Promise<string> {
  const rows = await execute(await Deno.readTextFile(new URL(path, FOLDER)));
  return rows.map((row) => row.join("|")).join("\n");
}
