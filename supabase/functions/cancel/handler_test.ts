import assert from "node:assert/strict";
import { makeDependencies, makeWorker } from "../_relay/testing/worker.ts";
import { createCancelHandler } from "./handler.ts";

/** What the database was asked, and the log's lines, for a cancel that it takes. */
async function cancel(path: string, body?: unknown) {
  const worker = makeWorker();
  const response = await createCancelHandler(makeDependencies(worker))(
    new Request(`http://edge.internal${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": "request-1" },
      body: JSON.stringify(body),
    }),
  );
  assert.deepEqual([response.status, await response.json()], [202, { stream_id: "stream-1", status: "cancelling" }]);
  return { asked: worker.database.calls, logged: worker.logged() };
}

Deno.test("the id is in the path, or else in the body, and is logged", async () => {
  const cases: [string, unknown?][] = [
    ["/cancel", { stream_id: "stream-1" }],
    ["/cancel/stream-1"],
    ["/cancel/stream-1", { stream_id: "another" }],
    ["/functions/v1/cancel/stream%2D1"],
  ];
  for (const [path, body] of cases) {
    const { asked, logged } = await cancel(path, body);
    assert.deepEqual(asked, [["cancel", "user-1", "stream-1"]]);
    const ids = { request_id: "request-1", user_id: "user-1", stream_id: "stream-1" };
    assert.deepEqual(logged, [
      { level: "info", event: "cancel_requested", ...ids, outcome: "cancelling", latency_ms: 0 },
    ]);
  }
});

Deno.test("where the text ends comes in the body or in the query, and the body counts", async () => {
  const cases: [string, unknown, number[]][] = [
    ["/cancel", { stream_id: "stream-1", at: 7 }, [7]],
    ["/cancel", { stream_id: "stream-1", at: 0 }, [0]],
    ["/cancel?at=9", { stream_id: "stream-1", at: 7 }, [7]],
    ["/cancel?at=9", { stream_id: "stream-1", at: null }, [9]],
    ["/cancel/stream-1?at=9", undefined, [9]],
    ["/cancel/stream-1?at=", undefined, []],
  ];
  for (const [path, body, at] of cases) {
    assert.deepEqual((await cancel(path, body)).asked, [["cancel", "user-1", "stream-1", ...at]]);
  }
});
