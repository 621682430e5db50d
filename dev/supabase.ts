import { App } from "@supabase/lite";
import type { Database } from "./database.ts";
import type { Keys } from "./keys.ts";
import { applyMigrations } from "./migrations.ts";
import { withOutage } from "./outage.ts";
import { createQueue } from "./queue.ts";

const CLIENT_ROLES = ["anon", "authenticated", "service_role"];

/** The part of a Supabase project that the relay needs: Auth and the Data API over one database. */
export interface Supabase {
  fetch(request: Request): Promise<Response>;
  /** Throws unless requests run as the roles that they claim, with the privileges that the migrations gave. */
  assertRoles(): Promise<void>;
}

/** Brings a database up to date, serves Auth and the Data API on it. */
export async function createSupabase(
  database: Database,
  keys: Keys,
  migrations: URL,
  progress: (text: string) => void,
): Promise<Supabase> {
  const { connection } = database;
  const app = new App({
    connection,
    auth: { enabled: true, ...keys },
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
  return {
    fetch: database.shared
      ? async (request) => {
        const whole = await buffered(request);
        return await queue(() => answer(whole));
      }
      : answer,
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

const ROLES = `
  do $$
  begin
    if to_regrole('anon') is null then create role anon nologin; end if;
    if to_regrole('authenticated') is null then create role authenticated nologin; end if;
    if to_regrole('service_role') is null then create role service_role nologin bypassrls; end if;
  end
  $$`;

// As on the platform: names can be resolved, and what is in a schema needs grants of its own.
const GRANTS = `grant usage on schema public, auth to ${CLIENT_ROLES.join(", ")}`;

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

// A body that arrives slowly must not hold up everybody else.
async function buffered(request: Request): Promise<Request> {
  if (request.body === null) return request;
  const { method, headers } = request;
  return new Request(request.url, { method, headers, body: await request.arrayBuffer() });
}
