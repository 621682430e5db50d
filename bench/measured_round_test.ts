import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { skip } from "../testkit/skipped.ts";
import { post } from "./relays/http.ts";
import { direct } from "./relays/direct.ts";
import { ours } from "./relays/ours.ts";
import { passthrough } from "./relays/passthrough.ts";
import type { Relay } from "./relays/relay.ts";
import { runAll } from "./run.ts";
import { pace } from "./scenarios/paced.ts";
import type { Sample, Scenario } from "./scenarios/scenario.ts";
import { openWorld } from "./world.ts";

const TINY: Scenario = {
  name: "tiny",
  title: "a few streams for a moment",
  run: (relay, effort) =>
    pace(relay, {
      streams: 5,
      spreadMs: 50,
      patienceMs: 1_000,
      settleMs: 100,
      windowMs: 300,
      newcomersMs: 100,
    }, effort),
};

/** Hands everything on but for one token of each stream. */
const lossy: Relay = {
  name: "lossy",
  title: "one that loses a token",
  start({ providerPort }) {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        const upstream = await fetch(
          `http://127.0.0.1:${providerPort}${pathname}`,
          { method: "POST", body: await request.text() },
        );
        return new Response((await upstream.text()).replace("~", ""));
      },
    );
    return Promise.resolve({
      pid: Deno.pid,
      requests: (plan, count) => Promise.resolve(Array(count).fill(post(server.addr.port, `/${plan}/v1/x`, {}))),
      stop: () => server.shutdown(),
    });
  },
};

async function measure(relays: Relay[], scenario: Scenario): Promise<Record<string, Sample[]>> {
  const database = Deno.env.get("RELAY_TEST_DATABASE_URL");
  // This process keeps its cores: other tests run in it.
  const cores = { relay: [], load: [], note: "" };
  const world = await openWorld({ database, profile: false }, cores);
  try {
    const effort = { quick: true, aheadMs: world.aheadMs };
    const { results } = await runAll(world, relays, [scenario], 1, effort, (_relay, _scenario, work) => work());
    return Object.fromEntries(results[0].samples);
  } finally {
    await world.close();
  }
}

function assertWhole({ failure, figures }: Sample) {
  equal(failure, null);
  ok(figures.tokensPerSecond > 0);
  ok(figures.delayP50 > 0 && figures.delayP99 >= figures.delayP50);
  ok(figures.firstToken > 0);
}

Deno.test("a round gives figures of a relay that loses nothing, and says which one loses a token", async () => {
  const samples = await measure([direct, passthrough, lossy], TINY);
  assertWhole(samples.direct[0]);
  assertWhole(samples.passthrough[0]);
  ok(samples.passthrough[0].figures.cpuUs >= 0);
  match(samples.lossy[0].failure ?? "", /^a stream ended with \d+ tokens, \d+ were sent$/);
});

if (!Deno.env.has("RELAY_TEST_DATABASE_URL")) {
  skip("the bench's round with our relay: RELAY_TEST_DATABASE_URL is not set");
} else {
  Deno.test("our relay is measured whole: signed tokens, a real Postgres, every token there", async () => {
    const samples = await measure([ours], TINY);
    assertWhole(samples.storytellr[0]);
  });
}
