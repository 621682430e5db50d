import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { errorResponse, json } from "./responses.ts";

Deno.test("json() answers 200 with JSON that no cache keeps", async () => {
  const response = json({ status: "ok" });
  assert.equal(response.status, 200);
  assert.deepEqual(Object.fromEntries(response.headers), {
    "cache-control": "no-store",
    "content-type": "application/json; charset=utf-8",
  });
  assert.equal(await response.text(), '{"status":"ok"}');
});

Deno.test("json() takes a status and headers", () => {
  const response = json({}, 202, { "cache-control": "no-cache", "x-a": "b" });
  assert.equal(response.status, 202);
  assert.equal(response.headers.get("x-a"), "b");
  assert.equal(response.headers.get("cache-control"), "no-cache");
});

Deno.test("errorResponse() sends code, message and issues, and never the cause", async () => {
  const response = errorResponse(
    new RelayError("invalid_request", "Cannot accept the prompt: it is empty", {
      cause: new Error("secret"),
      issues: [{ path: "prompt", message: "It is empty" }],
    }),
  );
  assert.equal(response.status, 400);
  assert.equal(response.headers.get("retry-after"), null);
  assert.deepEqual(await response.json(), {
    error: {
      code: "invalid_request",
      message: "Cannot accept the prompt: it is empty",
      issues: [{ path: "prompt", message: "It is empty" }],
    },
  });
});

Deno.test("errorResponse() leaves issues out where there are none", async () => {
  const error = new RelayError("bot_not_found", "Cannot find the bot");
  assert.equal(await errorResponse(error).text(), '{"error":{"code":"bot_not_found","message":"Cannot find the bot"}}');
});

Deno.test("errorResponse() tells in whole seconds when to come back", () => {
  const after = (retryAfter: number) =>
    errorResponse(new RelayError("rate_limited", "Cannot", { retryAfter }))
      .headers.get("retry-after");
  assert.equal(after(5), "5");
  assert.equal(after(0.2), "1");
});

Deno.test("errorResponse() names the scheme on a 401 alone", () => {
  const scheme = (code: "unauthenticated" | "forbidden") =>
    errorResponse(new RelayError(code, "Cannot")).headers.get("www-authenticate");
  assert.equal(scheme("unauthenticated"), "Bearer");
  assert.equal(scheme("forbidden"), null);
});
