/** How long one reader alone waits for the first token. */

import { openStream, type Request } from "../driver/stream.ts";
import { nameOf } from "../provider/plan.ts";
import { sleep } from "../process.ts";
import { median } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";

const LONGEST_MS = 5_000;

export const firstToken: Scenario = {
  name: "first",
  title: "first token of one stream alone",
  async run(relay, { quick }) {
    const plan = nameOf({ kind: "paced", everyMs: 1, tokens: 2 });
    const [request] = await relay.requests(plan, 1);
    await firstTokens(request, 3, LONGEST_MS);
    const { ms, failure } = await firstTokens(request, quick ? 20 : 40, 4_000);
    return { figures: { firstToken: ms }, saturated: false, cutOff: 0, failure };
  },
};

/** The median of so many streams one after the other; of fewer where that takes too long, but of one at least. */
export async function firstTokens(
  request: Request,
  count: number,
  ms: number,
): Promise<{ ms: number; failure: string | null }> {
  const deadline = performance.now() + ms;
  const all: number[] = [];
  while (all.length < count && (all.length === 0 || performance.now() < deadline)) {
    const stream = openStream(request);
    const timer = setTimeout(stream.close, LONGEST_MS);
    await stream.ended;
    clearTimeout(timer);
    if (stream.failure) return { ms: NaN, failure: stream.failure };
    // One that never came is at least as bad as this.
    all.push(stream.tokens === 0 ? LONGEST_MS : stream.firstTokenMs);
    // Not in step with the tokens of others.
    await sleep(3 + all.length * 7 % 13);
  }
  return { ms: median(all), failure: null };
}
