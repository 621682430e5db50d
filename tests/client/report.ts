/** Runs the suite in a runtime that is not Deno. Node gets the setup as an argument; a page calls `report`. */

import { SCENARIOS, type Setup } from "./scenarios.ts";

/** Each rule with "holds", or why it does not. */
async function report(setup: Setup): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {};
  for (const [rule, run] of Object.entries(SCENARIOS)) outcomes[rule] = await run(setup).then(() => "holds", String);
  return outcomes;
}

const { process } = globalThis as { process?: { argv: string[]; stdout: { write(text: string): void } } };
if (process?.argv[2]) process.stdout.write(JSON.stringify(await report(JSON.parse(process.argv[2]))));
else Object.assign(globalThis, { report });
