/** What a browser loads of the page, compressed as a host sends it. */

import { ok } from "node:assert/strict";
import { buildPlayground } from "../../dev/playground.ts";

/** Everything. */
const BUDGET_BYTES = 121_000;

/** What is needed to sign in: a phone on a slow network (1.6 Mbit/s) has it within 0.3 s. */
const FIRST_VISIT_BYTES = 60_000;

const files = await buildPlayground();

/** The scripts that are loaded only once a user has signed in. */
const isLater = (name: string) => /^main_view-/.test(name);

async function weigh(names: string[], budget: number) {
  const sizes = await Promise.all(names.map(async (name) => {
    const compressed = new Blob([files[name]]).stream().pipeThrough(new CompressionStream("gzip"));
    return [name, (await new Response(compressed).arrayBuffer()).byteLength] as const;
  }));
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  ok(total <= budget, `${total} bytes: ${sizes.map((size) => size.join(" ")).join(", ")}`);
}

Deno.test(`the page and all that it loads have at most ${BUDGET_BYTES} bytes compressed`, async () => {
  await weigh(Object.keys(files), BUDGET_BYTES);
});

Deno.test(`what a first visit loads has at most ${FIRST_VISIT_BYTES} bytes compressed`, async () => {
  ok(Object.keys(files).some(isLater), Object.keys(files).join(", "));
  await weigh(Object.keys(files).filter((name) => !isLater(name)), FIRST_VISIT_BYTES);
});
