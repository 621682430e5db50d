/** Applies migrations as the Supabase CLI would. */

import type { Database } from "./database.ts";

const FILE_NAME = /^(\d+)_([A-Za-z0-9_]+)\.sql$/;

/** The name of a migration and what it does. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Reads the migrations of a folder in the order in which they are applied. */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => name.endsWith(".sql")).sort();
  return await Promise.all(names.map(async (name) => ({ name, sql: await Deno.readTextFile(new URL(name, folder)) })));
}

/**
 * Applies the migrations of a folder that the database does not have yet, in order, each in a transaction.
 *
 * What was applied is kept where the Supabase CLI keeps it, so that either can carry on from the other.
 */
export async function applyMigrations(database: Database, folder: URL): Promise<string[]> {
  const applied: string[] = [];
  for (const { name, sql } of await readMigrations(folder)) {
    const match = FILE_NAME.exec(name);
    if (!match) {
      throw new Error(`Cannot apply the migration "${name}": its name is not <timestamp>_<concern>.sql`);
    }
    const [, version, concern] = match;
    const isNew = await database.transaction(async (run) => {
      // The row comes first: a second process that starts on the same database waits here for the outcome.
      const rows = await run(
        `insert into supabase_migrations.schema_migrations (version, name) values ('${version}', '${concern}')
         on conflict (version) do nothing returning version`,
      );
      if (rows.length === 0) return false;
      await run(sql);
      return true;
    }).catch((error) => {
      throw new Error(`Cannot apply the migration "${name}": ${describe(error, sql)}`, { cause: error });
    });
    if (isNew) applied.push(name);
  }
  return applied;
}

function describe(error: unknown, sql: string): string {
  if (!(error instanceof Error)) return String(error);
  const position = Number((error as { position?: string }).position);
  if (!Number.isInteger(position) || position < 1) return error.message;
  return `${error.message} (line ${sql.slice(0, position).split("\n").length})`;
}
