import { deepStrictEqual as equal } from "node:assert/strict";
import { withCors } from "./cors.ts";

const ORIGIN = "http://page.test";

function ask(
  method: string,
  headers: Record<string, string>,
  answer = () => new Response("made", { status: 201 }),
): Promise<Response> {
  const request = new Request("http://stack.test/auth/v1/token", { method, headers });
  return withCors(request, () => Promise.resolve(answer()));
}

Deno.test("withCors() answers a preflight itself and allows what it asks for", async () => {
  const response = await ask("OPTIONS", {
    origin: ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "apikey, content-type",
  });
  equal([response.status, Object.fromEntries(response.headers)], [204, {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "apikey, content-type",
  }]);
});

Deno.test("withCors() lets a page read an answer, and leaves the rest of it alone", async () => {
  const response = await ask("POST", { origin: ORIGIN });
  equal(response.headers.get("access-control-allow-origin"), "*");
  equal([response.status, await response.text()], [201, "made"]);
});

Deno.test("withCors() changes nothing for those who are no page, or are allowed already", async () => {
  const plain = await ask("POST", {});
  equal(plain.headers.has("access-control-allow-origin"), false);
  await plain.body?.cancel();
  const allowed = await ask(
    "POST",
    { origin: ORIGIN },
    () => new Response(null, { headers: { "access-control-allow-origin": ORIGIN } }),
  );
  equal(allowed.headers.get("access-control-allow-origin"), ORIGIN);
});
