import assert from "node:assert/strict";
import { createCors } from "./cors.ts";

function allow(allowedOrigins: "*" | string[], origin: string | null, headers = new Headers()): Record<string, string> {
  createCors(allowedOrigins, ["GET"]).allow(headers, origin);
  return Object.fromEntries(headers);
}

const EXPOSED =
  "x-stream-id, x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-sb-edge-region";

Deno.test("allow() gives every page the wildcard, never with credentials", () => {
  assert.deepEqual(allow("*", "https://a.example"), {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": EXPOSED,
  });
  assert.deepEqual(allow("*", null), allow("*", "https://a.example"));
});

Deno.test("allow() echoes a listed origin and says that answers vary", () => {
  assert.deepEqual(
    allow(["https://a.example", "https://b.example"], "https://b.example"),
    { "access-control-allow-origin": "https://b.example", "access-control-expose-headers": EXPOSED, "vary": "Origin" },
  );
});

Deno.test("allow() gives an origin that is not listed nothing, and still says that answers vary", () => {
  for (
    const origin of [
      null,
      "null",
      "https://evil.example",
      "https://a.example.evil.example",
      "http://a.example",
      "https://A.example",
    ]
  ) {
    const headers = allow(["https://a.example"], origin);
    assert.equal(headers["access-control-allow-origin"], undefined);
    assert.equal(headers.vary, "Origin");
  }
});

Deno.test("allow() keeps what an answer already varies by", () => {
  const headers = allow(["https://a.example"], "https://a.example", new Headers({ vary: "Accept" }));
  assert.equal(headers.vary, "Accept, Origin");
});

Deno.test("preflight() names the endpoint's methods and every header that a client may send", () => {
  const headers = new Headers();
  createCors("*", ["GET", "POST", "OPTIONS"]).preflight(headers);
  assert.deepEqual(Object.fromEntries(headers), {
    "access-control-allow-headers":
      "authorization, x-client-info, apikey, content-type, x-retry-count, traceparent, tracestate, baggage, " +
      "x-region, last-event-id, x-request-id",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-max-age": "86400",
  });
});
