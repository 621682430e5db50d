/**
 * Databases of their own for tests that need a real Postgres, and what Supabase's Postgres has beyond a plain one.
 *
 * The server is the one that RELAY_TEST_DATABASE_URL names, as a superuser; nothing but new databases is made on it
 * (and the roles, which belong to the whole server).
 */
import postgres, { type Sql } from "postgres";
import { readMigrations } from "../dev/migrations.ts";

/** Whether there is a test server. What may run on either database runs on it: PGlite takes six times the CPU. */
export const HAS_SERVER: boolean = Deno.env.has("RELAY_TEST_DATABASE_URL");

/** A database that lives as long as a test. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Ends whatever is still connected and removes the database; a second call does nothing. */
  drop(): Promise<void>;
}

/** The role that migrations run as in `prepareSupabase`'s databases: what hosted calls `postgres`, no superuser. */
export const MIGRATOR = "relay_migrator";

/** Makes a database with a unique name on the test server: empty, or a copy of one that nothing is connected to. */
export async function createDatabase({ server = Deno.env.get("RELAY_TEST_DATABASE_URL"), template }: {
  server?: string;
  template?: TestDatabase;
} = {}): Promise<TestDatabase> {
  if (!server) {
    throw new TypeError(
      "Cannot create a database: RELAY_TEST_DATABASE_URL is not set, expected the URL of a Postgres superuser",
    );
  }
  const name = `relay_test_${crypto.randomUUID().replaceAll("-", "")}`;
  // template0 has no connections, so that databases can be made side by side.
  const source = template ? new URL(template.url).pathname.slice(1) : "template0";
  await runSql(server, `create database "${name}" template "${source}" encoding 'UTF8'`);
  // To compile what runs once costs two thirds of the migrations' CPU.
  await runSql(server, `alter database "${name}" set jit = off`);
  const drop = () => runSql(server, `drop database if exists "${name}" with (force)`);
  return { url: withDatabase(server, name), drop, [Symbol.asyncDispose]: drop };
}

/** How new tables and functions in `public` start out. */
export interface SupabaseOptions {
  /**
   * True is a project from before May 2026, which grants everything on new objects to the API's roles. False is a
   * project of today. The migrations must end with the same grants on both.
   */
  readonly exposeNewObjects?: boolean;
  /** With what stands in for Supabase's Vault. */
  readonly withVault?: boolean;
}

/**
 * Gives a database the roles, the `auth` schema and the grants that migrations find on Supabase. May be repeated.
 * Answers the URL to push migrations with: that of a role which is no superuser, as hosted.
 */
export async function prepareSupabase(url: string, options: SupabaseOptions = {}): Promise<string> {
  await runSql(url, await Deno.readTextFile(new URL("./supabase_roles.sql", import.meta.url)));
  if (options.withVault) await enableVault(url);
  if (options.exposeNewObjects) {
    for (const kind of ["tables", "functions", "sequences"]) {
      await runSql(
        url,
        `alter default privileges for role ${MIGRATOR} in schema public
           grant all on ${kind} to anon, authenticated, service_role`,
      );
    }
  }
  const migrator = new URL(url);
  migrator.username = MIGRATOR;
  migrator.password = MIGRATOR;
  return migrator.href;
}

/** Applies all migrations, as the role that the URL names. */
export async function migrate(url: string): Promise<void> {
  const sql = connect(url);
  try {
    for (const migration of await readMigrations(new URL("../supabase/migrations/", import.meta.url))) {
      await sql.unsafe(migration.sql).simple();
    }
  } finally {
    await sql.end();
  }
}

/** Makes what stands in for Supabase's Vault, in a database that has Supabase's roles. */
export async function enableVault(url: string): Promise<void> {
  await runSql(url, await Deno.readTextFile(new URL("./vault.sql", import.meta.url)));
}

/** Runs one query on a connection of its own, with values for `$1`, `$2`, … */
export async function query<Row extends object>(
  url: string,
  text: string,
  values: (string | number | boolean | null)[] = [],
): Promise<Row[]> {
  const sql = connect(url);
  try {
    return [...await sql.unsafe<Row[]>(text, values)];
  } finally {
    await sql.end();
  }
}

/** Runs any number of statements, without values and without an answer. */
async function runSql(url: string, text: string): Promise<void> {
  const sql = connect(url);
  try {
    await sql.unsafe(text).simple();
  } finally {
    await sql.end();
  }
}

/** Opens one connection, and so one transaction at a time. */
export function connect(url: string): Sql {
  // Notices ("role exists already") are no news here, and the type query at the start costs a round trip.
  return postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
