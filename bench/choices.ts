/** Which relays and scenarios there are, and which of them a run has. */

import type { BenchFlags } from "./flags.ts";
import { copy } from "./relays/copy.ts";
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
import { churn } from "./scenarios/churn.ts";
import { cold } from "./scenarios/cold.ts";
import { database } from "./scenarios/database.ts";
import { firstToken } from "./scenarios/first_token.ts";
import { memory } from "./scenarios/memory.ts";
import { paced } from "./scenarios/paced.ts";
import type { Scenario } from "./scenarios/scenario.ts";

const RELAYS: Relay[] = [direct, nginx, passthrough, copy, openaiLoop, portkey, fastapi, litellm, ours];
const QUICK = [direct, passthrough, ours];
const SCENARIOS: Scenario[] = [firstToken, database, paced, burstOne, burstMany, memory, cold];
const QUICK_SCENARIOS = [firstToken, database, paced, burstMany];

/** In the order of the table. */
export function chosenRelays({ quick, relays }: BenchFlags): Relay[] {
  return chosen("relay", RELAYS, relays, quick ? QUICK : RELAYS);
}

/** In the order in which they are run. */
export function chosenScenarios({ quick, scenarios, churn: withChurn }: BenchFlags): Scenario[] {
  const all = [...SCENARIOS, churn];
  const byDefault = quick ? QUICK_SCENARIOS : SCENARIOS;
  return chosen("scenario", all, scenarios, withChurn ? [...byDefault, churn] : byDefault);
}

function chosen<T extends { name: string }>(kind: string, all: T[], names: string[], byDefault: T[]): T[] {
  for (const name of names) {
    if (all.some((one) => one.name === name)) continue;
    const known = all.map((one) => one.name).join(", ");
    throw new TypeError(`Cannot start: "${name}" is not a ${kind}, expected one of ${known}`);
  }
  return names.length === 0 ? byDefault : all.filter(({ name }) => names.includes(name));
}
