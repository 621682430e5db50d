/** How soon a cancel that one worker takes ends a stream that another worker runs. */

import { type Experiment, must, sleep, until } from "./experiment.ts";
import type { Lab } from "./lab.ts";
import { inParallel, places } from "./reading.ts";
import { between, largest, spread, time } from "./statistics.ts";
import { checkEnd, checkTold, readStored } from "./stored.ts";
import type { Worker } from "./workers.ts";

/** Longer than any of them lives. */
const PLAN = { tokens: 20_000, intervalMs: 20, size: 0 };
const BOUND_MS = 1_500;

export const cancels: Experiment = {
  name: "cancel",
  title: "Cancel on another worker",
  async run(lab) {
    const count = lab.quick ? 30 : 50;
    const workers = await lab.workers(2);
    const ended = await inParallel(places(count), 10, async (place) => {
      const here = workers[place % 2];
      return await cancelOne(lab, here, workers[(place + 1) % 2]);
    });
    must(lab.provider.open() === 0, `${lab.provider.open()} provider connections are open`);
    await lab.dismiss(workers);
    const latencies = ended.map(({ streamMs }) => streamMs);
    must(largest(latencies) <= BOUND_MS, `A stream ended only ${time(largest(latencies))} after its cancel`);
    return [{
      measure: `POST /cancel to the last event, ${count} cancels`,
      value: spread(latencies),
      bound: `max ${time(BOUND_MS)}`,
    }, {
      measure: "POST /cancel to the end of the provider's connection",
      value: spread(ended.map(({ providerMs }) => providerMs)),
    }, { measure: "provider connections left open", value: "0", bound: "0" }];
  },
};

async function cancelOne(
  { chance, provider, sql, teller: makeTeller }: Lab,
  here: Worker,
  there: Worker,
): Promise<{ streamMs: number; providerMs: number }> {
  const teller = await makeTeller(PLAN);
  const tag = teller.streamId;
  await teller.tell(here);
  const following = teller.follow();
  await sleep(between(chance, 300, 3_000));
  const cancelledAt = performance.now();
  const status = await teller.cancel(there);
  must(status === "cancelling", `stream ${tag}: the cancel was told ${status}`);
  must(await following === "ended", `stream ${tag} broke`);
  const told = provider.told(tag);
  await until(2_000, `stream ${tag}: the provider's connection closes`, () => told.closedAt !== null);
  const stored = await readStored(sql, tag);
  must(stored.status === "cancelled", `stream ${tag} is ${stored.status}`);
  must(stored.content === teller.text, `stream ${tag}: the message is not what the client has`);
  checkTold(tag, stored.content, told, PLAN.size);
  checkEnd(teller, stored);
  return { streamMs: teller.end!.at - cancelledAt, providerMs: told.closedAt! - cancelledAt };
}
