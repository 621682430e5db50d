/** What is left of a generation whose worker is killed: its text up to the last beat, once, and readers that see its end. */

import { ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { between, largest, oneOf, spread, time } from "../../testkit/figures.ts";
import { readToEnd } from "./client.ts";
import { type Figure, type Generation, inParallel, type Lab, type Worker } from "./lab.ts";
import { checkClient, checkStored } from "./stored.ts";

/** Longer than any of them lives. */
const PLAN = { tokens: 20_000, intervalMs: 20, size: 0 };
const BEAT_MS = 1_000;
/** A beat takes the text at its start and has it stored at its end: its round trip, on a machine that is busy. */
const ROUND_TRIP_MS = 500;
const AT_ONCE = 10;

/** Young ones may leave no message; from the kill it took so long to the last event, and back to the lost text. */
type Killed = { young: boolean; hasMessage: boolean; endMs: number; lostMs: number };

export async function killedWorkers(lab: Lab): Promise<Figure[]> {
  const leaseMs = lab.quick ? 3_000 : 15_000;
  const environment = { RELAY_LEASE_MS: String(leaseMs) };
  const workers = await lab.workers(4, environment);
  const running: Promise<Killed>[] = [];
  for (let wave = 0; wave < (lab.quick ? 2 : 10); wave++) {
    running.push(...await fillAndKill(lab, workers, workers[wave % 4], leaseMs));
    [workers[wave % 4]] = await lab.workers(1, environment);
    lab.note(`${running.length} generations, ${wave + 1} workers`);
  }
  const killed = await Promise.all(running);
  const endMs = killed.map((one) => one.endMs);
  const latest = largest(endMs);
  ok(latest <= leaseMs + 2 * BEAT_MS + ROUND_TRIP_MS, `A last event came ${time(latest)} after the kill`);
  const [young, grown] = [true, false].map((young) => killed.filter((one) => one.young === young));
  const messages = (of: Killed[]) => of.filter(({ hasMessage }) => hasMessage).length;
  const what = `${grown.length} generations: messages, each once, a prefix of what was sent`;
  const lost = spread(killed.map(({ lostMs }) => lostMs));
  const end = `kill to last event on another worker, lease ${time(leaseMs)}`;
  return [
    [what, messages(grown), grown.length],
    ["further ones, killed within their first second: left a message", `${messages(young)} of ${young.length}`],
    ["text that the client had seen and that is not stored", lost, `one beat (${time(BEAT_MS)}) and its round trip`],
    [end, spread(endMs), "the lease, 2 beats and a round trip"],
  ];
}

/** Each of the generations is of another age when its worker dies. */
async function fillAndKill(lab: Lab, workers: Worker[], victim: Worker, leaseMs: number): Promise<Promise<Killed>[]> {
  const { chance } = lab;
  const anyWorker = () => oneOf(chance, workers.filter(({ alive }) => alive)).url;
  let killedAt = NaN;

  async function follow(generation: Generation, young: boolean): Promise<Killed> {
    const { streamId, client, another } = generation;
    await client.follow();
    // Half of the readers go on where they are, the others take text back, as a client does that saved less.
    if (chance() < 0.5) client.rewind(oneOf(chance, client.seen)?.length ?? 0);
    await readToEnd(client, anyWorker, leaseMs + 30_000);
    const stored = await checkStored(lab, generation, "interrupted");
    const { length } = stored.content;
    ok(young || length > 0, `stream ${streamId} has no message`);
    checkClient(client, stored, true);
    const lost = client.seen.find((seen) => seen.length > length);
    const lostMs = lost ? killedAt - lost.at : 0;
    ok(lostMs <= BEAT_MS + ROUND_TRIP_MS, `stream ${streamId}: text is lost from ${time(lostMs)} before the kill`);
    // A client that comes later and has nothing gets exactly the message.
    const later = another();
    await readToEnd(later, anyWorker, 30_000);
    checkClient(later, stored);
    return { young, hasMessage: length > 0, endMs: client.end!.at - killedAt, lostMs };
  }

  const generations = await inParallel(AT_ONCE + 1, AT_ONCE, () => lab.generation(PLAN));
  const followed: Promise<Killed>[] = [];
  const begin = async (index: number, young: boolean) => {
    await generations[index].start(victim);
    followed.push(follow(generations[index], young));
  };
  await inParallel(AT_ONCE, AT_ONCE, (index) => sleep(between(chance, 0, 1_500)).then(() => begin(index, false)));
  // Older than a beat, so that each of them has to leave a message.
  await sleep(BEAT_MS + ROUND_TRIP_MS + between(chance, 0, 2_500));
  await begin(AT_ONCE, true);
  await sleep(between(chance, 0, 900));
  killedAt = performance.now();
  await victim.kill();
  return followed;
}
