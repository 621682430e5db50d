/**
 * A database for tests of SQL alone, before the first migration: a new one on the test server, if there is one; else
 * PGlite. Either has the roles, the `auth` schema and pgTAP.
 */
import { pgtap } from "@electric-sql/pglite/pgtap";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { rollBack, startPglite } from "./pglite.ts";
import { createDatabase, HAS_SERVER, MIGRATOR, prepareSupabase, type TestDatabase } from "./postgres.ts";

/** Signed in as the role that migrations run as, on one connection. */
export interface EmptyDatabase {
  /** Runs any number of statements, and gives the rows of all of them. */
  exec(text: string): Promise<unknown[][]>;
  query<Row>(text: string): Promise<Row[]>;
  /** Ends a transaction without a trace, also after an error. */
  rollBack(): Promise<void>;
  /** Makes it as it was at the start; of PGlite the schemas `public` and `relay` alone, which are empty again. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** What is there at the start. */
export interface EmptyOptions {
  /** With what stands in for Supabase's Vault. */
  withVault?: boolean;
  /** Run at first, as the role that migrations run as. */
  sql?: string;
}

/** Starts it. */
export async function startEmpty(options: EmptyOptions = {}): Promise<EmptyDatabase> {
  return HAS_SERVER ? await onPostgres(options) : await onPglite(options);
}

async function onPostgres(options: EmptyOptions): Promise<EmptyDatabase> {
  // A copy of it takes 50 ms. To drop the schemas leaves the catalogues full of what is gone, and each test slower.
  const template = await createDatabase();
  await prepareSupabase(template.url, options);
  const types = { bigint: { to: 20, from: [20], serialize: String, parse: Number } };
  const connect = ({ url }: TestDatabase) => postgres(url, { max: 1, onnotice: () => {}, types });
  // A copy belongs to the role that makes it, which is the superuser here.
  const signIn = `do $$ begin execute format('alter database %I owner to ${MIGRATOR}', current_database()); end $$;
    set search_path = public, extensions; set session authorization ${MIGRATOR};`;
  const first = connect(template);
  await first.unsafe(`set search_path = extensions; ${await readPgtap()}; ${signIn} ${options.sql ?? ""}`).simple();
  await first.end();

  let database: TestDatabase;
  let sql: postgres.Sql;
  async function open() {
    database = await createDatabase({ template });
    sql = connect(database);
    await sql.unsafe(signIn).simple();
  }
  async function drop() {
    await sql.end();
    await database.drop();
  }
  await open();
  const exec = async (text: string) => {
    // The rows of one statement, or those of each.
    const results = await sql.unsafe(text).simple().values() as unknown as unknown[][] | unknown[][][];
    return ("command" in results ? results : results.flat()) as unknown[][];
  };
  return {
    exec,
    query: async <Row>(text: string) => [...await sql.unsafe(text)] as Row[],
    rollBack: async () => void await exec("rollback"),
    async reset() {
      await drop();
      await open();
    },
    async close() {
      await drop();
      await template.drop();
    },
  };
}

/** As PGlite brings it, because a Postgres has it only where it was installed. */
async function readPgtap(): Promise<string> {
  const { bundlePath } = await pgtap.setup({} as never, {});
  const args = ["-xzOf", fileURLToPath(bundlePath!), "share/postgresql/extension/pgtap.sql"];
  const { success, stdout } = await new Deno.Command("tar", { args, stderr: "inherit" }).output();
  if (!success) throw new Error("Cannot unpack pgTAP: tar has failed");
  return new TextDecoder().decode(stdout);
}

async function onPglite(options: EmptyOptions): Promise<EmptyDatabase> {
  const database = await startPglite(options);
  await database.exec(options.sql ?? "");
  return {
    async exec(text) {
      const results = await database.exec(text, { rowMode: "array" });
      return results.flatMap(({ rows }) => rows as unknown as unknown[][]);
    },
    query: async (text) => (await database.query(text)).rows as never,
    rollBack: () => rollBack(database),
    async reset() {
      await rollBack(database);
      await database.exec(`drop schema if exists relay cascade;
        drop schema public cascade;
        create schema public;
        grant usage on schema public to anon, authenticated, service_role`);
    },
    close: () => database.close(),
  };
}
