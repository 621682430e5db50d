/** What is measured of a relay in one round, and the rounds. */

import { median, quantile } from "../testkit/figures.ts";
import { memoryOf, settled, sleep, stopwatch } from "./process.ts";
import { openCrowd, openStream, post, type Request } from "./reader.ts";
import type { Relay, RunningRelay, World } from "./relays.ts";

/** One round of one relay. */
export interface Sample {
  figures: Record<string, number>;
  /** The relay could not keep up, so that some figures are those of a queue. */
  saturated: boolean;
  /** Why the figures count for nothing; null where no token was lost. */
  failure: string | null;
}

/** Something to do with a relay. */
export interface Scenario {
  name: string;
  /** True where it is done once, with a new process for each relay. */
  once?: boolean;
  /** How many times as many rounds it has as others, unless the run is quick: what lasts a second varies more. */
  times?: number;
  /** True where the relays speak TLS with the provider, in processes of their own. */
  secure?: boolean;
  run(relay: RunningRelay, quick: boolean, world: World): Promise<Sample>;
}

/** The samples of a relay in a scenario, in the order of the rounds: `results.paced.copy[0]`. */
export type Results = Record<string, Record<string, Sample[]>>;

/** In each round every relay has its turn. One that fails is not asked again in that scenario. */
export async function runAll(
  world: World,
  { relays, scenarios, rounds, quick }: { relays: Relay[]; scenarios: Scenario[]; rounds: number; quick: boolean },
  progress: (line: string) => void,
): Promise<Results> {
  const running = new Map<Relay, RunningRelay>();
  const results: Results = {};
  const stopAll = () => Promise.all([...running.values()].map((relay) => relay.stop()));
  let isSecure: boolean | undefined;
  try {
    for (const { name, once, times = 1, secure = false, run } of scenarios) {
      if (secure !== isSecure) {
        await stopAll();
        const provider = secure ? world.secureProvider : world.provider;
        for (const relay of relays) running.set(relay, await relay.start({ ...world, provider }));
        isSecure = secure;
      }
      const samples: Record<string, Sample[]> = results[name] = {};
      for (let round = 1; round <= (once ? 1 : rounds * (quick ? 1 : times)); round++) {
        for (const relay of relays) {
          const before = samples[relay.name] ??= [];
          if (before.at(-1)?.failure) continue;
          const one = once ? await relay.start(world) : running.get(relay)!;
          const sample = await run(one, quick, world);
          if (once) await one.stop();
          before.push(sample);
          progress(`${name} ${round}, ${relay.name}: ${JSON.stringify(sample)}`);
        }
      }
    }
    return results;
  } finally {
    await stopAll();
  }
}

const LONGEST_MS = 15_000;

/** One stream alone. */
async function firstToken(relay: RunningRelay, quick: boolean): Promise<Sample> {
  const [request] = await relay.requests("paced-1-2", 1);
  await firstTokens(relay, request, 3, 4_000);
  const { failure, ...figures } = await firstTokens(relay, request, quick ? 20 : 40, 4_000);
  return { figures, saturated: false, failure };
}

/**
 * Medians of so many streams one after the other; of fewer where that takes too long, but of one at least. After each
 * stream comes an empty call of the relay's database, so that both meet the same machine.
 */
async function firstTokens(relay: RunningRelay, request: Request, count: number, ms: number) {
  const deadline = performance.now() + ms;
  const all: number[] = [];
  const roundTrips: number[] = [];
  while (all.length < count && (all.length === 0 || performance.now() < deadline)) {
    const stream = openStream(request);
    const timer = setTimeout(stream.close, LONGEST_MS);
    await stream.ended;
    clearTimeout(timer);
    if (stream.failure) return { firstToken: NaN, firstBeyond: NaN, failure: stream.failure };
    // One that never came is at least as bad as this.
    all.push(stream.tokens === 0 ? LONGEST_MS : stream.firstTokenMs);
    // Not in step with the tokens of others.
    await sleep(3 + all.length * 7 % 13);
    if (!relay.roundTrip) continue;
    const startedAt = performance.now();
    await relay.roundTrip();
    roundTrips.push(performance.now() - startedAt);
  }
  const firstToken = median(all);
  return { firstToken, firstBeyond: firstToken - (relay.roundTrip ? median(roundTrips) : 0), failure: null };
}

const EVERY_MS = 20;

/** Streams past the relay: one of their tokens every 2 ms says how late provider and readers are by themselves. */
const DIRECT_STREAMS = 10;

