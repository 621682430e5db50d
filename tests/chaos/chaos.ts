import { Violation } from "./experiment.ts";
import { HELP, parseChaosFlags } from "./flags.ts";
import { openLab } from "./lab.ts";
import { chosen, runAll } from "./run.ts";
import { describeMachine, writeTable } from "./table.ts";
import { fail, note, print, untilStopped } from "../../dev/process.ts";

const DOCUMENT = new URL("../../docs/durability.md", import.meta.url);

try {
  const flags = parseChaosFlags(Deno.args);
  if (flags.help) {
    print(HELP);
    Deno.exit(0);
  }
  const experiments = chosen(flags.only);
  const lab = await openLab(flags);
  // The database's server is no child that would end with this process.
  untilStopped().then(() => lab.close()).then(() => Deno.exit(130));
  try {
    const findings = await runAll(lab, experiments);
    if (flags.write) {
      const machine = await describeMachine(lab.sql, flags);
      await writeTable(DOCUMENT, findings, machine);
    }
  } finally {
    await lab.close();
  }
} catch (error) {
  if (error instanceof Violation) note("A promise of the relay was broken:");
  fail(error, 1);
}
Deno.exit(0);
