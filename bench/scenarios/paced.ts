/** 200 readers at a model's pace: CPU and delay for each token, and how long one more reader waits for the first. */

import { openCrowd } from "../driver/crowd.ts";
import { nameOf } from "../provider/plan.ts";
import { quantile } from "../statistics.ts";
import { sleep } from "../process.ts";
import { firstTokens } from "./first_token.ts";
import type { RunningRelay } from "../relays/relay.ts";
import type { Effort, Sample, Scenario } from "./scenario.ts";
import { settled, stopwatch } from "./usage.ts";

const EVERY_MS = 20;
const GRACE_MS = 3_000;

/** How much of it. */
export interface Size {
  streams: number;
  /** In which they begin. */
  spreadMs: number;
  /** How long is waited for the last one's first token. */
  patienceMs: number;
  /** In which what the beginnings left behind is collected, and each beat comes once. */
  settleMs: number;
  /** In which is measured. */
  windowMs: number;
  /** In which newcomers come, one after the other. */
  newcomersMs: number;
}

const WHOLE = {
  streams: 200,
  spreadMs: 1_000,
  patienceMs: 1_500,
  settleMs: 1_500,
  windowMs: 3_000,
  newcomersMs: 1_200,
};
const QUICK = { ...WHOLE, patienceMs: 700, settleMs: 300, windowMs: 1_500, newcomersMs: 800 };

export const paced: Scenario = {
  name: "paced",
  title: "200 streams, a token each 20 ms",
  run: (relay, effort) => pace(relay, effort.quick ? QUICK : WHOLE, effort),
};

/** One round. */
export async function pace(
  relay: RunningRelay,
  { streams, spreadMs, patienceMs, settleMs, windowMs, newcomersMs }: Size,
  { aheadMs }: Effort,
): Promise<Sample> {
  const lastsMs = spreadMs + patienceMs + settleMs + windowMs + newcomersMs;
  const tokens = Math.ceil(lastsMs / EVERY_MS);
  const plan = nameOf({ kind: "paced", everyMs: EVERY_MS, tokens });
  const requests = await relay.requests(plan, streams);
  // A pause of other lengths than the tokens' keeps the newcomers from one phase.
  const newcomers = await relay.requests(nameOf({ kind: "paced", everyMs: EVERY_MS, tokens: 2 }), 1);

  const endsAt = performance.now() + spreadMs + lastsMs;
  const crowd = await openCrowd(requests, spreadMs, aheadMs);
  const begun = await crowd.begun(patienceMs);
  await sleep(settleMs);
  const before = crowd.tokens;
  const stop = stopwatch(relay);
  crowd.record();
  await sleep(windowMs);
  const used = stop();
  const delays = crowd.recorded();
  const delivered = crowd.tokens - before;
  const first = await firstTokens(newcomers[0], 25, newcomersMs);
  const { cutOff } = await crowd.ended(endsAt - performance.now() + GRACE_MS);
  await settled(relay);
  return {
    figures: {
      cpuUs: used.cpu / delivered * 1e6,
      core: used.cpu / used.seconds,
      tokensPerSecond: delivered / used.seconds,
      delayP50: quantile(delays, 0.5),
      delayP99: quantile(delays, 0.99),
      firstToken: first.ms,
    },
    // Where the machine has other work, a relay falls behind before its core looks full.
    saturated: used.saturated || !begun ||
      quantile(delays, 0.5) > EVERY_MS ||
      delivered < 0.95 * streams * windowMs / EVERY_MS,
    cutOff,
    failure: crowd.failure(tokens) ?? first.failure,
  };
}
