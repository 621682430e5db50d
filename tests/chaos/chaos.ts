/** Breaks the workers, clients and database of a running relay, and measures what is left. */

import { AssertionError } from "node:assert";
import { flagsOrExit, integerOf, parseFlags } from "../../dev/flags.ts";
import { fail, note, print, untilStopped } from "../../dev/process.ts";
import { within } from "../../testkit/eventually.ts";
import { time } from "../../testkit/figures.ts";
import { describeMachine, tableOf, versionOf, writeFigures } from "../../testkit/page.ts";
import { cancels } from "./cancels.ts";
import { costs } from "./costs.ts";
import { databaseAway } from "./database_away.ts";
import { droppedClients } from "./dropped_clients.ts";
import { killedWorkers } from "./killed_workers.ts";
import { type Figure, type Lab, openLab } from "./lab.ts";
import { twoOwners } from "./two_owners.ts";

const HELP = `deno task chaos [flags]

  --quick             fewer generations, shorter outages, a lease of 3 s
  --only NAME         cost, kill, drop, cancel, database or owners
  --database URL      a Postgres superuser; without it a cluster of its own, if the server programs
                      are installed, or else RELAY_TEST_DATABASE_URL
  --worker-deno PATH  the Deno that the workers run on
  --seed NUMBER       repeats the random choices of another run
  --write             put the figures into docs/durability.md; not with --only
`;
/** Throws an AssertionError if a promise of the relay does not hold; else it gives what it measured. */
type Experiment = [name: string, title: string, run: (lab: Lab) => Promise<Figure[]>];
const EXPERIMENTS: Experiment[] = [
  // Costs first: the tables that the others leave behind are vacuumed some time, and that would count as a cost.
  ["cost", "Cost of 2,000 tokens", costs],
  ["kill", "Worker killed (SIGKILL)", killedWorkers],
  ["drop", "Client drops and resumes", droppedClients],
  ["cancel", "Cancel on another worker", cancels],
  ["database", "Database away", databaseAway],
  ["owners", "Two owners", twoOwners],
];

async function main() {
  const { quick, only, database, "worker-deno": workerDeno, write, seed } = flagsOrExit(HELP, (args) => {
    const { seed, ...flags } = parseFlags("Cannot start", args, {
      quick: { type: "boolean" },
      only: { type: "string" },
      database: { type: "string" },
      "worker-deno": { type: "string", default: Deno.execPath() },
      seed: { type: "string", default: String(Date.now() % 1e9) },
      write: { type: "boolean" },
    });
    const { only, write } = flags;
    if (only !== undefined && !EXPERIMENTS.some(([name]) => name === only)) {
      throw new TypeError(`Cannot start: "${only}" is not an experiment, --help lists them`);
    }
    if (write && only) throw new TypeError("Cannot start: --write wants all experiments, --only has a part");
    return { ...flags, seed: integerOf("Cannot start", "--seed", seed, 0, 1e9) };
  });
  const lab = await openLab(quick, seed, workerDeno, database);
  // The cluster is no child that would end with this process.
  untilStopped().then(lab.close).then(() => Deno.exit(130));
  try {
    const rows = [["experiment", "measure", "figure", "fails unless"]];
    for (const experiment of EXPERIMENTS) {
      if (only === undefined || only === experiment[0]) rows.push(...await runOne(lab, experiment));
    }
    if (!write) return;
    const [{ server_version: postgres }] = await lab.sql`show server_version`;
    const machine = describeMachine(`deno task chaos${quick ? " --quick" : ""} --seed ${seed}`);
    const versions = `Deno ${await versionOf(workerDeno)} and Postgres ${postgres.split(" ")[0]}`;
    const page = new URL("../../docs/durability.md", import.meta.url);
    await writeFigures(page, "chaos", `${machine} for everything together, ${versions}.\n\n${tableOf(rows)}`);
  } finally {
    await lab.close();
  }
}

/** Prints what an experiment has found, and gives it as rows of the table. */
async function runOne(lab: Lab, [name, title, run]: Experiment): Promise<string[][]> {
  note(title);
  const startedAt = performance.now();
  const figures = await Promise.race([within(`the experiment "${name}"`, run(lab), 600_000), lab.fallen]);
  await lab.dismiss();
  note(`  ${name}: ${time(performance.now() - startedAt)}`);
  const rows = figures.map(([measure, value, bound = ""]) => [measure, `${value}`, `${bound}`]);
  const lines = rows.map(([measure, value, bound]) => `  ${measure}: ${value}${bound && ` [${bound}]`}\n`);
  print(`${title}\n${lines.join("")}\n`);
  return rows.map((row, index) => [index === 0 ? `**${title}**` : "", ...row]);
}

try {
  await main();
} catch (error) {
  if (error instanceof AssertionError) note("A promise of the relay was broken:");
  fail(error, 1);
}
Deno.exit(0);
