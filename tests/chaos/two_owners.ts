/** Two workers that both take a generation for theirs: what one of them does not own, it cannot write. */

import { equal } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../testkit/eventually.ts";
import { readToEnd } from "./client.ts";
import { type Figure, inParallel, type Lab, type Worker } from "./lab.ts";
import { checkClient, checkStored, readStored } from "./stored.ts";

export async function twoOwners(lab: Lab): Promise<Figure[]> {
  const leaseMs = lab.quick ? 3_000 : 15_000;
  const [here, there] = await lab.workers(2, { RELAY_LEASE_MS: String(leaseMs) });
  await inParallel(10, 10, () => takenOver(lab, here));
  await frozen(lab, here, there, leaseMs);
  return [
    ["fence handed on: the first worker stops, the second's message", 10, 10],
    ["frozen past its lease, swept, awake again: whole messages", 10, 10],
  ];
}

/** Nothing in the relay hands a fence on; if ever something does, the first worker has to let go. */
async function takenOver(lab: Lab, worker: Worker) {
  const generation = await lab.begin({ tokens: 20_000, intervalMs: 20, size: 0 }, worker);
  const { streamId, sent, client } = generation;
  const what = `stream ${streamId}`;
  const following = generation.follow();
  await sleep(1_500);
  const [{ fence, text, units }] = await lab.sql`
    update relay.generations set fence = gen_random_uuid() where stream_id = ${streamId}
    returning fence, relay.text_of(stream_id) as text, text_units as units`;
  await following;
  equal(client.end!.data.code, "interrupted", `${what}: its first worker ended it with ${client.end!.data.code}`);
  await eventually(`${what}: the first worker lets the provider go`, () => sent.closedAt !== null, 2_000);
  await lab.sql`
    select public.relay_finish(
      ${streamId}, ${fence}, 'completed', 'stop', null, ' Its end.', null, null, null, null, ${units})`;
  const { content } = await readStored(lab, streamId, "completed");
  equal(content, `${text} Its end.`, `${what}: the message is not the second worker's`);
  equal(sent.calls, 1, `${what}: the provider was called ${sent.calls} times`);
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
