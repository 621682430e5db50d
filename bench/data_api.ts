/**
 * Stands in for PostgREST, which neither npm nor Debian has. `POST /rest/v1/rpc/<name>` with named arguments becomes one
 * prepared statement that takes the body unchanged, as PostgREST's does, run as `service_role`. It has the key set, too.
 */

import postgres from "postgres";

const sql = postgres(Deno.env.get("DATABASE_URL")!, { max: 10, connection: { role: "service_role" } });
const types: Record<string, Record<string, string>> = {};
for (
  const { name, arg, type } of await sql`
    select p.proname as name, a.name as arg, format_type(a.type, null) as type
    from pg_proc p, unnest(p.proargnames, p.proargtypes::oid[]) as a (name, type)
    where p.pronamespace = 'public'::regnamespace and p.proname like 'relay\\_%' and a.type is not null`
) (types[name] ??= {})[arg] = type;

/** One statement for each set of names, so that defaults hold; a connection prepares it once. */
function statementOf(name: string, given: string[]): string {
  const passed = given.map((arg) => `${arg} => a.${arg}`).join(", ");
  const columns = given.map((arg) => `${arg} ${types[name][arg]}`).join(", ");
  return `select public.${name}(${passed})::text as answer from json_to_record($1::text::json) as a(${columns})`;
}

const headers = { "content-type": "application/json; charset=utf-8" };
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/auth/v1/.well-known/jwks.json") return new Response(Deno.env.get("JWKS"), { headers });
  const name = pathname.replace("/rest/v1/rpc/", "");
  const body = await request.text();
  if (!(name in types)) return Response.json({ code: "PGRST202", message: name }, { status: 404 });
  try {
    const statement = statementOf(name, Object.keys(JSON.parse(body)));
    const [{ answer }] = await sql.unsafe(statement, [body], { prepare: true });
    return new Response(answer, { headers });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return Response.json({ code, message }, { status: 400 });
  }
});
console.log(server.addr.port);
