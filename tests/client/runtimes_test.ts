/** The client's suite in Deno, in Node and in Chromium, against the embedded stack, with connections cut at random. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { hasChromium, startBrowser } from "./browser.ts";
import { bundle } from "./bundle.ts";
import { startChaosProxy } from "./chaos_proxy.ts";
import { hasNode } from "./node.ts";
import { SCENARIOS } from "./scenarios.ts";
import { startStoryProvider, type StoryProvider } from "./story_provider.ts";
import type { World } from "./world.ts";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { skip } from "../../testkit/skipped.ts";

let stack: DevStack;
let provider: StoryProvider;

Deno.test.beforeAll(async () => {
  provider = startStoryProvider();
  stack = await startDevStack([], { RELAY_BEAT_MS: "200", RELAY_RATE_LIMIT_PER_MINUTE: "100" });
});

Deno.test.afterAll(async () => {
  await stack.stop();
  await provider.close();
});

/** Gives the suite its world, with a proxy of its own; throws where no connection was cut. */
async function inWorld<T>(seed: number, use: (world: World) => Promise<T>): Promise<{ result: T; cuts: number }> {
  const chaos = startChaosProxy(stack.functions_url, seed);
  try {
    const result = await use({
      target: {
        workers: [stack.functions_url],
        supabaseUrl: stack.url,
        publishableKey: stack.publishable_key,
        secretKey: stack.secret_key,
        jwtSecret: stack.jwt_secret,
      },
      chaosUrl: chaos.url,
      providerUrl: provider.url,
    });
    return { result, cuts: chaos.cuts };
  } finally {
    await chaos.close();
  }
}

const ALL_HOLD = Object.fromEntries(SCENARIOS.map(([rule]) => [rule, "holds"]));

for (const [rule, run] of SCENARIOS) {
  Deno.test(`in Deno: ${rule}`, async () => {
    await inWorld(1, run);
  });
}

if (await hasNode()) {
  Deno.test("in Node every rule of the suite holds", async () => {
    const folder = await Deno.makeTempDir({ prefix: "relay-client-" });
    try {
      const path = `${folder}/suite.mjs`;
      await Deno.writeTextFile(path, await bundle("tests/client/report_in_node.ts"));
      const { result, cuts } = await inWorld(2, async (world) => {
        const { stdout, stderr } = await new Deno.Command("node", {
          args: [path, JSON.stringify(world)],
          stdin: "null",
        }).output();
        ok(stdout.length > 0, new TextDecoder().decode(stderr));
        return JSON.parse(new TextDecoder().decode(stdout));
      });
      equal(sorted(result), sorted(ALL_HOLD));
      ok(cuts > 3);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
} else skip("the client's suite in Node: there is no Node 20 or later");

if (hasChromium()) {
  Deno.test("in Chromium every rule of the suite holds", async () => {
    const script = await bundle("tests/client/report_in_page.ts");
    const browser = await startBrowser();
    const { result, cuts } = await inWorld(
      3,
      (world) =>
        browser.withPage(stack.url, script, (page) =>
          page.evaluate(
            // deno-lint-ignore no-explicit-any
            (world) => (globalThis as any).report(world),
            world,
          )),
    ).finally(() => browser.close());
    equal(sorted(result), sorted(ALL_HOLD));
    ok(cuts > 3);
  });
} else skip("the client's suite in a browser: there is no /usr/bin/chromium");

function sorted(report: Record<string, string>): [string, string][] {
  return Object.entries(report).sort(([a], [b]) => a < b ? -1 : 1);
}
