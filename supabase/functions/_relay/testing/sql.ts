/** The real SQL functions: a database with the migrations, one for each test file that imports this. */

import { setImmediate } from "node:timers";
import { startMigratedDatabase } from "../../../../testkit/migrated.ts";
import type { Rpc } from "../database/rpc.ts";

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
  const database = await startMigratedDatabase();
  const calls = new Set<Promise<unknown>>();

  async function query(sql: string, values?: unknown[]) {
    return (await database.query(sql, values))[0];
  }

  async function call(name: string, args: Record<string, unknown>) {
    const named = Object.keys(args).map((key, index) => `${key} => $${index + 1}`);
    const row = await query(`select public.${name}(${named.join(", ")}) as answer`, Object.values(args));
    return (row as { answer: unknown }).answer;
  }

  async function rpc(name: string, args: Record<string, unknown>) {
    const answer = call(name, args);
    calls.add(answer);
    try {
      return await answer;
    } finally {
      calls.delete(answer);
    }
  }

  return {
    rpc: rpc as Rpc,
    async idle() {
      // A turn of the event loop ends all promises that wait for nothing else.
      do {
        await Promise.allSettled(calls);
        await new Promise<void>((resolve) => void setImmediate(resolve));
      } while (calls.size > 0);
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