/** CPU and delay of a token at a model's pace, and how long one more reader waits for the first. */
export async function pace(
  { provider }: Pick<World, "provider">,
  relay: RunningRelay,
  streams: number,
  windowMs: number,
  faster = 1,
): Promise<Sample> {
  // While it settles, what the beginnings left behind is collected, and each beat comes once.
  const phases = [2_000, 1_500, 1_500, 1_200].map((ms) => ms / faster);
  const [spreadMs, patienceMs, settleMs, newcomersMs] = phases;
  const lastsMs = phases.reduce((sum, ms) => sum + ms, windowMs);
  const tokens = Math.ceil(lastsMs / EVERY_MS);
  const requests = await relay.requests(`paced-${EVERY_MS}-${tokens}`, streams);
  const [newcomer] = await relay.requests(`paced-${EVERY_MS}-2`, 1);
  const past = post(Number(new URL(provider).port), `/paced-${EVERY_MS}-${tokens}/`, {});

  const endsAt = performance.now() + spreadMs + lastsMs;
  const [crowd, direct] = await Promise.all([
    openCrowd(requests, spreadMs),
    openCrowd(Array(DIRECT_STREAMS).fill(past), spreadMs),
  ]);
  const begun = await crowd.begun(patienceMs);
  await sleep(settleMs);
  const before = crowd.tokens;
  const stop = stopwatch(relay.pid);
  const delays: number[] = crowd.delays = [];
  const directDelays: number[] = direct.delays = [];
  await sleep(windowMs);
  crowd.delays = direct.delays = null;
  const { cpu, others, seconds } = stop();
  const delivered = crowd.tokens - before;
  const { failure, ...first } = await firstTokens(relay, newcomer, 25, newcomersMs);
  const cutOff = await crowd.ended(endsAt - performance.now() + 5_000);
  await direct.ended(0);
  await settled(relay.pid);
  const [delayP50, delayP99, delayMax] = [0.5, 0.99, 1].map((part) => quantile(delays, part));
  const delayOf = { delayP50, delayP99, delayMax, directMax: quantile(directDelays, 1) };
  return {
    figures: { cpuUs: cpu / delivered * 1e6, core: cpu / seconds, othersMs: others * 1e3, ...delayOf, ...first },
    // Where the machine has other work, a relay falls behind before its core looks full.
    saturated: !begun || cutOff > 0 || cpu / seconds >= 0.96 || delayP50 > EVERY_MS ||
      delivered < 0.95 * streams * windowMs / EVERY_MS,
    failure: crowd.failure(tokens) ?? failure,
  };
}

// Relays differ by a factor of thirty: each gets as many tokens as it carries in the time.
const fitting: Record<number, WeakMap<RunningRelay, number>> = { 1: new WeakMap(), 20: new WeakMap() };

/** 64 readers of a provider that sends as fast as the relay takes it; again with more while it is over too soon. */
async function burst(relay: RunningRelay, eventsPerWrite: number, seconds: number, world: World): Promise<Sample> {
  const tokens = fitting[eventsPerWrite].get(relay) ?? 40;
  const crowd = await openCrowd(await relay.requests(`burst-${eventsPerWrite}-${tokens}`, 64), 400);
  const begun = await crowd.begun(LONGEST_MS);
  const before = crowd.tokens;
  const stop = stopwatch(relay.pid);
  await (await fetch(`${world.provider}/go`)).body?.cancel();
  const saturated = await crowd.ended(begun ? LONGEST_MS : 0) > 0;
  const used = stop();
  const delivered = crowd.tokens - before;
  const failure = begun ? crowd.failure(tokens) : "a stream did not begin";
  await settled(relay.pid);
  const more = Math.min(60_000, Math.ceil(tokens * Math.min(seconds / used.seconds, 8) / 20) * 20);
  if (used.seconds < seconds * 0.7 && more > tokens && !failure && !saturated) {
    fitting[eventsPerWrite].set(relay, more);
    return await burst(relay, eventsPerWrite, seconds, world);
  }
  const figures = { cpuUs: used.cpu / delivered * 1e6, core: used.cpu / used.seconds, seconds: used.seconds };
  return { figures, saturated, failure };
}

/** 1,000 streams that have had one token and stay open. */
async function memory(relay: RunningRelay): Promise<Sample> {
  await sleep(2_000);
  const idleMb = memoryOf(relay.pid);
  const crowd = await openCrowd(await relay.requests("idle-0-1", 1_000), 8_000);
  await crowd.begun(LONGEST_MS);
  await sleep(2_000);
  const openMb = memoryOf(relay.pid);
  const missing = 1_000 - crowd.tokens;
  await crowd.ended(0);
  const failure = missing === 0 ? null : `${missing} streams did not begin`;
  return { figures: { idleMb, openMb, perStreamKb: (openMb - idleMb) * 1.024 }, saturated: false, failure };
}

/** In the order in which they are run. */
export const SCENARIOS: Scenario[] = [
  { name: "first", run: firstToken },
  { name: "paced", run: (relay, quick, world) => pace(world, relay, 200, quick ? 1_500 : 3_000) },
  { name: "burst-1", times: 3, run: (relay, quick, world) => burst(relay, 1, quick ? 0.8 : 1.2, world) },
  { name: "burst-20", times: 3, run: (relay, quick, world) => burst(relay, 20, quick ? 0.8 : 1.2, world) },
  { name: "memory", once: true, run: memory },
  { name: "first-tls", secure: true, run: firstToken },
  { name: "paced-tls", secure: true, run: (relay, quick, world) => pace(world, relay, 200, quick ? 1_500 : 3_000) },
  {
    name: "burst-20-tls",
    times: 3,
    secure: true,
    run: (relay, quick, world) => burst(relay, 20, quick ? 0.8 : 1.2, world),
  },
];
