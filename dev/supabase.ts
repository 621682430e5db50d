/** The part of a Supabase project that the relay needs, made of @supabase/lite. */

import { App } from "@supabase/lite";
import type { Database } from "./database.ts";
import type { Keys } from "./keys.ts";
import { applyMigrations, readMigrations } from "./migrations.ts";

const CLIENT_ROLES = ["anon", "authenticated", "service_role"];

/** Auth and the Data API over one database. */
export interface Supabase {
  fetch(request: Request): Promise<Response>;
  /** Throws unless requests run as the roles that they claim, with the privileges that the migrations gave. */
  assertRoles(): Promise<void>;
}

/** Brings a database up to date, serves Auth and the Data API on it, to pages of any origin. */
export async function createSupabase(
  database: Database,
  keys: Keys,
  migrations: URL,
  progress: (text: string) => void,
  siteUrl: string,
): Promise<Supabase> {
  const { connection } = database;
  const app = new App({
    connection,
    // Where links in emails lead; the emails themselves go to the console.
    auth: { enabled: true, site_url: siteUrl, ...keys },
    options: { server: { disableStudio: true, disableFallback: true } },
  });

  await database.transaction((run) => run(ROLES));
  await app.ensureSystemSchema();
  await database.transaction((run) => run(GRANTS));
  const applied = await applyMigrations(database, migrations);
  if (applied.length > 0) progress(`Applied ${applied.length} migrations`);

  // At its first request lite looks for tables with row level security. Where it finds some it grants everything
  // on them to all client roles, which would undo the column grants; where it finds none it never switches roles.
  // The answer is given to it beforehand: switch roles, grant nothing. assertRoles() watches both halves.
  Reflect.set(connection, "rlsState", "active");
  const granted = await privileges(database);

  const answer = async (request: Request) => await withOutage(await app.fetch(request));
  // On PGlite lite runs the statements of simultaneous requests in one transaction, in whatever order they come:
  // they take each other's role and abort each other.
  const queue = createQueue();
  const answerInTurn = async (request: Request) => {
    const whole = await buffered(request);
    return await queue(() => answer(whole));
  };
  return {
    fetch: (request) => withCors(request, database.shared ? answerInTurn : answer),
    async assertRoles() {
      for (const role of CLIENT_ROLES) {
        const current = await queue(() => currentRole(database, role));
        if (current === role) continue;
        throw new Error(`Cannot start: a request as "${role}" runs as "${current}"`);
      }
      if (await queue(() => privileges(database)) === granted) return;
      throw new Error("Cannot start: @supabase/lite changed the privileges of the tables");
    },
  };
}

// Roles belong to the whole server, and another stack may make them at this moment.
const ROLES = `
  do $$
  declare
    v_role text;
  begin
    foreach v_role in array array['anon nologin', 'authenticated nologin', 'service_role nologin bypassrls'] loop
      begin
        execute 'create role ' || v_role;
      exception when duplicate_object or unique_violation then
        null;
      end;
    end loop;
  end
  $$`;

// As on the platform: names can be resolved, and what is in a schema needs grants of its own.
const GRANTS = `grant usage on schema public, auth to ${CLIENT_ROLES.join(", ")}`;

/** All that a new database is made from, except lite itself. */
export async function supabaseText(migrations: URL): Promise<string> {
  return JSON.stringify([ROLES, GRANTS, await readMigrations(migrations)]);
}

function currentRole(database: Database, role: string): Promise<string> {
  return database.connection.withContext({ auth: { role } }, async (db) => {
    const row = await db.selectNoFrom((build) => build.fn<string>("current_setting", [build.val("role")]).as("role"))
      .executeTakeFirstOrThrow();
    return row.role;
  });
}

async function privileges(database: Database): Promise<string> {
  const rows = await database.transaction((run) =>
    run(
      `select coalesce(string_agg(oid::regclass || ' ' || coalesce(relacl::text, ''), ',' order by oid), '') as acl
       from pg_class where relnamespace in (select oid from pg_namespace where nspname in ('public', 'relay'))`,
    )
  );
  return String(rows[0].acl);
}

// A body that arrives slowly must not hold up the other requests.
async function buffered(request: Request): Promise<Request> {
  if (request.body === null) return request;
  const { method, headers } = request;
  return new Request(request.url, { method, headers, body: await request.arrayBuffer() });
}

/** Makes a queue: it runs what it is given one after the other, and goes on after a failure. */
export function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

// Postgres and its driver, as they say that the server is gone or not there yet.
const AWAY =
  /ECONNREFUSED|ECONNRESET|EPIPE|CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|the database system is|terminating connection/;

/** Answers as PostgREST does while the database is away: lite takes that for a failure of its own, with status 500. */
async function withOutage(response: Response): Promise<Response> {
  if (response.status !== 500) return response;
  const text = await response.text();
  const { headers, status } = response;
  if (!AWAY.test(text)) return new Response(text, { headers, status });
  const body = { code: "PGRST000", details: null, hint: null, message: "Cannot connect to the database" };
  return Response.json(body, { status: 503 });
}

const METHODS = "GET, POST, PUT, PATCH, DELETE";

/** Lets pages of any origin read the answers, as the platform's gateway does: lite's Auth lets none in. */
export async function withCors(request: Request, answer: (request: Request) => Promise<Response>): Promise<Response> {
  if (request.headers.get("origin") === null) return await answer(request);
  if (request.method === "OPTIONS" && request.headers.has("access-control-request-method")) {
    const headers = {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "*",
    };
    return new Response(null, { status: 204, headers });
  }
  const response = await answer(request);
  if (response.headers.has("access-control-allow-origin")) return response;
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", "*");
  return new Response(response.body, { status: response.status, headers });
}
