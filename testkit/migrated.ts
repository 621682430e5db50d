/** A database with all migrations for a test file: a new one on the test server, if there is one; else PGlite. */

import postgres from "postgres";
import { readMigrations } from "../dev/migrations.ts";
import { createDatabase, HAS_SERVER, MIGRATOR, prepareSupabase } from "./postgres.ts";

/** Signed in as the role that the migrations ran as, on one connection, until the file's tests are over. */
export interface MigratedDatabase {
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Runs any number of statements. */
  exec(text: string): Promise<unknown>;
}

/** Starts it outside of tests, so that what it keeps open is no test's. */
export async function startMigratedDatabase(): Promise<MigratedDatabase> {
  return HAS_SERVER ? await onPostgres() : await onPglite();
}

async function onPostgres(): Promise<MigratedDatabase> {
  const { url } = await createDatabase();
  addEventListener("unload", () => dropNow(url));
  await prepareSupabase(url);
  const types = { bigint: { to: 20, from: [20], serialize: String, parse: Number } };
  const sql = postgres(url, { max: 1, onnotice: () => {}, types });
  await sql.unsafe(`
    do $$ begin execute format('alter database %I owner to ${MIGRATOR}', current_database()); end $$;
    set synchronous_commit = off;
    set search_path = public, extensions;
    set session authorization ${MIGRATOR}`).simple();
  const exec = async (text: string) => await sql.unsafe(text).simple();
  for (const migration of await readMigrations(new URL("../supabase/migrations/", import.meta.url))) {
    await exec(migration.sql);
  }
  return {
    query: async <Row>(text: string, values: unknown[] = []) => [...await sql.unsafe(text, values as never)] as Row[],
    exec,
  };
}

/** A file's end waits for no promise, and Deno 2.1 has no `afterAll`: another process does it meanwhile. */
function dropNow(url: string) {
  const script = new URL("./drop_database.ts", import.meta.url).href;
  const args = ["run", "-A", "--no-lock", "--no-check", script, url];
  const { success, stderr } = new Deno.Command(Deno.execPath(), { args }).outputSync();
  if (!success) console.error(`Cannot drop ${url}: ${new TextDecoder().decode(stderr)}`);
}

/** PGlite is loaded only where it is needed. */
async function onPglite(): Promise<MigratedDatabase> {
  const { startMigrated } = await import("./pglite.ts");
  const database = await startMigrated();
  return {
    query: async <Row>(text: string, values?: unknown[]) => (await database.query<Row>(text, values)).rows,
    exec: (text) => database.exec(text),
  };
}
