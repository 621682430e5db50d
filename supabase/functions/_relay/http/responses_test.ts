import assert from "node:assert/strict";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";
import { errorResponse, json } from "./responses.ts";

Deno.test("json() answers with JSON that no cache keeps, unless the caller says otherwise", async () => {
  const response = json({ status: "ok" });
  assert.equal(response.status, 200);
  const type = { "content-type": "application/json; charset=utf-8" };
  assert.deepEqual(Object.fromEntries(response.headers), { "cache-control": "no-store", ...type });
  assert.equal(await response.text(), '{"status":"ok"}');
  const other = json({}, 202, { "cache-control": "no-cache", "x-a": "b" });
  assert.equal(other.status, 202);
  assert.deepEqual(Object.fromEntries(other.headers), { "cache-control": "no-cache", "x-a": "b", ...type });
});

Deno.test("errorResponse() sends code, message and issues, and never the cause", async () => {
  const details = { cause: new Error("secret"), issues: [{ path: "prompt", message: "It is empty" }] };
  const response = errorResponse(new RelayError("invalid_request", "Cannot accept the prompt", details));
  assert.equal(response.status, 400);
  const error = { code: "invalid_request", message: "Cannot accept the prompt", issues: details.issues };
  assert.deepEqual(await response.json(), { error });
  const plain = errorResponse(new RelayError("bot_not_found", "Cannot find the bot"));
  assert.equal(await plain.text(), '{"error":{"code":"bot_not_found","message":"Cannot find the bot"}}');
  const busy = await errorResponse(new RelayError("conversation_busy", "Cannot", { streamId: "stream-1" })).json();
  assert.deepEqual(busy, { error: { code: "conversation_busy", message: "Cannot", stream_id: "stream-1" } });
  const resetsAt = "2026-12-01T00:00:00+00:00";
  const spent = await errorResponse(new RelayError("budget_exceeded", "Cannot", { resetsAt })).json();
  assert.deepEqual(spent, { error: { code: "budget_exceeded", message: "Cannot", resets_at: resetsAt } });
});

Deno.test("errorResponse() says in whole seconds when to come back, and names the scheme on a 401 alone", () => {
  const cases: [ErrorCode, number | undefined, string | null, string | null][] = [
    ["rate_limited", 5, "5", null],
    ["rate_limited", 0.2, "1", null],
    ["unauthenticated", undefined, null, "Bearer"],
    ["forbidden", undefined, null, null],
  ];
  for (const [code, retryAfter, ...wanted] of cases) {
    const { headers } = errorResponse(new RelayError(code, "Cannot", { retryAfter }));
    assert.deepEqual([headers.get("retry-after"), headers.get("www-authenticate")], wanted);
  }
});
