/** Two workers that both take a generation for theirs: what one of them does not own, it cannot write. */

import { equal } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { readToEnd } from "./client.ts";
import { type Figure, inParallel, type Lab, type Worker } from "./lab.ts";
import { checkClient, checkStored } from "./stored.ts";

export async function twoOwners(lab: Lab): Promise<Figure[]> {
  const leaseMs = lab.quick ? 3_000 : 15_000;
  const [here, there] = await lab.workers(2, { RELAY_LEASE_MS: String(leaseMs) });
  await frozen(lab, here, there, leaseMs);
  return [["frozen past its lease, swept, awake again: whole messages", 10, 10]];
}

/** SIGSTOP is what a paused machine does to a worker: it wakes up past its lease and takes nothing for lost. */
async function frozen(lab: Lab, here: Worker, there: Worker, leaseMs: number) {
  const plan = { tokens: Math.round((leaseMs + 6_000) / 20), intervalMs: 20, size: 0 };
  const generations = await inParallel(10, 10, () => lab.begin(plan, here));
  const following = generations.map((generation) => generation.follow());
  await sleep(2_000);
  here.freeze();
  try {
    // Readers on the other worker bring the sweep along, and learn of the interruption.
    await Promise.all(generations.map(async ({ streamId, another }) => {
      const reader = another();
      await readToEnd(reader, () => there.url, leaseMs + 10_000);
      equal(reader.end!.data.code, "interrupted", `stream ${streamId} has no end while its worker is frozen`);
    }));
  } finally {
    here.thaw();
  }
  await Promise.all(following);
  for (const generation of generations) {
    checkClient(generation.client, await checkStored(lab, generation, "completed"));
  }
}
