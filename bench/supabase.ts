/** The Supabase of our relay: a Postgres of the bench's own, a stand-in for the Data API, and users who stream. */

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import postgres, { type Sql } from "postgres";
import { openServer } from "../testkit/cluster.ts";
import { migrate, prepareSupabase } from "../testkit/postgres.ts";
import { type Running, start } from "./process.ts";

/** What our relay needs. */
export interface Supabase {
  /** Of a worker. */
  environment: Record<string, string>;
  sql: Sql;
  /** Of the database, as a superuser. */
  url: string;
  /** Starts another Data API, with connections of its own; gives its origin. */
  startApi(): Promise<string>;
  /** Whether the server is the bench's own, whose settings it may change. */
  own: boolean;
  /** One call of the database that does nothing: what no relay that asks it can do without. */
  roundTrip(): Promise<void>;
  /** So many new users, each with a bot that calls this provider: one for each stream, as in life. */
  users(count: number, provider: string): Promise<{ id: string; token: string; bot_id: string }[]>;
  close(): Promise<void>;
}

/** Makes a server where none is named, with these settings; it inherits the core of this process. */
export async function startSupabase(named?: string, settings?: string[]): Promise<Supabase> {
  const server = await openServer(named, settings);
  await migrate(await prepareSupabase(server.url));
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...await exportJWK(publicKey), kid: "bench", alg: "ES256" };
  const environment = { DATABASE_URL: server.url, JWKS: JSON.stringify({ keys: [jwk] }) };
  const apis: Running[] = [];
  const startApi = async () => {
    const api = start([Deno.execPath(), "run", "--quiet", "-A", import.meta.resolve("./data_api.ts")], environment);
    apis.push(api);
    return `http://127.0.0.1:${await api.line}`;
  };
  const url = await startApi();
  return {
    environment: {
      SUPABASE_URL: url,
      SUPABASE_SECRET_KEY: "sb_secret_bench",
      RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
      RELAY_RATE_LIMIT_PER_MINUTE: "100000",
      RELAY_MAX_CONCURRENT: "100000",
      // Memory is measured with streams that are silent.
      RELAY_IDLE_TIMEOUT_MS: "600000",
      RELAY_TIMEOUT_MS: "600000",
    },
    sql,
    url: server.url,
    startApi,
    own: server.own !== null,
    roundTrip: () => callNothing(url),
    users: createUsers(sql, privateKey, `${url}/auth/v1`),
    async close() {
      await Promise.all(apis.map((api) => api.stop()));
      await sql.end({ timeout: 2 });
      await server.close();
    },
  };
}

/** A read of no stream, on a connection that is kept. */
async function callNothing(url: string): Promise<void> {
  const response = await fetch(`${url}/rest/v1/rpc/relay_read`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_ids: [], stream_ids: [], from_units: [], max_units: 1 }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`Cannot measure a round trip: the database answered ${response.status}: ${answer}`);
}

/** Makes them in the database itself: signing up hashes a password, which takes longer than a story. */
function createUsers(sql: Sql, key: CryptoKey, issuer: string): Supabase["users"] {
  const tokenOf = (id: string) =>
    new SignJWT({ role: "authenticated", sub: id, aud: "authenticated", iss: issuer })
      .setProtectedHeader({ alg: "ES256", kid: "bench", typ: "JWT" }).setIssuedAt().setExpirationTime("6h").sign(key);
  return async (count, provider) => {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    await sql`insert into auth.users (id, email) select id, id || '@bench.example' from unnest(${ids}::uuid[]) as id`;
    const bots = await sql`
      insert into public.bots (user_id, name, access_path, access_key, model)
      select id, 'Bench', ${provider}::text, 'sk-bench', 'gpt-4o-mini' from unnest(${ids}::uuid[]) as id
      returning id, user_id`;
    return await Promise.all(
      bots.map(async ({ id, user_id }) => ({ id: user_id, token: await tokenOf(user_id), bot_id: id })),
    );
  };
}
