import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { skip } from "../testkit/skipped.ts";
import { short } from "./figures.ts";
import { post } from "./reader.ts";
import { openWorld, type Relay, RELAYS, type RunningRelay } from "./relays.ts";
import { chartOf, tableOf } from "./results.ts";
import { pace, runAll, type Sample } from "./scenarios.ts";
import { ageOf, tokenOf } from "./stamp.ts";

const sample = (cpuUs: number, overrides: Partial<Sample> = {}): Sample => ({
  ...{ figures: { cpuUs }, saturated: false, failure: null, ...overrides },
});
const RESULTS = {
  paced: {
    passthrough: [sample(1), sample(10), sample(2)],
    copy: [sample(3, { saturated: true }), sample(30), sample(7)],
    openai: [sample(4), sample(4, { failure: "it lost a token" }), sample(4)],
  },
};

Deno.test("a ratio is to the passthrough of the same round, and a failure has no figure", () => {
  const cells = tableOf(RESULTS).split("\n").map((line) => line.split(" | ").slice(1));
  equal(cells[2], ["1.0 × (2.0 µs)", "3.0 × (7.0 µs), saturated", "failed |"]);
});

Deno.test("a bar is longer the larger its ratio is; what was not measured has none", () => {
  const chart = chartOf(RESULTS);
  const [first, second, ...others] = [...chart.matchAll(/<rect x="180".* width="(\d+)"/g)].map(([, width]) => +width);
  ok(first < second);
  ok(others.every((width) => width === 0));
  equal(/NaN|Infinity/.test(chart), false);
});

Deno.test("short() keeps two digits", () => {
  equal([0.164, 0.999, 9.94, 9.96, 128.7, 1234].map(short), ["0.16", "1.0", "9.9", "10", "129", "1,234"]);
});

Deno.test("a token says when it was sent, also where its count begins again, unless it is cut", () => {
  const ms = 21_374_000 * 83_980.8 - 10;
  const bytes = new TextEncoder().encode(`"${tokenOf(ms)}"`);
  for (const later of [-0.1, 0, 20, 40_000]) ok(Math.abs(ageOf(bytes, 1, ms + later) - later) <= 0.051, `${later}`);
  equal(ageOf(bytes.subarray(0, 4), 1, 0), NaN);
});

/** Hands everything on but for one token of each stream. */
const lossy: Relay = {
  ...{ name: "lossy", title: "" },
  start({ provider }) {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const upstream = provider + new URL(request.url).pathname;
      const answer = await fetch(upstream, { method: "POST", body: await request.text() });
      return new Response((await answer.text()).replace("~", ""));
    });
    const requests = (plan: string, count: number) =>
      Promise.resolve(Array(count).fill(post(server.addr.port, `/${plan}/x`, {})));
    return Promise.resolve({ pid: -1, requests, stop: () => server.shutdown() });
  },
};

const database = Deno.env.get("RELAY_TEST_DATABASE_URL");
if (!database) skip("the bench's round with our relay: RELAY_TEST_DATABASE_URL is not set");
Deno.test("a round has figures of relays that lose nothing, and says which one loses a token", async () => {
  const world = await openWorld({ database });
  try {
    const whole = RELAYS.filter(({ name }) => name === "passthrough" || (database && name === "storytellr"));
    const scenarios = [{ name: "tiny", run: (relay: RunningRelay) => pace(world, relay, 5, 300, 6) }];
    const { tiny } = await runAll(world, { relays: [...whole, lossy], scenarios, rounds: 1, quick: true }, () => {});
    for (const { name } of whole) {
      const [{ failure, figures }] = tiny[name];
      equal(failure, null);
      ok(figures.delayP50 > 0 && figures.delayP99 >= figures.delayP50 && figures.firstToken > 0);
      ok(figures.directMax > 0);
    }
    match(tiny.lossy[0].failure!, /^a stream ended with \d+ tokens, \d+ were sent$/);
  } finally {
    await world.close();
  }
});
