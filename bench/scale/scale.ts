import { fail, note, print, untilStopped } from "../../dev/process.ts";
import { aboutMachine } from "../document.ts";
import { openWorld } from "../world.ts";
import { writeDocument } from "./document.ts";
import { CALIBRATION, CHECKS, type Measured, STORIES } from "./measured.ts";
import { measureEnds, measurePoint, type Point } from "./point.ts";
import { tablesOf } from "./tables.ts";

const HELP = `deno task scale [flags]

  --write    put what was measured into bench/scale/measured.json, and the tables into docs/scale.md
  --tables   measure nothing: make the tables of measured.json again
`;
const FILE = new URL("./measured.json", import.meta.url);

async function measure(): Promise<Measured> {
  const world = await openWorld({ profile: false });
  // The database's server is no child that would end with this process.
  untilStopped().then(() => world.close()).then(() => Deno.exit(130));
  try {
    const points: Point[] = [];
    for (const load of [...CALIBRATION, ...CHECKS]) {
      note(`${load.streams} streams, a token each ${load.everyMs} ms`);
      points.push(await measurePoint(world, load));
    }
    note(`${STORIES} begins and finishes`);
    const ends = await measureEnds(world, STORIES);
    return {
      about: await aboutMachine(world, "`deno task scale`", await world.postgres()),
      calibration: points.slice(0, CALIBRATION.length),
      ends,
      checks: points.slice(CALIBRATION.length),
    };
  } finally {
    await world.close();
  }
}

try {
  const flags = new Set(Deno.args);
  const wrong = Deno.args.find((arg) => !["--write", "--tables", "--help"].includes(arg));
  if (wrong) {
    throw new TypeError(`Cannot start: "${wrong}" is not a flag, --help lists them`);
  }
  if (flags.has("--help")) {
    print(HELP);
    Deno.exit(0);
  }
  const measured: Measured = flags.has("--tables") ? JSON.parse(await Deno.readTextFile(FILE)) : await measure();
  if (!flags.has("--tables")) {
    const text = JSON.stringify(measured, null, 2) + "\n";
    if (flags.has("--write")) await Deno.writeTextFile(FILE, text);
    else note(text);
  }
  print(`${tablesOf(measured)}\n`);
  if (flags.has("--write")) await writeDocument(tablesOf(measured));
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
