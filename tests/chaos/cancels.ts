/** How soon a cancel that one worker takes ends a stream that another worker runs. */

import { equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../testkit/eventually.ts";
import { between, largest, spread, time } from "../../testkit/figures.ts";
import { type Figure, inParallel, type Lab, type Worker } from "./lab.ts";
import { checkClient, checkStored } from "./stored.ts";

/** Longer than any of them lives. */
const PLAN = { tokens: 20_000, intervalMs: 20, size: 0 };
const BOUND_MS = 1_500;

export async function cancels(lab: Lab): Promise<Figure[]> {
  const count = lab.quick ? 30 : 50;
  const workers = await lab.workers(2);
  const ended = await inParallel(count, 10, (index) => cancelOne(lab, workers, index));
  equal(lab.provider.open(), 0, "A provider connection is open");
  const streamMs = ended.map((one) => one.streamMs);
  ok(largest(streamMs) <= BOUND_MS, `A stream ended only ${time(largest(streamMs))} after its cancel`);
  return [
    [`POST /cancel to the last event, ${count} cancels`, spread(streamMs), `max ${time(BOUND_MS)}`],
    ["POST /cancel to the end of the provider's connection", spread(ended.map(({ providerMs }) => providerMs))],
    ["provider connections left open", 0, 0],
  ];
}

/** Starts one of two workers in turn, cancels on the other one after a while, and checks what is left. */
async function cancelOne(lab: Lab, workers: Worker[], index: number) {
  const generation = await lab.begin(PLAN, workers[index % 2]);
  const { streamId, client, requests, sent } = generation;
  const following = generation.follow();
  await sleep(between(lab.chance, 300, 3_000));
  const cancelledAt = performance.now();
  const response = await requests.cancel(streamId, { worker: workers[(index + 1) % 2].url });
  const answer: string = (await response.json()).status;
  equal(answer, "cancelling", `A cancel was answered with ${answer}`);
  await following;
  await eventually(`stream ${streamId}: the provider's connection closes`, () => sent.closedAt !== null, 2_000);
  checkClient(client, await checkStored(lab, generation, "cancelled"));
  return { streamMs: client.end!.at - cancelledAt, providerMs: sent.closedAt! - cancelledAt };
}
