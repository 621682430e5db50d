import { fail, print, untilStopped } from "../dev/process.ts";
import { chosenRelays, chosenScenarios } from "./choices.ts";
import { aboutMachine, tablesOf, writeDocument } from "./document.ts";
import { HELP, parseBenchFlags } from "./flags.ts";
import { profiled } from "./profile.ts";
import { runAll } from "./run.ts";
import { samplesOf, summaryOf } from "./summary.ts";
import { openWorld } from "./world.ts";

try {
  const flags = parseBenchFlags(Deno.args);
  if (flags.help) {
    print(HELP);
    Deno.exit(0);
  }
  const relays = chosenRelays(flags);
  const scenarios = chosenScenarios(flags);
  const rounds = flags.rounds ?? (flags.quick ? 2 : 3);
  const world = await openWorld(flags);
  // The database's server is no child that would end with this process.
  untilStopped().then(() => world.close()).then(() => Deno.exit(130));
  try {
    const findings = await runAll(world, relays, scenarios, rounds, {
      quick: flags.quick,
      aheadMs: world.aheadMs,
    }, flags.profile ? profiled(world) : (_relay, _scenario, work) => work());
    const about = await aboutMachine(world, `\`deno task bench\` in ${rounds} rounds`, await world.postgres());
    print(`${summaryOf(findings)}\n\n${tablesOf(findings, about)}\n`);
    if (flags.json) print(samplesOf(findings) + "\n");
    if (flags.write) await writeDocument(findings, about);
  } finally {
    await world.close();
  }
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
