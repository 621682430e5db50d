/** Makes each attack alone, from one user and from five, and measures; or all of them at once, for as long as one likes. */

import { flagsOrExit, integerOf, parseFlags } from "../../dev/flags.ts";
import { fail, note, print, untilStopped } from "../../dev/process.ts";
import { describeMachine, tableOf, writeFigures } from "../../testkit/page.ts";
import type { Attack } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { type Lab, MAX_RESIDENT_MB, openLab, type Result } from "./lab.ts";

const HELP = `deno task abuse [flags]

Attacks a worker as one of its users may, and as five of them, each attack alone, while other users read and write
stories there. Prints for each attack what these users met and what the attack did. Exit code 1: an attack harmed them,
or did not strike. It takes about ten minutes.

  --only TEXT      the attacks whose name has this text, or those of this kind
  --database URL   a Postgres superuser
  --soak MINUTES   all attacks together, again and again, with 20 ordinary users, each of whose stories must be whole
  --write          put the figures into docs/durability.md: those of five users, or those of the soak
`;
const EACH_MS = 4_000;
/** Where three times as long as on an idle worker would be less than a busy machine's own noise. */
const START_MS = 250;
const SOAK_START_MS = 1_000;
const SOAK_MS = 30_000;
const ORDINARY_USERS = 20;
const STORY_SECONDS = 20;
/** The part of the time that an ordinary user spends in stories: the rest is between them, and starts that got `503`. */
const MIN_IN_STORIES = 0.8;
/** How much more memory a worker may take at the end of a soak than at its beginning. */
const MAX_GROWTH = 1.25;

async function main(): Promise<number> {
  const { only, database, soak, ...flags } = flagsOrExit(HELP, (args) => {
    const flags = parseFlags("Cannot start", args, {
      only: { type: "string", default: "" },
      database: { type: "string" },
      soak: { type: "string", default: "0" },
      write: { type: "boolean" },
    });
    return { ...flags, soak: integerOf("Cannot start", "--soak", flags.soak, 0, 10_000) };
  });
  const lab = await openLab(soak ? SOAK_START_MS : START_MS, database);
  // Its workers are no threads that would end with this process.
  untilStopped().then(lab.close).then(() => Deno.exit(130));
  const head = [
    "attack",
    "users",
    "start",
    "token late",
    "stored behind",
    "other worker's late",
    "resident",
    "found",
  ];
  let figures = [head];
  let broken = 0;
  const find = (sentences: string[]) => {
    broken += sentences.length;
    sentences.forEach((sentence) => note(`    ${sentence.slice(0, 600)}`));
  };
  const add = (name: string, users: string, result: Result) => {
    const found = lab.judge(result);
    const ms = (value: number) => `${Math.round(value)} ms`;
    const start = `${ms(result.start)}, ${ms(result.slowestStart)}${result.refused ? `, ${result.refused} × 503` : ""}`;
    figures.push([
      name,
      users,
      start,
      ms(result.late),
      ms(result.behind),
      ms(result.far),
      `${result.residentMb | 0} MB`,
      `${found.length}`,
    ]);
    note(figures.at(-1)!.join(" | ") + ` ${JSON.stringify(result.tallies)}`);
    find(found);
  };
  try {
    add("none", "0", lab.control);
    const chosen = ATTACKS.filter(({ name, kind }) => name.includes(only) || kind === only);
    if (soak) figures = await soakFor(lab, soak, chosen, add, find);
    for (const attack of soak ? [] : chosen) {
      for (const users of [1, 5]) add(attack.name, `${users}`, await lab.attack([attack], users, EACH_MS));
    }
  } finally {
    await lab.close();
  }
  if (soak) print(tableOf(figures) + "\n");
  if (flags.write) {
    const page = new URL("../../docs/durability.md", import.meta.url);
    const command = soak ? `deno task abuse --soak ${soak}` : "deno task abuse";
    const rows = soak ? figures : slowestOf(figures);
    await writeFigures(page, soak ? "soak" : "abuse", `${describeMachine(command)}.\n\n${tableOf(rows)}`);
  }
  return broken === 0 ? 0 : 1;
}

