/** Findings as a run would give them, for tests. */

import type { Relay } from "./relays/relay.ts";
import type { Findings } from "./run.ts";
import type { Sample, Scenario } from "./scenarios/scenario.ts";

/** A sample in which all went well, unless told otherwise. */
export function makeSample(figures: Record<string, number>, overrides: Partial<Sample> = {}): Sample {
  return { figures, saturated: false, cutOff: 0, failure: null, ...overrides };
}

/** Findings by the names of scenarios and relays. */
export function makeFindings(samples: Record<string, Record<string, Sample[]>>): Findings {
  const names = [...new Set(Object.values(samples).flatMap(Object.keys))];
  return {
    missing: [],
    relays: names.map((name) => ({ name, title: `\`${name}\`` }) as Relay),
    results: Object.entries(samples).map(([name, byRelay]) => ({
      scenario: { name, title: `scenario ${name}` } as Scenario,
      samples: new Map(Object.entries(byRelay)),
    })),
  };
}
