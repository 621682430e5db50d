/** Profiles our relay while a scenario runs. */

import { note } from "../dev/process.ts";
import { connectProfiler, hottest } from "./profiler.ts";
import { ours } from "./relays/ours.ts";
import type { World } from "./relays/relay.ts";
import type { Around } from "./run.ts";

const SHOWN = 30;

/** The last round of a scenario is the one that stays. A scenario with processes of its own is not profiled. */
export function profiled({ cache, inspectPort }: World): Around {
  return async (relay, scenario, work) => {
    if (relay !== ours || scenario.fresh) return await work();
    const profiler = await connectProfiler(inspectPort!);
    await profiler.start();
    const sample = await work();
    const profile = await profiler.stop();
    profiler.close();
    const path = `${cache}${scenario.name}.cpuprofile`;
    await Deno.writeTextFile(path, JSON.stringify(profile));
    note([`  ${path}`, ...hottest(profile, SHOWN)].join("\n    "));
    return sample;
  };
}
