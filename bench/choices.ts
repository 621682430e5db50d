/** Which relays and scenarios there are, and which of them a run has. */

import type { BenchFlags } from "./flags.ts";
import { direct } from "./relays/direct.ts";
import { fastapi } from "./relays/fastapi.ts";
import { litellm } from "./relays/litellm.ts";
import { nginx } from "./relays/nginx.ts";
import { openaiLoop } from "./relays/openai_loop.ts";
import { ours } from "./relays/ours.ts";
import { passthrough } from "./relays/passthrough.ts";
import { portkey } from "./relays/portkey.ts";
import type { Relay } from "./relays/relay.ts";
import { burstMany, burstOne } from "./scenarios/burst.ts";
import { firstToken } from "./scenarios/first_token.ts";
import { memory } from "./scenarios/memory.ts";
import { paced } from "./scenarios/paced.ts";
import type { Scenario } from "./scenarios/scenario.ts";

const RELAYS: Relay[] = [
  direct,
  nginx,
  passthrough,
  openaiLoop,
  portkey,
  fastapi,
  litellm,
  ours,
];
const QUICK = [direct, nginx, passthrough, ours];
const SCENARIOS: Scenario[] = [firstToken, paced, burstOne, burstMany, memory];
const QUICK_SCENARIOS = [firstToken, paced, burstMany];

/** In the order of the table. */
export function chosenRelays({ quick, relays }: BenchFlags): Relay[] {
  return chosen("relay", RELAYS, relays, quick ? QUICK : RELAYS);
}

/** In the order in which they are run. */
export function chosenScenarios({ quick, scenarios }: BenchFlags): Scenario[] {
  return chosen(
    "scenario",
    SCENARIOS,
    scenarios,
    quick ? QUICK_SCENARIOS : SCENARIOS,
  );
}

function chosen<T extends { name: string }>(
  kind: string,
  all: T[],
  names: string[],
  byDefault: T[],
): T[] {
  for (const name of names) {
    if (all.some((one) => one.name === name)) continue;
    const known = all.map((one) => one.name).join(", ");
    throw new TypeError(
      `Cannot start: "${name}" is not a ${kind}, expected one of ${known}`,
    );
  }
  return names.length === 0
    ? byDefault
    : all.filter(({ name }) => names.includes(name));
}
