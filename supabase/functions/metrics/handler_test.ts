import assert from "node:assert/strict";
import type { Sample } from "../_relay/database/database.ts";
import { away, makeDatabase } from "../_relay/testing/database.ts";
import { VERSION } from "../_relay/platform/version.ts";
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
    async get(token: string | null = TOKEN, method = "GET") {
      const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
      const response = await handler(new Request("http://edge.internal/metrics", { method, headers }));
      return { headers: response.headers, status: response.status, text: await response.text() };
    },
  };
}

Deno.test("the token opens the counters of all workers, and no cache keeps them", async () => {
  const { database, get, lines, refusals } = make();
  const { headers, status, text } = await get();
  assert.equal(status, 200);
  assert.equal(text, metricsText([{ name: "build_info", labels: { version: VERSION }, value: 1 }, ...SAMPLES]));
  assert.match(text, /^storytellr_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
  assert.match(text, /^storytellr_refusals_total\{code="internal"\} 2$/m);
  for (const { name } of FAMILIES) assert.ok(text.includes(`# TYPE storytellr_${name} `), name);
  const names = ["content-type", "cache-control", "access-control-allow-origin"];
  const wanted = ["text/plain; version=0.0.4; charset=utf-8", "no-store", "*"];
  assert.deepEqual(names.map((name) => headers.get(name)), wanted);
  assert.deepEqual(database.calls, [["metrics"]]);
  assert.deepEqual([lines, refusals.codes], [[], []]);
});

Deno.test("a database that is away is no page of zeros", async () => {
  const { database, get } = make();
  database.failure = away();
  const { headers, status, text } = await get();
  assert.deepEqual([status, headers.get("retry-after"), JSON.parse(text).error.code], [503, "5", "unavailable"]);
});
