/** What is measured of a relay in one round. */

import type { RunningRelay, World } from "../relays/relay.ts";

/** Figures by their names. */
export type Figures = Record<string, number>;

/** One round of one relay. */
export interface Sample {
  figures: Figures;
  /** The relay's core had nothing left to give. */
  saturated: boolean;
  /** So many streams were not at their end when the driver left. */
  cutOff: number;
  /** Why the figures count for nothing; null where all is well. */
  failure: string | null;
}

/** How long and how much. */
export interface Effort {
  quick: boolean;
  /** How far the provider's clock is ahead. */
  aheadMs: number;
}

/** Something to do with a relay. */
export interface Scenario {
  /** For `--scenarios`. */
  name: string;
  title: string;
  /** Names of the relays that it is about; without it all of them. */
  only?: string[];
  /** How often it is done at most, for what needs no more or takes long. */
  rounds?: number;
  /** True where each round begins with a new process. */
  fresh?: boolean;
  run(relay: RunningRelay, effort: Effort, world: World): Promise<Sample>;
}
