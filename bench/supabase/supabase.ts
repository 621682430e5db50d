/** The Supabase of our relay: a real Postgres, a stand-in of the Data API, and people who stream. */

import { exportJWK, generateKeyPair } from "jose";
import postgres, { type Sql } from "postgres";
import { openServer } from "../../testkit/cluster.ts";
import { openPostgres } from "../../dev/database.ts";
import { newKeys } from "../../dev/keys.ts";
import { createSupabase } from "../../dev/supabase.ts";
import type { Cores } from "../machine.ts";
import { start } from "../process.ts";
import type { Traffic } from "./data_api.ts";
import { createPeople, type Person } from "./people.ts";

const MIGRATIONS = new URL("../../supabase/migrations/", import.meta.url);
const DATA_API = new URL("./data_api.ts", import.meta.url).pathname;

/** What our relay needs. */
export interface Supabase {
  /** Of a worker. */
  environment: Record<string, string>;
  sql: Sql;
  /** True where the server is the bench's own, whose settings it may change. */
  own: boolean;
  /** So many users, each with a bot that calls this provider. */
  people(count: number, provider: string): Promise<Person[]>;
  /** What workers have sent to the Data API so far. */
  traffic(): Promise<Traffic>;
  /** Calls a function as a worker does. */
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

/** Takes the database of this URL, or makes a cluster where Postgres is installed. */
export async function startSupabase(cores: Cores, database?: string): Promise<Supabase> {
  const server = await openServer(database);
  await migrate(server.url);
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...await exportJWK(publicKey), kid: "bench", alg: "ES256" };
  const api = start({
    command: [...cores.load, Deno.execPath(), "run", "--quiet", "-A", DATA_API],
    env: { DATABASE_URL: server.url, JWKS: JSON.stringify({ keys: [jwk] }) },
  });
  const url = `http://127.0.0.1:${await api.line}`;
  const key = newKeys().secret_key;
  return {
    environment: {
      SUPABASE_URL: url,
      SUPABASE_SECRET_KEY: key,
      RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
      // Limits have tests of their own.
      RELAY_RATE_LIMIT_PER_MINUTE: "100000",
      RELAY_MAX_CONCURRENT: "100000",
      // A stream that says nothing is what memory is measured with.
      RELAY_IDLE_TIMEOUT_MS: "600000",
      RELAY_TIMEOUT_MS: "600000",
    },
    sql,
    own: server.own !== null,
    people: createPeople(sql, privateKey, `${url}/auth/v1`),
    traffic: async () => await (await fetch(`${url}/traffic`)).json(),
    async call(name, args) {
      const response = await fetch(`${url}/rest/v1/rpc/${name}`, {
        method: "POST",
        headers: { "content-type": "application/json", apikey: key },
        body: JSON.stringify(args),
      });
      const answer = await response.json();
      if (response.ok) return answer;
      throw new Error(`Cannot call ${name}: ${JSON.stringify(answer)}`);
    },
    async close() {
      await api.stop();
      await sql.end({ timeout: 2 });
      await server.close();
    },
  };
}

async function migrate(url: string): Promise<void> {
  const database = await openPostgres(url);
  try {
    const [{ name }] = await database.transaction((run) => run("select current_database() as name"));
    // Before anybody connects: the functions count their own calls.
    await database.transaction((run) => run(`alter database "${name}" set track_functions = 'all'`));
    await createSupabase(database, newKeys(), MIGRATIONS, () => {});
  } finally {
    await database.close();
  }
}
