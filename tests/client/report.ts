/** Runs the whole suite in a runtime that is not Deno. */

import { SCENARIOS } from "./scenarios.ts";
import type { World } from "./world.ts";

/** Each rule with "holds", or what spoke against it; two at a time, for a browser has few connections to a host. */
export async function report(world: World): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {};
  const left = [...SCENARIOS];
  async function lane() {
    for (let next = left.shift(); next; next = left.shift()) {
      const [rule, run] = next;
      outcomes[rule] = await run(world).then(() => "holds", String);
    }
  }
  await Promise.all([lane(), lane()]);
  return outcomes;
}
