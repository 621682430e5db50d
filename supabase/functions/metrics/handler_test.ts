import assert from "node:assert/strict";
import type { Sample } from "../_relay/database/database.ts";
import { away, makeDatabase } from "../_relay/testing/database.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeRefusals } from "../_relay/testing/refusals.ts";
import { FAMILIES } from "./families.ts";
import { createMetricsHandler } from "./handler.ts";
import { metricsText } from "./text.ts";

const TOKEN = "a-token-of-the-operator";
const SAMPLES: Sample[] = [
  { name: "sweeps_total", labels: {}, value: 4 },
  { name: "refusals_total", labels: { code: "internal" }, value: 2 },
];

function make(metricsToken: string | null = TOKEN) {
  const platform = makePlatform({ configuration: { metricsToken } });
  const database = makeDatabase();
  database.answers.metrics = () => SAMPLES;
  const refusals = makeRefusals();
  const handler = createMetricsHandler({ platform, refusals, database });
  return {
    ...platform,
    database,
    refusals,
    get: (token: string | null = TOKEN, init: RequestInit = {}) =>
      handler(
        new Request("http://edge.internal/metrics", {
          headers: token === null ? {} : { authorization: `Bearer ${token}` },
          ...init,
        }),
      ),
  };
}

async function errorOf(response: Response) {
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  const { error } = await response.json();
  return [response.status, error.code, error.message];
}

Deno.test("the token opens the counters of all workers, and no cache keeps them", async () => {
  const { database, get, lines, refusals } = make();
  const response = await get();
  const text = await response.text();
  assert.equal(response.status, 200);
  assert.equal(text, metricsText(SAMPLES));
  assert.match(text, /^storytellr_sweeps_total 4$/m);
  assert.match(text, /^storytellr_refusals_total\{code="internal"\} 2$/m);
  for (const { name } of FAMILIES) {
    assert.ok(text.includes(`# TYPE storytellr_${name} `), name);
  }
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.deepEqual(database.calls, [["metrics"]]);
  assert.deepEqual([lines, refusals.codes], [[], []]);
});

Deno.test("a token that is missing or wrong is refused, and the database is not asked", async () => {
  const { database, get, lines, refusals } = make();
  assert.deepEqual(await errorOf(await get(null)), [
    401,
    "unauthenticated",
    "Cannot authenticate: the Authorization header is missing",
  ]);
  const wrong = await get("another-token-entirely");
  assert.equal(wrong.headers.get("www-authenticate"), "Bearer");
  assert.deepEqual(await errorOf(wrong), [
    401,
    "unauthenticated",
    "Cannot authenticate: the token is not the one that was configured",
  ]);
  assert.deepEqual(database.calls, []);
  assert.deepEqual(refusals.codes, ["unauthenticated", "unauthenticated"]);
  assert.doesNotMatch(JSON.stringify(lines), /operator|entirely/);
});

Deno.test("without a configured token there is nothing to find, whatever is shown", async () => {
  const { database, get } = make(null);
  for (const token of [null, TOKEN, "null", ""]) {
    assert.deepEqual(await errorOf(await get(token)), [
      404,
      "not_found",
      "Cannot find metrics: RELAY_METRICS_TOKEN is not set",
    ]);
  }
  assert.deepEqual(database.calls, []);
});

Deno.test("a database that is away is no page of zeros", async () => {
  const { database, get } = make();
  database.failure = away();
  const response = await get();
  assert.equal(response.headers.get("retry-after"), "5");
  assert.deepEqual((await errorOf(response)).slice(0, 2), [503, "unavailable"]);
});

Deno.test("only GET asks for metrics", async () => {
  const { get } = make();
  const response = await get(TOKEN, { method: "POST" });
  assert.equal(response.headers.get("allow"), "GET, OPTIONS");
  assert.deepEqual((await errorOf(response)).slice(0, 2), [405, "method_not_allowed"]);
});
