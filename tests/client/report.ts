/** Runs the suite in a runtime that is not Deno. Node gets the setup as an argument; a page calls `report`. */

import { SCENARIOS, type Setup } from "./scenarios.ts";

/** Each rule with "holds", or why it does not; two at a time, because a browser has few connections to a host. */
async function report(setup: Setup): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {};
  const left = Object.entries(SCENARIOS);
  async function lane() {
    for (let next = left.shift(); next; next = left.shift()) {
      const [rule, run] = next;
      outcomes[rule] = await run(setup).then(() => "holds", String);
    }
  }
  await Promise.all([lane(), lane()]);
  return outcomes;
}

const { process } = globalThis as { process?: { argv: string[]; stdout: { write(text: string): void } } };
if (process?.argv[2]) process.stdout.write(JSON.stringify(await report(JSON.parse(process.argv[2]))));
else Object.assign(globalThis, { report });
