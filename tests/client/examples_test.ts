/** The projects of examples/ whose packages install fast. Those of tests/fresh run on request. */

import { ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Example, testExamples } from "./examples.ts";

const FOLDER = fileURLToPath(new URL("../../examples/", import.meta.url));

const EXAMPLES: Example[] = [];

testExamples(EXAMPLES);

/** The lines of the sources in a folder, however deep. */
function linesIn(folder: string): number {
  return [...Deno.readDirSync(folder)].reduce((sum, { name, isDirectory }) => {
    if (isDirectory) return sum + (/^(node_modules|dist|\.next)$/.test(name) ? 0 : linesIn(`${folder}/${name}`));
    if (!/\.(tsx?|css|html)$/.test(name)) return sum;
    return sum + Deno.readTextFileSync(`${folder}/${name}`).trimEnd().split("\n").length;
  }, 0);
}

Deno.test("each example has fewer than 100 lines", () => {
  for (const { name } of Deno.readDirSync(FOLDER)) {
    const lines = linesIn(FOLDER + name);
    ok(lines > 0 && lines < 100, `examples/${name} has ${lines} lines`);
  }
});
