/** What the chart shows of a run. */

import type { Panel } from "./chart.ts";
import type { Findings } from "./run.ts";
import { medianRatio } from "./statistics.ts";

const SHOWN = ["paced", "burst-1", "burst-20"];
const BASE = "passthrough";
const OURS = "storytellr";

/** One panel for each scenario of CPU; direct is no process, so it has none. */
export function panelsOf({ results, relays }: Findings): Panel[] {
  return results.filter(({ scenario }) => SHOWN.includes(scenario.name)).map(
    ({ scenario, samples }) => {
      const cpu = (name: string) => (samples.get(name) ?? []).map(({ figures }) => figures.cpuUs ?? NaN);
      const bars = relays.filter(({ name }) => name !== "direct").map(
        ({ name, title }) => {
          const own = samples.get(name) ?? [];
          const failed = own.some(({ failure }) => failure);
          return {
            label: title.replaceAll(/[*`]/g, ""),
            ratio: failed ? NaN : medianRatio(cpu(name), cpu(BASE)),
            ours: name === OURS,
            saturated: own.some(({ saturated }) => saturated),
          };
        },
      );
      return { title: scenario.title, bars };
    },
  );
}
