/** Makes each attack alone, from one user and from five, and measures; or all of them at once, for as long as one likes. */

import { fail, note, print } from "../../dev/process.ts";
import { readFlags, wholeNumber } from "../../testkit/flags.ts";
import { describeMachine, tableOf, writeFigures } from "../../testkit/page.ts";
import type { Attack } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { type Lab, openLab, type Result } from "./lab.ts";

const HELP = `deno run -A tests/abuse/abuse.ts [flags]

  --only TEXT      the attacks whose name has this text
  --database URL   a Postgres superuser
  --soak MINUTES   all attacks together, with 20 ordinary users
  --write          put the figures into docs/durability.md
`;
const EACH_MS = 4_000;
const SOAK_MS = 30_000;
const ORDINARY_USERS = 20;
const STORY_SECONDS = 20;

async function main() {
  const { only, database, help, ...flags } = readFlags(Deno.args, {
    only: { type: "string", default: "" },
    database: { type: "string" },
    soak: { type: "string" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  });
  if (help) return print(HELP);
  const soak = wholeNumber("soak", flags.soak);
  const lab = await openLab(database);
  const rows = [["attack", "users", "start", "token late", "stored behind", "resident", "found"]];
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
      `${result.residentMb | 0} MB`,
      `${found.length}`,
    ]);
    note(rows.at(-1)!.join(" | ") + ` ${JSON.stringify(result.answers)}`);
    found.forEach((sentence) => note(`    ${sentence.slice(0, 600)}`));
  };
  add("none", "0", lab.control);
  const chosen = ATTACKS.filter(({ name }: Attack) => name.includes(only));
  for (const attack of soak ? [] : chosen) {
    for (const users of [1, 5]) add(attack.name, `${users}`, await lab.attack([attack], users, EACH_MS));
  }
  if (soak) await soakFor(lab, soak, chosen, add);
  await lab.close();
  if (flags.write) {
    const page = new URL("../../docs/durability.md", import.meta.url);
    await writeFigures(page, "abuse", `${describeMachine("tests/abuse/abuse.ts")}.\n\n${tableOf(rows)}`);
  }
}

/** Rounds of all attacks at once, each by users of its own, because those before have used up what they may. */
async function soakFor(lab: Lab, minutes: number, attacks: Attack[], add: (...row: [string, string, Result]) => void) {
  let over = false;
  const ordinary = Array.from({ length: ORDINARY_USERS }, () => lab.victims.ordinary(STORY_SECONDS, () => over));
  for (let round = 1; round * SOAK_MS <= minutes * 60_000; round++) {
    add(`all, round ${round}`, "1", await lab.attack(attacks, 1, SOAK_MS));
  }
  over = true;
  const stories = await Promise.all(ordinary);
  note(`${stories.reduce((sum, whole) => sum + whole, 0)} whole stories of ${ORDINARY_USERS} users`);
}

try {
  await main();
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
