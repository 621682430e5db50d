/** What a client has that goes away and comes back, at random places, times and workers: the story, to the character. */

import { type Experiment, type Figure, must, sleep } from "./experiment.ts";
import type { Lab, Teller } from "./lab.ts";
import { story } from "./numbered.ts";
import type { Opening } from "./reader.ts";
import { inParallel, places, tryToResume } from "./reading.ts";
import { between, oneOf, spread } from "./statistics.ts";
import { checkEnd, checkTold, readStored } from "./stored.ts";
import type { Worker } from "./workers.ts";

const WORKERS = 3;
const MOST_DROPS = 5;

/** Milliseconds from a request to its first event: on the worker that runs the generation, on another, after the end. */
interface Latencies {
  home: number[];
  elsewhere: number[];
  replay: number[];
}

export const droppedClients: Experiment = {
  name: "drop",
  title: "Client drops and resumes",
  async run(lab) {
    const plan = { tokens: lab.quick ? 200 : 400, intervalMs: 20, size: 0 };
    const count = lab.quick ? 30 : 100;
    const latencies: Latencies = { home: [], elsewhere: [], replay: [] };
    const workers = await lab.workers(WORKERS);
    let drops = 0;
    let ended = 0;
    await inParallel(places(count), 25, async () => {
      const teller = await lab.teller(plan);
      // Not in one statement: `+=` reads its left side before the wait.
      const more = await dropOften(lab, workers, teller, plan.tokens, latencies);
      drops += more;
      await check(lab, teller, plan.tokens);
      if (++ended % 25 === 0) lab.note(`drop: ${ended} of ${count}`);
    });
    await lab.dismiss(workers);
    return figuresOf(count, drops, latencies);
  },
};

async function dropOften(
  { chance, provider }: Lab,
  workers: Worker[],
  teller: Teller,
  tokens: number,
  latencies: Latencies,
): Promise<number> {
  const home = oneOf(chance, workers);
  const others = workers.filter((worker) => worker !== home);
  const told = provider.told(teller.streamId);
  const drops = 1 + Math.floor(chance() * MOST_DROPS);
  await teller.tell(home, { on_disconnect: "continue" });
  const openings: { kind: keyof Latencies; opening: Opening }[] = [];
  for (let drop = 0; drop < drops; drop++) {
    const enough = teller.text.length +
      between(chance, 1, story("", tokens, 0).length / drops);
    const leaving = await teller.follow(() => teller.text.length >= enough);
    if (leaving === "ended") break;
    must(leaving === "dropped", `stream ${teller.streamId} broke`);
    await sleep(between(chance, 0, 600));
    // Now and then a client has saved less than it has seen.
    if (chance() < 0.3) teller.rewind(oneOf(chance, teller.seen).length);
    // More often elsewhere than at home, as a gateway with many workers would send it.
    const worker = chance() < 0.3 ? home : oneOf(chance, others);
    const kind = told.closedAt !== null ? "replay" : worker === home ? "home" : "elsewhere";
    const opening = await tryToResume(teller, worker);
    must(opening, `stream ${teller.streamId} cannot be resumed`);
    openings.push({ kind, opening });
  }
  if (teller.end === null) {
    must(await teller.follow() === "ended", `stream ${teller.streamId} broke off`);
  }
  for (const { kind, opening } of openings) {
    latencies[kind].push(opening.firstEventAt! - opening.requestedAt);
  }
  return openings.length;
}

async function check({ provider, sql }: Lab, teller: Teller, tokens: number) {
  const tag = teller.streamId;
  const stored = await readStored(sql, tag);
  must(stored.isComplete, `stream ${tag} is ${stored.status}`);
  must(stored.content === story(tag, tokens, 0), `stream ${tag}: the message is not all that the provider sent`);
  must(
    teller.text === stored.content,
    `stream ${tag}: the client has ${teller.text.length} units, the message ${stored.content.length}`,
  );
  checkTold(tag, stored.content, provider.told(tag), 0);
  checkEnd(teller, stored);
}

function figuresOf(count: number, drops: number, { home, elsewhere, replay }: Latencies): Figure[] {
  const latency = (where: string, samples: number[]) => ({
    measure: `resume, request to first event: ${where} (${samples.length})`,
    value: spread(samples),
  });
  return [
    {
      measure: `stories without a character lost or doubled, over ${drops} drops`,
      value: String(count),
      bound: String(count),
    },
    latency("on the worker that runs it", home),
    latency("on another worker", elsewhere),
    latency("after the end", replay),
  ];
}
