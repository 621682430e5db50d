/** What a browser loads before the page is there, compressed as a host sends it. */

import { ok } from "node:assert/strict";
import { buildPlayground } from "../../dev/playground.ts";

/** A phone on a slow network (1.6 Mbit/s) has it within 0.7 s. */
const BUDGET_BYTES = 136_000;

Deno.test(`the page and all that it loads have at most ${BUDGET_BYTES} bytes compressed`, async () => {
  const files = Object.entries(await buildPlayground());
  const sizes = await Promise.all(files.map(async ([name, text]) => {
    const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    return [name, (await new Response(compressed).arrayBuffer()).byteLength] as const;
  }));
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  ok(total <= BUDGET_BYTES, `${total} bytes: ${sizes.map((size) => size.join(" ")).join(", ")}`);
});
