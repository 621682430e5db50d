/** Lets a relay's compiler see its hot path before anything is counted. */

import { openCrowd } from "./driver/crowd.ts";
import { nameOf } from "./provider/plan.ts";
import type { RunningRelay } from "./relays/relay.ts";
import { settled } from "./scenarios/usage.ts";

const STREAMS = 60;
const SPREAD_MS = 400;
const LONGEST_MS = 5_000;

/** A crowd for a moment; whether it is whole is no question yet. */
export async function warmUp(relay: RunningRelay): Promise<void> {
  const plan = nameOf({ kind: "paced", everyMs: 3, tokens: 120 });
  const requests = await relay.requests(plan, STREAMS);
  const crowd = await openCrowd(requests, SPREAD_MS, null);
  await crowd.ended(LONGEST_MS);
  await settled(relay);
}
