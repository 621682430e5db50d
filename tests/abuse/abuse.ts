/** Makes each attack alone, from one user and from five, and measures; or all of them at once, for as long as one likes. */

import { fail, note, print, untilStopped } from "../../dev/process.ts";
import { readFlags, wholeNumber } from "../../testkit/flags.ts";
import { describeMachine, tableOf, writeFigures } from "../../testkit/page.ts";
import type { Attack } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { type Lab, openLab, type Result } from "./lab.ts";

const HELP = `deno task abuse [flags]

  --only TEXT      the attacks whose name has this text, or those of this kind
  --database URL   a Postgres superuser
  --soak MINUTES   all attacks together, with 20 ordinary users
  --write          put the figures into docs/durability.md
`;
const EACH_MS = 4_000;
/** Where three times as long as on an idle worker would be less than a busy machine's own noise. */
const START_MS = 250;
const SOAK_START_MS = 1_000;
const SOAK_MS = 30_000;
const ORDINARY_USERS = 20;
const STORY_SECONDS = 20;

async function main(): Promise<number> {
  const { only, database, help, ...flags } = readFlags(Deno.args, {
    only: { type: "string", default: "" },
    database: { type: "string" },
    soak: { type: "string" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  });
  if (help) {
    print(HELP);
    return 0;
  }
  const soak = wholeNumber("soak", flags.soak);
  const lab = await openLab(soak ? SOAK_START_MS : START_MS, database);
  // Its workers are no threads that would end with this process.
  untilStopped().then(lab.close).then(() => Deno.exit(130));
  const rows = [[
    "attack",
    "users",
    "start",
    "token late",
    "stored behind",
    "other worker's late",
    "resident",
    "found",
  ]];
  let broken = 0;
  const add = (name: string, users: string, result: Result) => {
    const found = lab.judge(result);
    const ms = (value: number) => `${Math.round(value)} ms`;
    const start = `${ms(result.start)}, ${ms(result.slowestStart)}${result.refused ? `, ${result.refused} × 503` : ""}`;
    rows.push([
      name,
      users,
      start,
      ms(result.late),
      ms(result.behind),
      ms(result.far),
      `${result.residentMb | 0} MB`,
      `${found.length}`,
    ]);
    note(rows.at(-1)!.join(" | ") + ` ${JSON.stringify(result.tallies)}`);
    broken += found.length;
    found.forEach((sentence) => note(`    ${sentence.slice(0, 600)}`));
  };
  try {
    add("none", "0", lab.control);
    const chosen = ATTACKS.filter(({ name, kind }) => name.includes(only) || kind === only);
    if (soak) await soakFor(lab, soak, chosen, add);
    for (const attack of soak ? [] : chosen) {
      for (const users of [1, 5]) add(attack.name, `${users}`, await lab.attack([attack], users, EACH_MS));
    }
  } finally {
    await lab.close();
  }
  if (flags.write) {
    const page = new URL("../../docs/durability.md", import.meta.url);
    await writeFigures(page, "abuse", `${describeMachine("deno task abuse")}.\n\n${tableOf(rows)}`);
  }
  return broken === 0 ? 0 : 1;
}

/** Rounds of all attacks at once, each by users of its own, because those before have used up what they may. */
async function soakFor(lab: Lab, minutes: number, attacks: Attack[], add: (...row: [string, string, Result]) => void) {
  let over = false;
  const ordinary = Array.from({ length: ORDINARY_USERS }, () => lab.victims.ordinary(STORY_SECONDS, () => over));
  const resident: number[] = [];
  for (const end = performance.now() + minutes * 60_000; performance.now() < end;) {
    const result = await lab.attack(attacks, 1, SOAK_MS);
    resident.push(result.residentMb);
    add(`all, round ${resident.length}`, "1", result);
  }
  over = true;
  const whole = (await Promise.all(ordinary)).reduce((sum, whole) => sum + whole, 0);
  const third = Math.ceil(resident.length / 3);
  const [early, late] = [resident.slice(0, third), resident.slice(-third)].map((part) => Math.max(...part) | 0);
  note(
    `${whole} whole stories of ${ORDINARY_USERS} users; at most ${early} MB in the first third, ${late} MB in the last`,
  );
}

try {
  Deno.exit(await main());
} catch (error) {
  fail(error, 1);
}
