/** Runs scenarios: in each round every relay has its turn, so that what changes meanwhile changes for all. */

import { note } from "../dev/process.ts";
import { type Relay, type RunningRelay, Unavailable, type World } from "./relays/relay.ts";
import type { Effort, Sample, Scenario } from "./scenarios/scenario.ts";
import { warmUp } from "./warm_up.ts";

/** All samples of a scenario, by the relay's name, in the order of the rounds. */
export interface Result {
  scenario: Scenario;
  samples: Map<string, Sample[]>;
}

/** What a run has found. */
export interface Findings {
  results: Result[];
  relays: Relay[];
  /** Relays that this machine cannot run, and why. */
  missing: string[];
}

/** What a relay is watched with while a scenario runs. */
export type Around = (relay: Relay, scenario: Scenario, work: () => Promise<Sample>) => Promise<Sample>;

/** A relay that fails in one round, or falls behind by so much that it is cut off, is not asked again in that scenario. */
export async function runAll(
  world: World,
  all: Relay[],
  scenarios: Scenario[],
  rounds: number,
  effort: Effort,
  around: Around,
): Promise<Findings> {
  const running = new Map<Relay, RunningRelay>();
  const missing: string[] = [];
  try {
    for (const relay of all) {
      try {
        const started = await relay.start(world);
        running.set(relay, started);
        await warmUp(started);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        missing.push(error.message);
      }
    }
    const relays = [...running.keys()];
    const results: Result[] = [];
    for (const scenario of scenarios) {
      results.push(await runScenario(scenario, relays));
    }
    return { results, relays, missing };
  } finally {
    await Promise.all([...running.values()].map((relay) => relay.stop()));
  }

  async function runScenario(scenario: Scenario, relays: Relay[]) {
    note(scenario.title);
    const samples = new Map<string, Sample[]>(relays.map(({ name }) => [name, []]));
    for (
      let round = 0;
      round < Math.min(rounds, scenario.rounds ?? rounds);
      round++
    ) {
      for (const relay of relays) {
        const sofar = samples.get(relay.name)!;
        const last = sofar.at(-1);
        if (last?.failure || (last && last.cutOff > 0)) continue;
        if (scenario.only && !scenario.only.includes(relay.name)) continue;
        const one = scenario.fresh ? await relay.start(world) : running.get(relay)!;
        const sample = await around(relay, scenario, () => scenario.run(one, effort, world));
        if (scenario.fresh) await one.stop();
        sofar.push(sample);
        note(`  ${round + 1} ${relay.name}: ${told(sample)}`);
      }
    }
    return { scenario, samples };
  }
}

function told({ figures, saturated, cutOff, failure }: Sample): string {
  const said = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  if (saturated) said.push("saturated");
  if (cutOff > 0) said.push(`${cutOff} cut off`);
  if (failure) said.push(`FAILED: ${failure}`);
  return said.join(", ");
}
