import assert from "node:assert/strict";
import { RelayError } from "../_relay/protocol/errors.ts";
import { away, makeDatabase } from "../_relay/testing/database.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRefusals } from "../_relay/testing/refusals.ts";
import { createCancelHandler } from "./handler.ts";

/** A handler over a database with one running generation of user-1. */
function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  database.admit("stream-1");
  const refusals = makeRefusals();
  const handler = createCancelHandler({
    platform,
    refusals,
    database,
    verify: (request) => {
      const [, userId] = request.headers.get("authorization")!.split(" ");
      return userId.startsWith("user-")
        ? Promise.resolve({ userId, isAnonymous: false, role: "authenticated" })
        : Promise.reject(new RelayError("unauthenticated", "Cannot authenticate"));
    },
  });
  return {
    ...platform,
    refusals,
    database,
    post: (path: string, body?: unknown, { user = "user-1", method = "POST" } = {}) =>
      handler(
        new Request(`http://edge.internal${path}`, {
          method,
          headers: {
            "authorization": `Bearer ${user}`,
            "content-type": "application/json",
            "x-request-id": "request-1",
          },
          body: body === undefined ? undefined : JSON.stringify(body),
        }),
      ),
  };
}

async function answerOf(response: Response): Promise<[number, unknown]> {
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  return [response.status, await response.json()];
}

Deno.test("the id may come in the body or in the path", async () => {
  const cases: [string, unknown][] = [
    ["/cancel", { stream_id: "stream-1" }],
    ["/cancel/stream-1", undefined],
    ["/cancel/stream-1", { stream_id: "another, which is not read" }],
    ["/functions/v1/cancel/stream%2D1", undefined],
  ];
  for (const [path, body] of cases) {
    const { database, lines, post } = make();
    assert.deepEqual(await answerOf(await post(path, body)), [202, { stream_id: "stream-1", status: "cancelling" }]);
    assert.equal(database.rows.get("stream-1")!.cancelRequested, true);
    assert.deepEqual(lines.map(({ timestamp: _, ...line }) => line), [{
      level: "info",
      event: "cancel_requested",
      request_id: "request-1",
      user_id: "user-1",
      stream_id: "stream-1",
      outcome: "cancelling",
      latency_ms: 0,
    }]);
  }
});

Deno.test("a cancel may be repeated", async () => {
  const { post } = make();
  for (let round = 0; round < 3; round++) {
    const response = await post("/cancel/stream-1");
    assert.equal(response.status, 202);
    await response.body?.cancel();
  }
});

Deno.test("what has ended already is told with how", async () => {
  const { database, post } = make();
  database.sweep("stream-1");
  assert.deepEqual(await answerOf(await post("/cancel/stream-1")), [200, {
    stream_id: "stream-1",
    status: "interrupted",
  }]);
});

Deno.test("unknown, another user's and impossible ids are answered alike", async () => {
  const notFound = [404, { error: { code: "stream_not_found", message: "Cannot find the stream" } }];
  const { database, post } = make();
  const stranger = { user: "user-2" };
  for (
    const response of [
      await post("/cancel/unknown"),
      await post("/cancel", { stream_id: "unknown" }),
      await post("/cancel/stream-1", undefined, stranger),
      await post("/cancel", { stream_id: "stream-1" }, stranger),
      await post("/cancel/stream-1/x"),
      await post("/cancel/a%2Fb"),
      await post("/cancel/a%20b"),
      await post(`/cancel/${"x".repeat(129)}`),
    ]
  ) assert.deepEqual(await answerOf(response), notFound);
  assert.equal(database.rows.get("stream-1")!.cancelRequested, false);
  // What cannot be an id never reaches the database.
  assert.equal(database.calls.length, 4);
});

Deno.test("without a good token or a good body the database is not asked", async () => {
  const cases: [string, unknown, string, number, string][] = [
    ["/cancel/stream-1", undefined, "nobody", 401, "unauthenticated"],
    ["/cancel", { stream_id: "stream-1" }, "nobody", 401, "unauthenticated"],
    ["/cancel", undefined, "user-1", 400, "invalid_request"],
    ["/cancel", {}, "user-1", 400, "invalid_request"],
    ["/cancel", { stream_id: "a b" }, "user-1", 400, "invalid_request"],
  ];
  for (const [path, body, user, status, code] of cases) {
    const { database, post } = make();
    const [found, answer] = await answerOf(await post(path, body, { user }));
    assert.equal(found, status);
    assert.equal((answer as { error: { code: string } }).error.code, code);
    assert.deepEqual(database.calls, []);
  }
});

Deno.test("a database that is away is unavailable", async () => {
  const { database, post } = make();
  database.failure = away();
  const response = await post("/cancel/stream-1");
  assert.equal(response.headers.get("retry-after"), "5");
  assert.deepEqual(await answerOf(response), [503, {
    error: { code: "unavailable", message: "Cannot reach the database" },
  }]);
});

Deno.test("only POST cancels", async () => {
  for (const method of ["GET", "DELETE"]) {
    const { database, post } = make();
    const response = await post("/cancel/stream-1", undefined, { method });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "POST, OPTIONS");
    await response.body?.cancel();
    assert.deepEqual(database.calls, []);
  }
});
