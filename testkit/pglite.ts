/**
 * A database as a Supabase project has it before the first migration, inside this process: PGlite with the roles, the
 * `auth` schema and pgTAP. No role is a superuser in it, as on supabase.com.
 */
import { PGlite } from "@electric-sql/pglite";
import { pgtap } from "@electric-sql/pglite/pgtap";

/** The name of a migration and what it does. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Starts an empty database, signed in as the role that migrations run as. */
export async function startPglite(): Promise<PGlite> {
  const database = await PGlite.create({ extensions: { pgtap } });
  forgetExitCode();
  const roles = await Deno.readTextFile(new URL("supabase_roles.sql", import.meta.url));
  // PGlite would need a bundle for pgcrypto, and nothing of ours uses it.
  await database.exec(roles.replace(/^create extension .* pgcrypto .*$/m, ""));
  await database.exec("create extension pgtap with schema extensions");
  await database.exec("set session authorization relay_migrator; set search_path = public, extensions");
  return database;
}

/** Reads the migrations in the order in which they are applied. */
export async function readMigrations(): Promise<Migration[]> {
  const folder = new URL("../supabase/migrations/", import.meta.url);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => name.endsWith(".sql")).sort();
  return await Promise.all(names.map(async (name) => ({ name, sql: await Deno.readTextFile(new URL(name, folder)) })));
}

/** Applies migrations in order; the error of one that fails carries its name. */
export async function applyMigrations(database: PGlite, migrations: readonly Migration[]): Promise<void> {
  for (const { name, sql } of migrations) {
    try {
      await database.exec(sql);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Cannot apply ${name}: ${reason}`, { cause });
    }
  }
}

/** Ends a transaction without a trace, also after an error. */
export async function rollBack(database: PGlite): Promise<void> {
  await database.exec("rollback");
  forgetExitCode();
}

/** PGlite hands on what its Postgres leaves behind: initdb an exit code, each error another. They are not ours. */
function forgetExitCode(): void {
  Deno.exitCode = 0;
}
