/** The projects of examples/ whose packages install fast. Those of tests/fresh run on request. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { eventually } from "../../testkit/eventually.ts";
import { type Example, testExamples } from "./examples.ts";
import { order } from "./scenarios.ts";

const FOLDER = fileURLToPath(new URL("../../examples/", import.meta.url));

const EXAMPLES: Example[] = [
  {
    name: "vite",
    title: "its page streams, stops, continues, regenerates, shows versions, and goes on after a reload",
    async serve({ npm, serve }, { url, key }) {
      await npm(["run", "build"], { VITE_SUPABASE_URL: url, VITE_SUPABASE_KEY: key });
      return await serve("vite", ["preview", "--host=127.0.0.1", "--port={port}"]);
    },
    async drive({ page, answers }) {
      const press = (name: string) => page.click(`button:text-is("${name}")`);
      const answer = () => page.textContent("article.assistant p");
      const shows = (text: string) => eventually("it is shown", async () => await answer() === text);
      const isReady = () => page.waitForSelector(`output:text-is("ready")`);

      await page.fill("textarea", order({ seed: 5, chunks: 20, end: "wait" }));
      await press("Send");
      await page.waitForSelector(`output:text-is("streaming")`);
      await page.reload();
      await page.waitForSelector(`output:text-is("streaming")`);
      await press("Stop");
      await isReady();
      const [stopped] = await answers(1);
      equal(stopped.finish_reason, "cancelled");
      await shows(stopped.content);

      await press("Continue");
      const [, whole] = await answers(2);
      await shows(whole.content);
      ok(whole.content.length > stopped.content.length && whole.content.startsWith(stopped.content));
      await isReady();

      await press("Regenerate");
      await page.waitForSelector(`output:text-is("streaming")`);
      await press("Stop");
      await answers(3);
      await page.waitForSelector(`span:text-is("3 of 3")`);
      await press("Older");
      await shows(whole.content);
      await page.reload();
      await page.waitForSelector(`span:text-is("2 of 3")`);
      await shows(whole.content);
    },
  },
];

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
