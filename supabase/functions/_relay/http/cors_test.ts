import assert from "node:assert/strict";
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