/** The head, the idle worker, and the ten attacks of five users with the slowest starts, in their order. */
function slowestOf([head, none, ...attacks]: string[][]): string[][] {
  const slowest = ([, , start]: string[]) => parseInt(start.split(", ")[1]);
  const ofFive = attacks.filter(([, users]) => users === "5");
  const [least] = ofFive.map(slowest).sort((a, b) => b - a).slice(0, 10).slice(-1);
  return [head, none, ...ofFive.filter((attack) => slowest(attack) >= least)];
}

/**
 * Rounds of all attacks at once, each by users of its own, because those before have used up what they may. Gives a
 * table of what the ordinary users met.
 */
async function soakFor(
  lab: Lab,
  minutes: number,
  attacks: Attack[],
  add: (name: string, users: string, result: Result) => void,
  find: (sentences: string[]) => void,
): Promise<string[][]> {
  let over = false;
  const ordinary = Array.from({ length: ORDINARY_USERS }, () => lab.victims.ordinary(STORY_SECONDS, () => over));
  const results: Result[] = [];
  const startedAt = performance.now();
  while (performance.now() - startedAt < minutes * 60_000) {
    const result = await lab.attack(attacks, 1, SOAK_MS);
    results.push(result);
    add(`all, round ${results.length}`, "1", result);
  }
  over = true;
  const seconds = (performance.now() - startedAt) / 1_000;
  // The last stories are read to their ends.
  const last = await lab.victims.during(() => Promise.all(ordinary));
  const whole = (await Promise.all(ordinary)).reduce((sum, whole) => sum + whole, 0);
  const wanted = Math.floor(ORDINARY_USERS * seconds * MIN_IN_STORIES / STORY_SECONDS);
  const memory = results.map(({ residentMb }) => residentMb);
  const third = Math.ceil(memory.length / 3);
  const [early, late] = [memory.slice(0, third), memory.slice(-third)].map((part) => Math.max(...part));
  find(last.wrong);
  if (whole < wanted) find([`only ${whole} stories of the ordinary users were whole, at least ${wanted} are wanted`]);
  // Not a number where a worker has ended.
  if (!(late <= early * MAX_GROWTH)) find([`the worker grew from ${early | 0} MB to ${late | 0} MB`]);
  const most = (of: (result: Result) => number) => `${Math.round(Math.max(...results.map(of)))} ms`;
  const broken = [...results, last].reduce((sum, { wrong }) => sum + wrong.length, 0);
  return [
    ["measure", "figure", "fails unless"],
    [`rounds of ${attacks.length} attacks, each of which struck`, `${results.length}`, "all struck"],
    [
      `stories of ${STORY_SECONDS} s, of ${ORDINARY_USERS} ordinary users: whole, stored once, the provider called once`,
      `${whole}`,
      `at least ${wanted}`,
    ],
    ["what was seen that must never be: stories that were not, and all else", `${broken}`, "0"],
    ["nine of ten starts took at most", most(({ start }) => start), "three times an idle worker's, or 1 s"],
    ["the slowest start", most(({ slowestStart }) => slowestStart), "2 s"],
    [
      "starts that got `503` within a second",
      `${results.reduce((sum, { refused }) => sum + refused, 0)} of ${
        results.reduce((sum, { refused, starts }) => sum + refused + starts.length, 0)
      }`,
      "",
    ],
    ["a token was late by at most", most(({ late }) => late), "2 s"],
    ["stored text was behind by at most", most(({ behind }) => behind), "2 s"],
    ["a token of another worker was late by at most", most(({ far }) => far), "4 s"],
    ["resident memory in the first third", `${early | 0} MB`, `${MAX_RESIDENT_MB} MB`],
    ["resident memory in the last third", `${late | 0} MB`, `${MAX_GROWTH} times that of the first`],
  ];
}

try {
  Deno.exit(await main());
} catch (error) {
  fail(error, 1);
}
