/** What a client has that goes away and comes back, at random offsets, times and workers: the text, to the character. */

import { equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { between, oneOf, spread } from "../../testkit/figures.ts";
import { tryToResume } from "./client.ts";
import { type Figure, type Generation, inParallel, type Lab, type Worker } from "./lab.ts";
import { numbered } from "./numbered.ts";
import { checkClient, checkStored } from "./stored.ts";

export async function droppedClients(lab: Lab): Promise<Figure[]> {
  const plan = { tokens: lab.quick ? 200 : 400, intervalMs: 20, size: 0 };
  const count = lab.quick ? 30 : 100;
  const workers = await lab.workers(3);
  const resumes = (await inParallel(count, 25, async () => {
    const home = oneOf(lab.chance, workers);
    const generation = await lab.begin(plan, home, { on_disconnect: "continue" });
    const resumes = await dropOften(lab, home, workers, generation);
    checkClient(generation.client, await checkStored(lab, generation, "completed"));
    return resumes;
  })).flat();
  return [
    [`messages without a character lost or doubled, over ${resumes.length} drops`, count, count],
    ...["on the worker that runs it", "on another worker", "after the end"].map((where): Figure => {
      const samples = resumes.filter((resume) => resume.where === where).map(({ opening }) => opening.latencyMs);
      return [`resume, request to first event: ${where} (${samples.length})`, spread(samples)];
    }),
  ];
}

/** Up to five times. */
async function dropOften({ chance }: Lab, home: Worker, workers: Worker[], generation: Generation) {
  const { streamId, plan, client, sent } = generation;
  const drops = Math.floor(between(chance, 1, 6));
  const resumes: { where: string; opening: { latencyMs: number } }[] = [];
  for (let drop = 0; drop < drops; drop++) {
    const enough = client.text.length + between(chance, 1, numbered("", plan).length / drops);
    const leaving = await client.follow(() => client.text.length >= enough);
    if (leaving === "ended") break;
    equal(leaving, "dropped", `stream ${streamId} broke off`);
    await sleep(between(chance, 0, 600));
    // Now and then a client has saved less than it has seen.
    if (chance() < 0.3) client.rewind(oneOf(chance, client.seen).length);
    // More often elsewhere than at home, as a gateway with many workers would send it.
    const worker = chance() < 0.3 ? home : oneOf(chance, workers.filter((worker) => worker !== home));
    const alive = worker === home ? "on the worker that runs it" : "on another worker";
    const where = sent.closedAt === null ? alive : "after the end";
    const opening = await tryToResume(client, worker.url);
    ok(opening, `stream ${streamId} cannot be resumed`);
    resumes.push({ where, opening });
  }
  if (client.end === null) await generation.follow();
  return resumes;
}
