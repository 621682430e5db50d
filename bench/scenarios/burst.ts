/** 64 readers of a provider that sends as fast as the relay takes it. */

import { openCrowd } from "../driver/crowd.ts";
import { nameOf } from "../provider/plan.ts";
import type { RunningRelay, World } from "../relays/relay.ts";
import type { Scenario } from "./scenario.ts";
import { settled, stopwatch } from "./usage.ts";

const STREAMS = 64;
const LEAST_TOKENS = 40;
const MOST_TOKENS = 60_000;
const LONGEST_MS = 15_000;

export const burstOne = burst("burst-1", "64 streams flat out, one event a write", 1);
export const burstMany = burst("burst-20", "64 streams flat out, 20 events a write", 20);

function burst(name: string, title: string, eventsPerWrite: number): Scenario {
  // Relays differ by a factor of a hundred: each gets as many tokens as it carries in the time.
  const known = new WeakMap<RunningRelay, number>();

  async function send(relay: RunningRelay, { providerPort }: World, tokens: number) {
    const plan = nameOf({ kind: "burst", eventsPerWrite, tokens });
    const requests = await relay.requests(plan, STREAMS);
    const crowd = await openCrowd(requests, 0, null);
    const begun = await crowd.begun(LONGEST_MS);
    const before = crowd.tokens;
    const stop = stopwatch(relay);
    await (await fetch(`http://127.0.0.1:${providerPort}/go`)).body?.cancel();
    const { cutOff } = await crowd.ended(begun ? LONGEST_MS : 0);
    const used = stop();
    const delivered = crowd.tokens - before;
    // One that holds its first token back until the end cannot be waited for.
    const failure = begun ? crowd.failure(tokens) : "a stream did not begin";
    return { failure, delivered, cutOff, ...used };
  }
  /** Again with more tokens as long as it is over too soon: a program goes faster, the longer it has gone. */
  async function longEnough(relay: RunningRelay, world: World, seconds: number) {
    for (let tokens = known.get(relay) ?? LEAST_TOKENS;;) {
      const sent = await send(relay, world, tokens);
      known.set(relay, tokens);
      const more = fit(tokens * Math.min(seconds / sent.seconds, 8));
      const enough = sent.seconds > seconds * 0.7 || more <= tokens;
      if (enough || sent.failure || sent.cutOff > 0) return sent;
      tokens = more;
    }
  }
  function fit(tokens: number): number {
    const whole = Math.ceil(tokens / 20) * 20;
    return Math.min(MOST_TOKENS, Math.max(LEAST_TOKENS, whole));
  }

  return {
    name,
    title,
    async run(relay, { quick }, world) {
      const { cpu, seconds, delivered, cutOff, failure } = await longEnough(relay, world, quick ? 0.8 : 1.2);
      await settled(relay);
      return {
        figures: { cpuUs: cpu / delivered * 1e6, core: cpu / seconds, tokensPerSecond: delivered / seconds, seconds },
        // A full core is what this is about.
        saturated: false,
        cutOff,
        failure,
      };
    },
  };
}
