/** What 1,000 readers of streams that have begun and say nothing cost in memory. */

import { openCrowd } from "../driver/crowd.ts";
import { memoryOf } from "../proc.ts";
import { nameOf } from "../provider/plan.ts";
import { sleep } from "../process.ts";
import type { Sample, Scenario } from "./scenario.ts";

const STREAMS = 1_000;
const SPREAD_MS = 3_000;
const BEGIN_MS = 15_000;
const WARM_STREAMS = 50;
const SETTLE_MS = 2_000;

export const memory: Scenario = {
  name: "memory",
  title: "memory of 1,000 open streams",
  rounds: 1,
  fresh: true,
  async run(relay): Promise<Sample> {
    if (relay.pid === null) {
      return { figures: {}, saturated: false, cutOff: 0, failure: null };
    }
    const warm = await openCrowd(
      await relay.requests(nameOf({ kind: "paced", everyMs: 5, tokens: 100 }), WARM_STREAMS),
      500,
      null,
    );
    await warm.ended(BEGIN_MS);
    await sleep(SETTLE_MS);
    const idle = memoryOf(relay.pid);
    const requests = await relay.requests("idle", STREAMS);
    const crowd = await openCrowd(requests, SPREAD_MS, null);
    const begun = await crowd.begun(BEGIN_MS);
    await sleep(SETTLE_MS);
    const open = memoryOf(relay.pid);
    const missing = STREAMS - crowd.tokens;
    await crowd.ended(0);
    return {
      figures: { idleMb: idle / 2 ** 20, openMb: open / 2 ** 20, perStreamKb: (open - idle) / 1024 / STREAMS },
      saturated: false,
      cutOff: 0,
      failure: begun && missing === 0 ? null : `${missing} of ${STREAMS} streams did not begin`,
    };
  },
};
