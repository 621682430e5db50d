/** What the embedded stack stores its data in: PGlite in this process, or a Postgres server. */

import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";
import { createPostgresConnection, type PostgresConnection } from "@supabase/lite/postgres";
// For lite's sake, too: it finds this optional dependency only where the program itself loads it.
import "postgres";
import type { Sql } from "postgres";
import { findCluster, keepCluster } from "./clusters.ts";

/** Runs SQL inside a transaction; several statements may stand in one text, which then gives no rows. */
export type RunSql = (sql: string) => Promise<Record<string, unknown>[]>;

/** A database that lite can serve. */
export interface Database {
  connection: PgliteConnection | PostgresConnection;
  /** True where all requests share one connection, and so one transaction. */
  shared: boolean;
  transaction<T>(work: (run: RunSql) => Promise<T>): Promise<T>;
  /** Keeps what was made of an empty database for later starts, if it is not kept yet. */
  keep?(): Promise<void>;
  close(): Promise<void>;
}

/** Opens Postgres inside this process, in memory or in a folder. A new database may have been made from `madeFrom`. */
export async function openPglite(
  folder: string | undefined,
  progress: (text: string) => void,
  madeFrom?: string,
): Promise<Database> {
  const fresh = folder === undefined || !exists(`${folder}/PG_VERSION`);
  const made = fresh && madeFrom !== undefined ? await findCluster("stack", madeFrom) : undefined;
  const cluster = made ?? (fresh ? await findCluster("empty", "") : undefined);
  if (fresh && !cluster) {
    progress("Preparing PGlite, which takes a few seconds at the first start");
  }
  const connection = await createPgliteConnection({
    url: folder ?? "memory://",
    pgliteOptions: cluster && { loadDataDir: cluster },
  });
  const pglite = connection.driver;
  try {
    await pglite.waitReady;
    if (fresh && !cluster) await keepCluster("empty", "", await pglite.dumpDataDir("gzip"));
  } catch (error) {
    throw new Error(`Cannot open the database in "${folder ?? "memory"}": ${message(error)}`, { cause: error });
  }
  return {
    connection,
    shared: true,
    transaction: (work) =>
      pglite.transaction((transaction) =>
        work(async (sql) => {
          const results = await transaction.exec(sql);
          return results.length === 1 ? results[0].rows as Record<string, unknown>[] : [];
        })
      ),
    async keep() {
      if (!fresh || made || madeFrom === undefined) return;
      await keepCluster("stack", madeFrom, await pglite.dumpDataDir("gzip"));
    },
    close: () => connection.close(),
  };
}

/** Connects to a Postgres server, as a role that may create roles. */
export async function openPostgres(url: string): Promise<Database> {
  const connection = createPostgresConnection({
    url,
    // The driver's own backoff grows: it would notice only 20 s late that a server is back after half a minute.
    postgresOptions: { onnotice: () => {}, connect_timeout: 10, backoff: () => 0.2 },
  });
  const postgres: Sql = connection.driver;
  const close = () => postgres.end({ timeout: 2 });
  try {
    await postgres`select 1`;
  } catch (error) {
    await close();
    // The address alone: the URL holds a password.
    throw new Error(`Cannot reach the database at ${new URL(url).host}: ${message(error)}`, { cause: error });
  }
  return {
    connection,
    shared: false,
    transaction: async (work) => {
      const result = await postgres.begin(async (transaction) => ({
        value: await work(async (sql) => {
          const rows = await transaction.unsafe(sql).simple();
          return Array.isArray(rows[0]) ? [] : [...rows];
        }),
      }));
      return result.value as Awaited<ReturnType<typeof work>>;
    },
    close,
  };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Keeps a data folder for this process alone, as two would ruin the database in it; gives the release. */
export async function lockFolder(folder: string | undefined): Promise<() => void> {
  if (folder === undefined) return () => {};
  const action = `Cannot use the folder "${folder}"`;
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(folder, { recursive: true });
    // The system drops the lock when the process ends, even when it is killed.
    file = await Deno.open(`${folder}/lock`, { create: true, write: true });
  } catch (cause) {
    throw new Error(`${action}: ${(cause as Error).message}`, { cause });
  }
  if (await file.tryLock(true)) return () => file.close();
  file.close();
  throw new Error(`${action}: another process uses it`);
}
