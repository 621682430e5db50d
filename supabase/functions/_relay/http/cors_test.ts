import assert from "node:assert/strict";
import { MAX_PREFLIGHT_CHARACTERS } from "../protocol/limits.ts";
import { createCors } from "./cors.ts";

function allow(allowedOrigins: "*" | string[], origin: string | null, headers = new Headers()): Record<string, string> {
  createCors(allowedOrigins, ["GET"]).allow(headers, origin);
  return Object.fromEntries(headers);
}

const EXPOSED = {
  "access-control-expose-headers":
    "x-stream-id, x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-sb-edge-region",
};
const [A, B] = ["https://a.example", "https://b.example"];

Deno.test("allow() gives every page the wildcard, never with credentials", () => {
  for (const origin of [A, null]) {
    assert.deepEqual(allow("*", origin), { "access-control-allow-origin": "*", ...EXPOSED });
  }
});

Deno.test("allow() echoes an origin that is listed and no other, and says each time that answers vary", () => {
  assert.deepEqual(allow([A, B], B), { "access-control-allow-origin": B, ...EXPOSED, vary: "Origin" });
  const others = ["null", "https://evil.example", `${A}.evil.example`, "http://a.example", "https://A.example"];
  for (const origin of [null, ...others]) assert.deepEqual(allow([A], origin), { ...EXPOSED, vary: "Origin" });
  assert.equal(allow([A], A, new Headers({ vary: "Accept" })).vary, "Accept, Origin");
});

function allowedFor(requested: string | null): string {
  const headers = new Headers();
  createCors("*", ["GET"]).preflight(headers, requested);
  assert.equal(headers.get("vary"), "Access-Control-Request-Headers");
  return headers.get("access-control-allow-headers")!;
}

Deno.test("preflight() allows each header that is asked for, and of what is no header's name nothing", () => {
  const longest = "x".repeat(MAX_PREFLIGHT_CHARACTERS);
  for (const names of ["authorization,sentry-trace,baggage", "X-Datadog-Trace-Id", "x-a , x-b", longest]) {
    assert.equal(allowedFor(names), names.toLowerCase().split(/ *, */).join(", "));
  }
  assert.equal(allowedFor("x-a, x b, x-c: d,, (e), é, x-f"), "x-a, x-f");
  const usual = allowedFor(null);
  assert.match(usual, /^authorization, x-client-info, apikey, content-type, .*, last-event-id, x-request-id$/);
  for (const none of ["", " , ", "a b", `${longest}x`]) assert.equal(allowedFor(none), usual);
});
