/** Two workers that both take a generation for theirs: what one of them does not own, it cannot write. */

import { type Experiment, must, sleep, until } from "./experiment.ts";
import type { Lab, Teller } from "./lab.ts";
import { story } from "./numbered.ts";
import { places, readToEnd } from "./reading.ts";
import { checkEnd, checkTold, readStored } from "./stored.ts";
import type { Worker } from "./workers.ts";

const AT_ONCE = 10;

export const twoOwners: Experiment = {
  name: "owners",
  title: "Two workers believe they own it",
  async run(lab) {
    const leaseMs = lab.quick ? 3_000 : 15_000;
    const environment = { RELAY_LEASE_MS: String(leaseMs) };
    const [here, there] = await lab.workers(2, environment);
    await Promise.all(places(AT_ONCE).flatMap(() => [staleFence(lab, here), takenOver(lab, here)]));
    lab.note("owners: stale fences and take-overs");
    await frozen(lab, here, there, leaseMs);
    await lab.dismiss([here, there]);
    const all = String(AT_ONCE);
    return [{
      measure: "a second worker beats and finishes with a stale fence: stories as the first tells them",
      value: all,
      bound: all,
    }, {
      measure: "the fence goes to a second worker: the first stops, one message, the second's",
      value: all,
      bound: all,
    }, {
      measure: "a worker frozen past its lease, swept, and awake again: whole stories, each once",
      value: all,
      bound: all,
    }];
  },
};

/** What a worker does at the end of its beat, or of its generation. */
async function finish({ sql }: Lab, streamId: string, fence: string, content: string) {
  const [{ answer }] = await sql`
    select public.relay_finish(
      ${streamId}, ${fence}, 'completed', 'stop', null, ${content}, null, null, null, null, 0
    ) as answer`;
  return answer;
}

async function staleFence(lab: Lab, worker: Worker) {
  const plan = { tokens: 150, intervalMs: 20, size: 0 };
  const teller = await lab.teller(plan);
  const tag = teller.streamId;
  await teller.tell(worker);
  const following = teller.follow();
  const stale = crypto.randomUUID();
  for (let turn = 0; turn < 10; turn++) {
    const [{ answer }] = await lab.sql`
      select public.relay_beat(
        array[${tag}], array[${stale}]::uuid[], 15000, array[0], array[7], array['foreign']
      ) as answer`;
    must(answer.lost[0] === tag, `stream ${tag}: a stale fence may beat`);
    const outcome = await finish(lab, tag, stale, "foreign");
    must(outcome.status === "running" && outcome.message_id === null, `stream ${tag}: a stale fence may finish`);
    await sleep(150);
  }
  must(await following === "ended", `stream ${tag} broke`);
  const stored = await readStored(lab.sql, tag);
  must(stored.isComplete && stored.content === story(tag, plan.tokens, 0), `stream ${tag} is not whole`);
  checkEnd(teller, stored);
}

/** Nothing in the relay hands a fence on; if ever something does, the first worker has to let go. */
async function takenOver(lab: Lab, worker: Worker) {
  const teller = await lab.teller({ tokens: 20_000, intervalMs: 20, size: 0 });
  const tag = teller.streamId;
  await teller.tell(worker);
  const following = teller.follow();
  await sleep(1_500);
  const [{ fence, text }] = await lab.sql`
    update relay.generations set fence = gen_random_uuid() where stream_id = ${tag}
    returning fence, relay.text_of(stream_id) as text`;
  must(await following === "ended", `stream ${tag} broke`);
  must(
    teller.end!.data.code === "interrupted",
    `stream ${tag}: its first worker ended it with ${teller.end!.data.code}`,
  );
  const told = lab.provider.told(tag);
  await until(2_000, `stream ${tag}: the first worker lets the provider go`, () => told.closedAt !== null);
  const [{ answer }] = await lab.sql`
    select public.relay_finish(
      ${tag}, ${fence}, 'completed', 'stop', null, ' The second worker ends it.', null, null, null, null,
      (select g.text_units from relay.generations g where g.stream_id = ${tag})
    ) as answer`;
  must(answer.status === "completed", `stream ${tag}: its second worker was told ${JSON.stringify(answer)}`);
  const stored = await readStored(lab.sql, tag);
  must(
    stored.content === `${text} The second worker ends it.`,
    `stream ${tag}: the message is not the second worker's`,
  );
  must(told.calls === 1, `stream ${tag}: ${told.calls} calls`);
}

/** SIGSTOP is what a paused machine does to a worker: it wakes up past its lease and takes nothing for lost. */
async function frozen(lab: Lab, here: Worker, there: Worker, leaseMs: number) {
  const plan = { tokens: Math.round((leaseMs + 6_000) / 20), intervalMs: 20, size: 0 };
  const tellers: Teller[] = [];
  for (let place = 0; place < AT_ONCE; place++) {
    const teller = await lab.teller(plan);
    await teller.tell(here);
    tellers.push(teller);
  }
  const following = tellers.map((teller) => teller.follow());
  await sleep(2_000);
  here.freeze();
  try {
    // Those who watch elsewhere bring the sweep along, and are told of the interruption.
    await Promise.all(tellers.map(async (teller) => {
      const watcher = teller.another();
      await readToEnd(watcher, () => there, leaseMs + 10_000);
      must(watcher.end!.data.code === "interrupted", `stream ${teller.streamId} has no end while its worker is frozen`);
    }));
  } finally {
    here.thaw();
  }
  for (const [place, followed] of (await Promise.all(following)).entries()) {
    const teller = tellers[place];
    const tag = teller.streamId;
    must(followed === "ended", `stream ${tag} broke`);
    const stored = await readStored(lab.sql, tag);
    must(
      stored.isComplete && stored.content === story(tag, plan.tokens, 0) &&
        teller.text === stored.content,
      `stream ${tag} is not whole`,
    );
    checkTold(tag, stored.content, lab.provider.told(tag), 0);
    checkEnd(teller, stored);
  }
}
