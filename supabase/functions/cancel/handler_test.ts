import assert from "node:assert/strict";
import { createCalls } from "../_relay/database/calls.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { makeDatabase } from "../_relay/testing/database.ts";
import { makeCaller } from "../_relay/testing/generation.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRefusals } from "../_relay/testing/refusals.ts";
import { createCancelHandler } from "./handler.ts";

/** A handler whose database cancels what it is asked to. */
function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  const handler = createCancelHandler({
    platform,
    refusals: makeRefusals(),
    database,
    calls: createCalls(platform),
    verify: (request) => {
      const [, userId] = request.headers.get("authorization")!.split(" ");
      return userId === "user-1"
        ? Promise.resolve(makeCaller(userId))
        : Promise.reject(new RelayError("unauthenticated"));
    },
  });
  return {
    ...platform,
    database,
    async post(path: string, body?: unknown, { user = "user-1", method = "POST" } = {}) {
      const headers = {
        "authorization": `Bearer ${user}`,
        "content-type": "application/json",
        "x-request-id": "request-1",
      };
      const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
      const response = await handler(new Request(`http://edge.internal${path}`, init));
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      return [response.status, await response.json()];
    },
  };
}

const CANCELLING = [202, { stream_id: "stream-1", status: "cancelling" }];

Deno.test("the id may come in the body or in the path, and the caller's stream is cancelled", async () => {
  const cases: [string, unknown][] = [
    ["/cancel", { stream_id: "stream-1" }],
    ["/cancel/stream-1", undefined],
    ["/cancel/stream-1", { stream_id: "another, which is not read" }],
    ["/functions/v1/cancel/stream%2D1", undefined],
  ];
  for (const [path, body] of cases) {
    const { database, logged, post } = make();
    assert.deepEqual(await post(path, body), CANCELLING);
    assert.deepEqual(database.calls, [["cancel", "user-1", "stream-1"]]);
    assert.deepEqual(logged(), [{
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
    const { database, post } = make();
    assert.deepEqual(await post(path, body), CANCELLING);
    assert.deepEqual(database.calls, [["cancel", "user-1", "stream-1", ...at]]);
  }
});
