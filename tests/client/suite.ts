/** The client's suite in Deno, in Node and in Chromium, against the embedded stack, with connections cut at random. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { hasChromium } from "../../testkit/browser.ts";
import { createChance } from "../../testkit/figures.ts";
import { startProxy } from "../../testkit/proxy.ts";
import { skip } from "../../testkit/skipped.ts";
import { bundle, hasNode, run, useChromium, useStack, withPage } from "./runtimes.ts";
import { SCENARIOS, type Setup } from "./scenarios.ts";

/** Bytes of answers before a connection is cut, at most: some are cut before their first header. */
const MAX_BYTES = 4_000;

/** Every fifth connection gets more: unseen text comes as one event, and half an event brings nothing. */
const SPARED_BYTES = 64_000;

const stack = useStack();

/** Gives the suite its setup, with a proxy of its own; the same seed cuts at the same bytes. */
async function withSetup<T>(seed: number, use: (setup: Setup) => Promise<T>): Promise<{ result: T; cuts: number }> {
  await using proxy = startProxy(stack.target.workers[0]);
  const chance = createChance(seed);
  proxy.cutAfter((connection) => connection % 5 === 4 ? SPARED_BYTES : Math.floor(chance() * MAX_BYTES));
  const result = await use({ ...stack, cutUrl: proxy.url });
  return { result, cuts: proxy.cuts };
}

const ALL_HOLD = Object.fromEntries(Object.keys(SCENARIOS).map((rule) => [rule, "holds"]));

for (const [rule, run] of Object.entries(SCENARIOS)) {
  Deno.test(`in Deno: ${rule}`, async () => {
    await withSetup(1, run);
  });
}

let bundled: Promise<string> | undefined;
const suite = () => bundled ??= bundle("tests/client/report.ts");

if (await hasNode()) {
  Deno.test("in Node every rule of the suite holds", async () => {
    const { result, cuts } = await withSetup(2, async (setup) => {
      return JSON.parse(await run("node", ["--input-type=module", "-", JSON.stringify(setup)], await suite()));
    });
    equal(result, ALL_HOLD);
    ok(cuts > 3);
  });
} else skip("the client's suite in Node: there is no Node 20 or later");

if (hasChromium()) {
  useChromium();
  Deno.test("in Chromium every rule of the suite holds, also where streams have no async iterator", async () => {
    const script = await suite();
    const { result, cuts } = await withSetup(
      3,
      (setup) =>
        withPage(script, async (page) => {
          // Safari has had it since version 26.
          await page.evaluate("delete ReadableStream.prototype[Symbol.asyncIterator]");
          return await page.evaluate(`report(${JSON.stringify(setup)})`);
        }),
    );
    equal(result, ALL_HOLD);
    ok(cuts > 3);
  });
} else skip("the client's suite in a browser: there is no Chromium");
