import assert from "node:assert/strict";
import { AWAY, away, makeDatabase } from "../_relay/testing/database.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { VERSION } from "../_relay/platform/version.ts";
import { READY_CACHE_MS } from "../_relay/protocol/limits.ts";
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
  const { clock, database, get, lines } = make();
  for (const path of ["/healthz?ready", "/healthz?ready=1&x"]) {
    assert.deepEqual(await get(path), [200, { status: "ok", version: VERSION }]);
    clock.advance(READY_CACHE_MS);
  }
  assert.deepEqual(database.calls, [["beat", []], ["beat", []]]);
  database.failure = away();
  assert.deepEqual(await get("/healthz"), [200, { status: "ok", version: VERSION }]);
  assert.deepEqual([database.calls.length, lines], [2, []]);
});

Deno.test("a worker whose database is away is unavailable, and logs why", async () => {
  const { database, get, lines } = make();
  database.failure = away();
  assert.deepEqual(await get("/healthz?ready"), [503, { status: "unavailable", version: VERSION }]);
  assert.deepEqual(
    lines.map(({ level, event, cause }) => [level, event, cause]),
    [["warn", "not_ready", AWAY]],
  );
});

Deno.test("all who ask within a second share one call of the database, and so do all who wait for one", async () => {
  const { clock, database, get, lines } = make();
  const ask = () => Promise.all(Array.from({ length: 20 }, () => get("/healthz?ready")));
  const statuses = async (answers = ask()) => [...new Set((await answers).map(([status]) => status))];
  assert.deepEqual(await statuses(), [200]);
  database.failure = away();
  clock.advance(READY_CACHE_MS - 1);
  assert.deepEqual([await statuses(), database.calls.length], [[200], 1]);
  clock.advance(1);
  assert.deepEqual([await statuses(), database.calls.length], [[503], 2]);
  assert.deepEqual([await statuses(), database.calls.length, lines.length], [[503], 2, 1]);

  // A call that takes longer than a second is not made twice.
  clock.advance(READY_CACHE_MS);
  const waiting = ask();
  clock.advance(10 * READY_CACHE_MS);
  assert.deepEqual([await statuses(ask()), await statuses(waiting), database.calls.length], [[503], [503], 3]);
});
