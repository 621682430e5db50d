/** What is left of a generation whose worker is killed: its text up to the last beat, once, and a reader who sees its end. */

import { type Experiment, must, sleep } from "./experiment.ts";
import type { Lab, Teller } from "./lab.ts";
import { places, readToEnd } from "./reading.ts";
import { between, largest, oneOf, spread, time } from "./statistics.ts";
import { checkEnd, checkTold, readStored } from "./stored.ts";
import type { Worker } from "./workers.ts";

/** Longer than any of them lives. */
const PLAN = { tokens: 20_000, intervalMs: 20, size: 0 };
const BEAT_MS = 1_000;
/** A beat takes the text at its start and has it stored at its end: its round trip, on a machine that is busy. */
const ROUND_TRIP_MS = 500;
const AT_ONCE = 10;
const WORKERS = 4;

interface Killed {
  /** So young that perhaps no beat has come by: it may leave no message. */
  young: boolean;
  /** Milliseconds from the kill to the last event, and of text that was lost with the worker. */
  endMs: number;
  behindMs: number;
  stored: boolean;
}

export const killedWorkers: Experiment = {
  name: "kill",
  title: "Worker killed (SIGKILL)",
  async run(lab) {
    const leaseMs = lab.quick ? 3_000 : 15_000;
    const waves = lab.quick ? 2 : 10;
    const environment = { RELAY_LEASE_MS: String(leaseMs) };
    const workers = await lab.workers(WORKERS, environment);
    const started: Worker[] = [...workers];
    const running: Promise<Killed>[] = [];
    for (let wave = 0; wave < waves; wave++) {
      const place = wave % WORKERS;
      running.push(...await killOne(lab, workers, place, leaseMs));
      workers[place] = await lab.worker(environment);
      started.push(workers[place]);
      lab.note(`kill: ${running.length} generations, ${wave + 1} workers`);
    }
    const killed = await Promise.all(running);
    await lab.dismiss(started);
    const latest = largest(killed.map(({ endMs }) => endMs));
    must(latest <= leaseMs + 2 * BEAT_MS + ROUND_TRIP_MS, `A reader saw the end only ${time(latest)} after the kill`);
    return figuresOf(killed, leaseMs);
  },
};

/** Fills one worker with generations and kills it, at a moment that is random for each of them. */
async function killOne(lab: Lab, workers: Worker[], place: number, leaseMs: number): Promise<Promise<Killed>[]> {
  const victim = workers[place];
  const { chance } = lab;
  let killedAt = NaN;
  const tellers = await Promise.all(places(AT_ONCE + 1).map(() => lab.teller(PLAN)));
  // The last one is young when its worker dies.
  const young = tellers[AT_ONCE];
  const follow = async (teller: Teller): Promise<Killed> => {
    await teller.follow();
    await readOn(lab, workers, teller, leaseMs);
    return await judge(lab, workers, teller, teller === young, killedAt);
  };
  const begin = async (teller: Teller) => {
    await teller.tell(victim);
    return { killed: follow(teller) };
  };
  const begun = await Promise.all(
    tellers.slice(0, AT_ONCE).map(async (teller) => {
      await sleep(between(chance, 0, 1_500));
      return await begin(teller);
    }),
  );
  // Older than a beat, so that each of them has to leave a message.
  await sleep(BEAT_MS + ROUND_TRIP_MS + between(chance, 0, 2_500));
  begun.push(await begin(young));
  await sleep(between(chance, 0, 900));
  killedAt = performance.now();
  await victim.kill();
  return begun.map(({ killed }) => killed);
}

/** Half of the readers go on where they are, the others take some of it back, as a client does that saved less. */
async function readOn({ chance }: Lab, workers: Worker[], teller: Teller, leaseMs: number) {
  if (chance() < 0.5) {
    teller.rewind(oneOf(chance, teller.seen)?.length ?? 0);
  }
  await readToEnd(teller, () => oneOf(chance, workers.filter(({ alive }) => alive)), leaseMs + 30_000);
}

async function judge(
  { chance, provider, sql }: Lab,
  workers: Worker[],
  teller: Teller,
  young: boolean,
  killedAt: number,
): Promise<Killed> {
  const tag = teller.streamId;
  const endAt = teller.end!.at;
  const stored = await readStored(sql, tag);
  must(stored.status === "interrupted", `stream ${tag} is ${stored.status}`);
  must(young || stored.content !== "", `stream ${tag} has no message`);
  checkTold(tag, stored.content, provider.told(tag), PLAN.size);
  checkEnd(teller, stored);
  must(teller.text.startsWith(stored.content), `stream ${tag}: the reader who resumed lacks what is stored`);
  const lost = teller.seen.find(({ length }) => length > stored.content.length);
  const behindMs = lost ? killedAt - lost.at : 0;
  must(
    behindMs <= BEAT_MS + ROUND_TRIP_MS,
    `stream ${tag}: what the client had seen ${time(behindMs)} before the kill is not stored`,
  );
  // Somebody who comes later and has nothing gets exactly the message.
  const later = teller.another();
  await readToEnd(later, () => oneOf(chance, workers.filter(({ alive }) => alive)), 30_000);
  must(later.text === stored.content, `stream ${tag}: its replay is not its message`);
  checkEnd(later, stored);
  return { young, endMs: endAt - killedAt, behindMs, stored: stored.content !== "" };
}

function figuresOf(killed: Killed[], leaseMs: number) {
  const grown = killed.filter(({ young }) => !young);
  const young = killed.filter((one) => one.young);
  return [{
    measure: `messages of ${grown.length} generations, each once, each a prefix of what the provider sent`,
    value: String(grown.filter(({ stored }) => stored).length),
    bound: String(grown.length),
  }, {
    measure: `further ones, killed within their first second: left a message`,
    value: `${young.filter(({ stored }) => stored).length} of ${young.length}`,
  }, {
    measure: "text that the client had seen and that is not stored",
    value: spread(killed.map(({ behindMs }) => behindMs)),
    bound: `one beat (${time(BEAT_MS)}) and its round trip`,
  }, {
    measure: `kill to last event on another worker, lease ${time(leaseMs)}`,
    value: spread(killed.map(({ endMs }) => endMs)),
    bound: "the lease, 2 beats and a round trip",
  }];
}
