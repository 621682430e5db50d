/** Two that end one generation at the same moment: one message, one end, and all readers get the same one. */

import { between } from "../../testkit/figures.ts";
import { cancelOne } from "./cancels.ts";
import { type Figure, inParallel, type Lab } from "./lab.ts";
import { checkClient, checkStored } from "./stored.ts";

const PLAN = { tokens: 100, intervalMs: 20, size: 0 };

export async function races(lab: Lab): Promise<Figure[]> {
  const count = lab.quick ? 40 : 100;
  const workers = await lab.workers(2);
  // Leases are moved into the past as fast as it goes, as if the workers were cut off again and again.
  const stopSweeping = lab.sweep(() =>
    lab.sql`
      update relay.generations set lease_expires_at = clock_timestamp() - interval '1 second'
      where status = 'running'`
  );
  await inParallel(count, 20, async (index) => {
    const generation = await lab.begin(PLAN, workers[index % 2]);
    await generation.follow();
    checkClient(generation.client, await checkStored(lab, generation, "completed"));
  });
  const swept = await stopSweeping();
  const endMs = () => PLAN.tokens * PLAN.intervalMs + between(lab.chance, -150, 150);
  const ended = await inParallel(count, 20, (index) => cancelOne(lab, PLAN, workers, index, endMs()));
  const cancelled = ended.filter(({ answer }) => answer === "cancelling").length;
  return [
    [`finish against sweep, ${swept} sweeps won: whole messages, each once`, count, count],
    [`finish against cancel, ${cancelled} cancels won: one message, one end`, count, count],
  ];
}
