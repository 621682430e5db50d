/** Whether a worker's memory stays where it is, generation after generation. */

import { openStream } from "../driver/stream.ts";
import { memoryOf } from "../proc.ts";
import { nameOf } from "../provider/plan.ts";
import { sleep } from "../process.ts";
import type { Figures, Sample, Scenario } from "./scenario.ts";

const AT_ONCE = 8;
const PEOPLE = 200;
const TOKENS = 50;
const MARKS = [1_000, 2_000, 5_000, 10_000];
const SETTLE_MS = 3_000;

export const churn: Scenario = {
  name: "churn",
  title: "memory after 10,000 generations one after another",
  only: ["storytellr"],
  rounds: 1,
  fresh: true,
  async run(relay): Promise<Sample> {
    const plan = nameOf({ kind: "paced", everyMs: 1, tokens: TOKENS });
    const requests = await relay.requests(plan, PEOPLE);
    const figures: Figures = {};
    let begun = 0;
    let failure: string | null = null;
    async function readers(until: number): Promise<void> {
      while (begun < until && failure === null) {
        const stream = openStream(requests[begun++ % PEOPLE]);
        await stream.ended;
        failure ??= stream.failure;
        if (stream.tokens !== TOKENS) {
          failure ??= `a stream ended with ${stream.tokens} tokens`;
        }
      }
    }
    for (const mark of MARKS) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => readers(mark)));
      await sleep(SETTLE_MS);
      figures[`mbAfter${mark}`] = memoryOf(relay.pid!) / 2 ** 20;
    }
    return { figures, saturated: false, cutOff: 0, failure };
  },
};
