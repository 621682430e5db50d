import { flagsOrExit, parseFlags } from "../dev/flags.ts";
import { fail, note, print, untilStopped } from "../dev/process.ts";
import { RUNTIME_DENO } from "../dev/runtime_deno.ts";
import { writeFigures, writeFormatted } from "../testkit/page.ts";
import { aboutRun } from "./figures.ts";
import { openWorld, type Relay, RELAYS } from "./relays.ts";
import { chartOf, tableOf } from "./results.ts";
import { runAll, type Scenario, SCENARIOS } from "./scenarios.ts";

const HELP = `deno task bench [flags]

  --quick            under a minute: our relay and the passthrough, two rounds
  --relays A,B       ${RELAYS.map(({ name }) => name).join(", ")}
  --scenarios X,Y    ${SCENARIOS.map(({ name }) => name).join(", ")}
  --runtime VERSION  the Deno of the relays that run on Deno, such as 2.1.4
  --setting A=B      a setting of the database, such as synchronous_commit=off
  --profile          write CPU profiles of our relay to .data/bench/, on a Deno that can
  --json             print all samples as JSON
  --write            run with this Deno and with Supabase's, and put tables and chart into docs/
`;
const QUICK = { relays: "passthrough,storytellr", scenarios: "first,paced,burst-20,paced-tls", rounds: 2 };
const CHART = new URL("../docs/images/performance.svg", import.meta.url);

/** Those of the names, in the order of the table. */
function chosen<T extends Relay | Scenario>(flag: string, all: T[], names: string | undefined): T[] {
  const wanted = names?.split(",");
  const unknown = wanted?.find((name) => !all.some((one) => one.name === name));
  if (unknown === undefined) return wanted ? all.filter(({ name }) => wanted.includes(name)) : all;
  throw new TypeError(`Cannot start: ${flag} has "${unknown}", not one of ${all.map(({ name }) => name).join(", ")}`);
}

const [text, on] = [{ type: "string" }, { type: "boolean" }] as const;
const given = flagsOrExit(HELP, (args) =>
  parseFlags("Cannot start", args, {
    ...{ quick: on, relays: text, scenarios: text, runtime: text, setting: text },
    ...{ profile: on, json: on, write: on },
  }));
try {
  if (given.write && (given.quick || given.relays || given.scenarios || given.runtime || given.setting)) {
    throw new TypeError("Cannot start: --write replaces the whole tables, and this run has a part of them");
  }
  const { quick } = given;
  const { rounds, ...part } = quick ? QUICK : { rounds: 3, relays: undefined, scenarios: undefined };
  const { relays = part.relays, scenarios = part.scenarios } = given;
  const all = { relays: chosen("--relays", RELAYS, relays), scenarios: chosen("--scenarios", SCENARIOS, scenarios) };
  const stopped = untilStopped();
  const pages: string[] = [];
  // Supabase's first: where it is missing, nothing has been measured in vain.
  for (const runtime of given.write ? [RUNTIME_DENO, Deno.version.deno] : [given.runtime]) {
    const settings = given.setting === undefined ? [] : [given.setting];
    const world = await openWorld({ pinned: true, runtime, profile: given.profile, settings });
    // The database's server is no child that would end with this process.
    stopped.then(() => world.close()).then(() => Deno.exit(130));
    try {
      // Once is enough for what does not run on Deno.
      const measured = runtime === RUNTIME_DENO
        ? all.relays.filter(({ name }) => !/fastapi|portkey/.test(name))
        : all.relays;
      const results = await runAll(world, { ...all, relays: measured, rounds, quick }, note);
      pages.unshift(`${await aboutRun("deno task bench", world)}\n\n${tableOf(results)}`);
      print(`\n${pages[0]}\n`);
      if (given.json) print(JSON.stringify(results) + "\n");
      if (given.write) await writeFormatted(CHART, chartOf(results));
    } finally {
      await world.close();
    }
  }
  if (given.write) await writeFigures(new URL("../docs/performance.md", import.meta.url), "bench", pages.join("\n\n"));
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
