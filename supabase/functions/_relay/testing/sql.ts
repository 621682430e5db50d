/** The real SQL functions: PGlite with the migrations, one for each test file that imports this. */

import { startMigrated } from "../../../../testkit/pglite.ts";
import type { Rpc } from "../database/rpc.ts";
import { turns } from "./platform.ts";

/** What tests reach of it. */
export interface SqlDatabase {
  rpc: Rpc;
  /** Settles when no call is under way, and what waited for one has gone on. */
  idle(): Promise<void>;
  /** The first row. */
  // deno-lint-ignore no-explicit-any
  query(sql: string, values?: unknown[]): Promise<any>;
  /** A new user with a bot. */
  addUser(): Promise<string>;
  /** Makes a generation's lease run out, as if its worker had been silent. */
  expire(streamId: string): Promise<void>;
}

/** Starts the database. */
export async function startSql(): Promise<SqlDatabase> {
  const pg = await startMigrated();
  let pending = 0;

  async function query(sql: string, values: unknown[] = []) {
    return (await pg.query(sql, values)).rows[0];
  }

  async function rpc(name: string, args: Record<string, unknown>) {
    pending++;
    try {
      const named = Object.keys(args).map((key, index) => `${key} => $${index + 1}`);
      const row = await query(`select public.${name}(${named.join(", ")}) as answer`, Object.values(args));
      return (row as { answer: unknown }).answer;
    } finally {
      pending--;
    }
  }

  return {
    rpc: rpc as Rpc,
    async idle() {
      do await turns(); while (pending > 0);
    },
    query,
    async addUser() {
      const id = crypto.randomUUID();
      await query("insert into auth.users (id) values ($1)", [id]);
      await query("insert into public.bots (user_id, model, access_key) values ($1, 'model-1', 'sk-secret')", [id]);
      return id;
    },
    async expire(streamId) {
      await query(
        "update relay.generations set lease_expires_at = clock_timestamp() - interval '1 second' where stream_id = $1",
        [streamId],
      );
    },
  };
}
