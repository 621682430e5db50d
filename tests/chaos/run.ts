/** Runs experiments one after the other: they share the machine, and each one's figures are its own. */

import { note, print } from "../../dev/process.ts";
import { cancels } from "./cancels.ts";
import { costs } from "./costs.ts";
import { databaseAway } from "./database_away.ts";
import { droppedClients } from "./dropped_clients.ts";
import { type Experiment, type Figure, within } from "./experiment.ts";
import { killedWorkers } from "./killed_workers.ts";
import type { Lab } from "./lab.ts";
import { races } from "./races.ts";
import { time } from "./statistics.ts";
import { slowClient } from "./slow_client.ts";
import { twoOwners } from "./two_owners.ts";

// Costs first: the tables that the others leave behind are vacuumed some time, and the log of that is nobody's cost.
const EXPERIMENTS: Experiment[] = [
  costs,
  killedWorkers,
  droppedClients,
  cancels,
  databaseAway,
  races,
  twoOwners,
  slowClient,
];
const LONGEST_MS = 600_000;

/** What an experiment has found. */
export interface Finding {
  title: string;
  figures: Figure[];
}

/** Those of these names, in the order of the document; all where no name is given. */
export function chosen(names: string[]): Experiment[] {
  for (const name of names) {
    if (EXPERIMENTS.some((experiment) => experiment.name === name)) continue;
    const known = EXPERIMENTS.map((experiment) => experiment.name).join(", ");
    throw new TypeError(`Cannot start: "${name}" is not an experiment, expected one of ${known}`);
  }
  return EXPERIMENTS.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Prints each finding as it comes; throws the first Violation. */
export async function runAll(lab: Lab, experiments: Experiment[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, title, run } of experiments) {
    note(title);
    const startedAt = performance.now();
    const figures = await Promise.race([within(LONGEST_MS, `The experiment "${name}"`, run(lab)), lab.fallen]);
    findings.push({ title, figures });
    note(`  ${name}: ${time(performance.now() - startedAt)}`);
    print(
      [
        title,
        ...figures.map(({ measure, value, bound }) => `  ${measure}: ${value}${bound ? ` [${bound}]` : ""}`),
        "",
      ].join("\n"),
    );
  }
  return findings;
}
