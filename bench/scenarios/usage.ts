/** What a relay took while something went on. */

import { cpuOf } from "../proc.ts";
import { sleep } from "../process.ts";
import type { RunningRelay } from "../relays/relay.ts";

const FULL = 0.96;

/** CPU seconds so far, and the time. */
export function stopwatch({ pid }: RunningRelay) {
  const read = () => ({ cpu: pid === null ? NaN : cpuOf(pid), at: performance.now() / 1000 });
  const before = read();
  return () => {
    const after = read();
    const cpu = after.cpu - before.cpu;
    const seconds = after.at - before.at;
    return { cpu, seconds, saturated: cpu / seconds >= FULL };
  };
}

/** Waits until the relay has nothing to do any more, for what it still does would be charged to the next one. */
export async function settled(relay: RunningRelay): Promise<void> {
  if (relay.pid === null) return;
  for (let attempt = 0; attempt < 50; attempt++) {
    const stop = stopwatch(relay);
    await sleep(200);
    const { cpu, seconds } = stop();
    if (cpu / seconds < 0.06) return;
  }
}
