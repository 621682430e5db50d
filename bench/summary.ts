/** The figures of a run as lines for people. */

import type { Findings, Result } from "./run.ts";
import { median, medianRatio } from "./statistics.ts";

const BASE = "passthrough";

/** One block for each scenario: the median of each figure, and its ratio to the passthrough of the same round. */
export function summaryOf({ results, relays }: Findings): string {
  return results.map((result) =>
    [
      `\n${result.scenario.title}`,
      ...relays.map(({ name }) => `  ${name.padEnd(12)} ${lineOf(result, name)}`),
    ].join("\n")
  ).join("\n");
}

/** Every sample, for programs. */
export function samplesOf({ results }: Findings): string {
  return JSON.stringify(
    results.map(({ scenario, samples }) => ({ scenario: scenario.name, samples: Object.fromEntries(samples) })),
  );
}

function lineOf({ samples }: Result, name: string): string {
  const own = samples.get(name) ?? [];
  const failure = own.find((sample) => sample.failure)?.failure;
  if (failure) return `failed: ${failure}`;
  const names = Object.keys(own[0]?.figures ?? {});
  const figures = names.map((figure) => {
    const values = own.map(({ figures }) => figures[figure]);
    const base = (samples.get(BASE) ?? []).map(({ figures }) => figures[figure]);
    const ratio = medianRatio(values, base);
    const said = `${figure} ${median(values).toPrecision(3)}`;
    return Number.isNaN(ratio) ? said : `${said} (×${ratio.toPrecision(3)})`;
  });
  const marks = [
    ...(own.some(({ saturated }) => saturated) ? ["saturated"] : []),
    ...(own.some(({ cutOff }) => cutOff > 0) ? ["cut off"] : []),
  ];
  return [...figures, ...marks].join(", ");
}
