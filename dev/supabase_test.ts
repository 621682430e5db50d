import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { createQueue, withCors } from "./supabase.ts";

const ORIGIN = "http://page.test";

function ask(method: string, headers: Record<string, string>, answer = new Response("made", { status: 201 })) {
  return withCors(new Request("http://stack.test/auth/v1/token", { method, headers }), () => Promise.resolve(answer));
}

Deno.test("a preflight is answered with what it asks for, and does not reach Auth", async () => {
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

Deno.test("a page can read an answer, whose own permission stays, and other callers get it unchanged", async () => {
  const allowed = new Response("made", { status: 201, headers: { "access-control-allow-origin": ORIGIN } });
  const cases: [Response, string | null][] = [
    [await ask("POST", { origin: ORIGIN }), "*"],
    [await ask("POST", { origin: ORIGIN }, allowed), ORIGIN],
    [await ask("POST", {}), null],
  ];
  for (const [response, origin] of cases) {
    equal(response.headers.get("access-control-allow-origin"), origin);
    equal([response.status, await response.text()], [201, "made"]);
  }
});

Deno.test("a queue starts nothing before the work ahead of it has ended, or failed", async () => {
  const queue = createQueue();
  const gate = Promise.withResolvers<void>();
  let started = false;
  const [first, second] = [queue(() => gate.promise), queue(() => Promise.resolve(started = true))];
  await Promise.resolve();
  equal(started, false);
  gate.reject(new Error("broken"));
  await rejects(first, { message: "broken" });
  equal(await second, true);
});
