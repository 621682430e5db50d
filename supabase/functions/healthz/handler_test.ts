import assert from "node:assert/strict";
import { AWAY, away, makeDatabase } from "../_relay/testing/database.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRefusals } from "../_relay/testing/refusals.ts";
import { createHealthHandler } from "./handler.ts";

function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  const refusals = makeRefusals();
  const handler = createHealthHandler({ platform, refusals, database });
  return {
    ...platform,
    refusals,
    database,
    get: async (path: string, method = "GET") => {
      const response = await handler(new Request(`http://edge.internal${path}`, { method }));
      return [response.status, await response.json()];
    },
  };
}

Deno.test("a worker that runs is ok without the database, and ready where that answers an empty beat", async () => {
  const { database, get, lines } = make();
  for (const path of ["/healthz?ready", "/healthz?ready=1&x"]) {
    assert.deepEqual(await get(path), [200, { status: "ok" }]);
  }
  assert.deepEqual(database.calls, [["beat", []], ["beat", []]]);
  database.failure = away();
  assert.deepEqual(await get("/healthz"), [200, { status: "ok" }]);
  assert.deepEqual([database.calls.length, lines], [2, []]);
});

Deno.test("a worker whose database is away is unavailable, and logs why", async () => {
  const { database, get, lines } = make();
  database.failure = away();
  assert.deepEqual(await get("/healthz?ready"), [503, { status: "unavailable" }]);
  assert.deepEqual(
    lines.map(({ level, event, cause }) => [level, event, cause]),
    [["warn", "not_ready", AWAY]],
  );
});
