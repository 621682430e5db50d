/** Two who end one generation at the same moment: one message, one end, and everybody hears of the same one. */

import { type Experiment, must, sleep } from "./experiment.ts";
import type { Lab } from "./lab.ts";
import { story } from "./numbered.ts";
import { inParallel, places, readToEnd } from "./reading.ts";
import { between } from "./statistics.ts";
import { checkEnd, checkTold, readStored } from "./stored.ts";
import type { Worker } from "./workers.ts";

const PLAN = { tokens: 100, intervalMs: 20, size: 0 };
/** About when such a generation ends, counted from its request. */
const END_MS = PLAN.tokens * PLAN.intervalMs;
const AT_ONCE = 20;

export const races: Experiment = {
  name: "race",
  title: "Races to the end",
  async run(lab) {
    const count = lab.quick ? 40 : 100;
    const workers = await lab.workers(2);
    const swept = await finishAgainstSweep(lab, workers, count);
    lab.note(`race: ${count} finishes against sweeps`);
    const [cancelled, posts] = await Promise.all([
      finishAgainstCancel(lab, workers, count),
      startAgainstStart(lab, workers),
    ]);
    lab.note(`race: ${count} finishes against cancels`);
    await lab.dismiss(workers);
    return [{
      measure: `finish against sweep (${swept} sweeps came between): whole stories, each once`,
      value: String(count),
      bound: String(count),
    }, {
      measure: `finish against cancel (${cancelled} cancels won): one message, one end, known to all`,
      value: String(count),
      bound: String(count),
    }, { measure: `the same stream_id posted ${posts} times at once: calls of the provider`, value: "1", bound: "1" }];
  },
};

/** Leases are moved into the past as fast as it goes, as if the workers were cut off again and again. */
async function finishAgainstSweep(lab: Lab, workers: Worker[], count: number): Promise<number> {
  const { sql } = lab;
  let going = true;
  let swept = 0;
  const sweeping = (async () => {
    while (going) {
      await sql`
        update relay.generations set lease_expires_at = clock_timestamp() - interval '1 second'
        where status = 'running'`;
      const [{ answer }] = await sql`select public.relay_sweep() as answer`;
      swept += answer.closed;
    }
  })();
  try {
    await inParallel(places(count), AT_ONCE, async (place) => {
      const teller = await lab.teller(PLAN);
      await teller.tell(workers[place % 2]);
      must(await teller.follow() === "ended", `stream ${teller.streamId} broke`);
      const tag = teller.streamId;
      const stored = await readStored(sql, tag);
      must(stored.isComplete, `stream ${tag} is ${stored.status}`);
      must(
        stored.content === story(tag, PLAN.tokens, 0) &&
          stored.content === teller.text,
        `stream ${tag} is not whole`,
      );
      checkTold(tag, stored.content, lab.provider.told(tag), 0);
      checkEnd(teller, stored);
    });
  } finally {
    going = false;
    await sweeping;
  }
  return swept;
}

/** Cancels come on the other worker, around the moment at which the provider ends. */
async function finishAgainstCancel(lab: Lab, workers: Worker[], count: number): Promise<number> {
  const won = await inParallel(places(count), AT_ONCE, async (place) => {
    const teller = await lab.teller(PLAN);
    const tag = teller.streamId;
    await teller.tell(workers[place % 2]);
    const following = teller.follow();
    await sleep(END_MS + between(lab.chance, -150, 150));
    const answer = await teller.cancel(workers[(place + 1) % 2]);
    must(await following === "ended", `stream ${tag} broke`);
    const stored = await readStored(lab.sql, tag);
    const promised = answer === "cancelling" ? "cancelled" : answer;
    must(stored.status === promised, `stream ${tag}: the cancel was told "${answer}", and it is ${stored.status}`);
    must(stored.content === teller.text, `stream ${tag}: the message is not what the client has`);
    checkTold(tag, stored.content, lab.provider.told(tag), 0);
    checkEnd(teller, stored);
    return stored.status === "cancelled";
  });
  return won.filter((one) => one).length;
}

/** All but one are let into the generation that there is. */
async function startAgainstStart(lab: Lab, workers: Worker[]): Promise<number> {
  const posts = 20;
  const teller = await lab.teller(PLAN);
  const tag = teller.streamId;
  const readers = places(posts).map(() => teller.another());
  await Promise.all(readers.map(async (reader, place) => {
    const worker = workers[place % 2];
    const { status } = await reader.start(worker.url, { prompt: tag });
    must(status === 200, `stream ${tag} was answered with ${status}`);
    if (await reader.follow() !== "ended") {
      await readToEnd(reader, () => worker, 10_000);
    }
  }));
  const stored = await readStored(lab.sql, tag);
  checkTold(tag, stored.content, lab.provider.told(tag), 0);
  for (const reader of readers) {
    must(reader.text === stored.content, `stream ${tag}: a reader has another text than the message`);
    checkEnd(reader, stored);
  }
  return posts;
}
