/// <reference lib="dom" />
/** axe-core: finds what keeps people with a disability from using a view. */

import { deepStrictEqual as equal } from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";

/** All rules but the experimental ones; the size of a target is off by default. */
const OPTIONS: axe.RunOptions = { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } };
const COLOURS: axe.RunOptions = { resultTypes: ["violations"], runOnly: ["color-contrast"] };

/**
 * Fails with what axe finds in what the page shows now. All rules run in the present colours, and those for colours in
 * the other ones, too. `view` is what a person would call it: "a story".
 */
export async function hasNoAxeFindings(page: Page, view: string): Promise<void> {
  const isDark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const findings = await findingsIn(page, OPTIONS);
  await page.emulateMedia({ colorScheme: isDark ? "light" : "dark" });
  findings.push(...await findingsIn(page, COLOURS));
  await page.emulateMedia({ colorScheme: isDark ? "dark" : "light" });
  equal(findings, [], `axe finds something in ${view}:\n${findings.join("\n")}`);
}

async function findingsIn(page: Page, options: axe.RunOptions): Promise<string[]> {
  // The page's policy allows no foreign script. This one comes through the browser's debugger, which ignores the policy.
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe.source);
  return await page.evaluate(async (options) => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, options);
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)}: ${failureSummary}`)
    );
  }, options);
}
