/**
 * Stands in for PostgREST, which neither npm nor Debian has: `POST /rest/v1/rpc/<name>` with named arguments becomes
 * one prepared statement that takes the body as it is, as PostgREST's does, run as `service_role`. It also serves the
 * key set, and counts what workers send.
 */

import postgres from "postgres";

/** What workers have sent. */
export interface Traffic {
  calls: Record<string, number>;
  /** Bodies of requests, whole. */
  bodyBytes: number;
  /** The stories' text in them. */
  textBytes: number;
}

const CONNECTIONS = 10;
const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };

if (import.meta.main) {
  const sql = postgres(Deno.env.get("DATABASE_URL")!, {
    max: CONNECTIONS,
    onnotice: () => {},
    connection: { role: "service_role" },
  });
  const jwks = Deno.env.get("JWKS")!;
  const types = await argumentTypes(sql);
  const traffic: Traffic = { calls: {}, bodyBytes: 0, textBytes: 0 };
  const encoder = new TextEncoder();

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/auth/v1/.well-known/jwks.json") {
        return new Response(jwks, { headers: JSON_HEADERS });
      }
      if (pathname === "/traffic") return Response.json(traffic);
      const name = pathname.replace("/rest/v1/rpc/", "");
      const body = await request.text();
      const args = JSON.parse(body);
      if (!(name in types)) {
        return Response.json({ code: "PGRST202", message: name }, { status: 404 });
      }
      traffic.calls[name] = (traffic.calls[name] ?? 0) + 1;
      traffic.bodyBytes += encoder.encode(body).length;
      traffic.textBytes += encoder.encode(textOf(args)).length;
      try {
        const statement = statementOf(name, Object.keys(args), types[name]);
        const [{ answer }] = await sql.unsafe(statement, [body], { prepare: true });
        return new Response(answer, { headers: JSON_HEADERS });
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        return Response.json({ code, message }, { status: 400 });
      }
    },
  );
  console.log(server.addr.port);
}

/** One statement for each set of names, so that defaults hold; it is prepared once a connection. */
export function statementOf(name: string, given: string[], types: Record<string, string>): string {
  const passed = given.map((arg) => `${arg} => a.${arg}`).join(", ");
  const columns = given.map((arg) => `${arg} ${types[arg]}`).join(", ");
  return `select public.${name}(${passed})::text as answer from json_to_record($1::text::json) as a(${columns})`;
}

function textOf({ texts = [], content = "" }): string {
  return texts.join("") + (content ?? "");
}

async function argumentTypes(sql: postgres.Sql): Promise<Record<string, Record<string, string>>> {
  const rows = await sql`
    select p.proname as name, a.name as arg, format_type(a.type, null) as type
    from pg_proc p, unnest(p.proargnames, p.proargtypes::oid[]) as a (name, type)
    where p.pronamespace = 'public'::regnamespace and p.proname like 'relay\\_%' and a.type is not null`;
  const types: Record<string, Record<string, string>> = {};
  for (const { name, arg, type } of rows) (types[name] ??= {})[arg] = type;
  return types;
}
