/** Two that end one generation at the same moment: one message, one end, and all readers get the same one. */

import { setTimeout as sleep } from "node:timers/promises";
import { between } from "../../testkit/figures.ts";
import { type Figure, inParallel, type Lab, type Worker } from "./lab.ts";
import { checkClient, checkStored } from "./stored.ts";

const PLAN = { tokens: 100, intervalMs: 20, size: 0 };
const AT_ONCE = 20;

export async function races(lab: Lab): Promise<Figure[]> {
  const count = lab.quick ? 40 : 100;
  const workers = await lab.workers(2);
  const swept = await finishAgainstSweep(lab, workers, count);
  lab.note(`${count} finishes against sweeps`);
  const cancelled = await finishAgainstCancel(lab, workers, count);
  return [
    [`finish against sweep (${swept} sweeps came between): whole messages, each once`, count, count],
    [`finish against cancel (${cancelled} cancels won): one message, one end, known to all`, count, count],
  ];
}

/** Leases are moved into the past as fast as it goes, as if the workers were cut off again and again. */
async function finishAgainstSweep(lab: Lab, workers: Worker[], count: number): Promise<number> {
  const stopSweeping = lab.sweep(() =>
    lab.sql`
      update relay.generations set lease_expires_at = clock_timestamp() - interval '1 second'
      where status = 'running'`
  );
  await inParallel(count, AT_ONCE, async (index) => {
    const generation = await lab.begin(PLAN, workers[index % 2]);
    await generation.follow();
    checkClient(generation.client, await checkStored(lab, generation, "completed"));
  });
  return await stopSweeping();
}

/** Cancels come on the other worker, within 150 ms of the moment at which the provider ends. */
async function finishAgainstCancel(lab: Lab, workers: Worker[], count: number): Promise<number> {
  const statuses = await inParallel(count, AT_ONCE, async (index) => {
    const generation = await lab.begin(PLAN, workers[index % 2]);
    const following = generation.follow();
    await sleep(PLAN.tokens * PLAN.intervalMs + between(lab.chance, -150, 150));
    const answer = await generation.cancel(workers[(index + 1) % 2]);
    await following;
    const status = answer === "cancelling" ? "cancelled" : answer;
    checkClient(generation.client, await checkStored(lab, generation, status));
    return status;
  });
  return statuses.filter((status) => status === "cancelled").length;
}
