/** How `deno task chaos` was asked to run. */
export interface ChaosFlags {
  quick: boolean;
  /** Names of experiments; empty: all. */
  only: string[];
  database?: string;
  workerDeno: string;
  seed: number;
  write: boolean;
  help: boolean;
}

/** What each flag means, for people. */
export const HELP = `deno task chaos [flags]

  --quick             fewer generations, shorter outages, a lease of 3 s
  --only NAME         cost, kill, drop, cancel, database, race, owners or slow; may be given more than once
  --database URL      a Postgres superuser; without it a cluster of the script's own, where the programs
                      are installed, or else RELAY_TEST_DATABASE_URL
  --worker-deno PATH  the Deno that the workers run on
  --seed NUMBER       repeats the chances of another run
  --write             put the figures into docs/durability.md; not with --only
`;

/** Reads the flags, or throws an error that names the one that is wrong. */
export function parseChaosFlags(args: string[]): ChaosFlags {
  const flags: ChaosFlags = {
    quick: false,
    only: [],
    workerDeno: Deno.execPath(),
    seed: Date.now() % 2 ** 31,
    write: false,
    help: false,
  };
  const rest = [...args];
  function valueOf(name: string): string {
    const value = rest.shift();
    if (value && !value.startsWith("--")) return value;
    throw new TypeError(`Cannot start: ${name} is without a value`);
  }
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    switch (arg) {
      case "--quick":
      case "--write":
      case "--help":
        flags[arg.slice(2) as "quick" | "write" | "help"] = true;
        break;
      case "--only":
        flags.only.push(valueOf(arg));
        break;
      case "--database":
        flags.database = valueOf(arg);
        break;
      case "--worker-deno":
        flags.workerDeno = valueOf(arg);
        break;
      case "--seed":
        flags.seed = seedOf(valueOf(arg));
        break;
      default:
        throw new TypeError(`Cannot start: "${arg}" is not a flag, --help lists them`);
    }
  }
  if (flags.write && flags.only.length > 0) {
    throw new TypeError("Cannot start: --write replaces the whole table, --only has a part of it");
  }
  return flags;
}

function seedOf(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new TypeError(`Cannot start: --seed is "${text}", not a number`);
}
