/** How `deno task bench` was asked to run. */
export interface BenchFlags {
  quick: boolean;
  /** Names; empty: all that the run has time for. */
  relays: string[];
  scenarios: string[];
  rounds?: number;
  /** A Deno version for the relays that run on Deno. */
  runtime?: string;
  database?: string;
  profile: boolean;
  churn: boolean;
  write: boolean;
  json: boolean;
  help: boolean;
}

/** What each flag means, for people. */
export const HELP = `deno task bench [flags]

  --quick            under a minute: our relay beside direct and the passthrough, two rounds
  --relays A,B       direct, nginx, passthrough, copy, openai, fastapi, portkey, litellm, storytellr
  --scenarios X,Y    first, database, paced, burst-1, burst-20, memory, cold, churn
  --rounds N         how often each relay has its turn
  --runtime VERSION  the Deno of the relays that run on Deno, such as 2.1.4
  --database URL     a Postgres superuser; without it a cluster of the bench's own, where the programs are
                     installed, or else RELAY_TEST_DATABASE_URL
  --profile          write a CPU profile of our relay for each scenario to .data/bench/; with --runtime 2.1.4,
                     for later inspectors trace themselves
  --churn            also our relay's memory after 1,000 and after 10,000 generations, which takes minutes
  --json             print all samples as JSON
  --write            put table and chart into docs/; not with --quick, --relays or --scenarios
`;

const SWITCHES = ["quick", "profile", "churn", "write", "json", "help"] as const;

/** Reads the flags, or throws an error that names the one that is wrong. */
export function parseBenchFlags(args: string[]): BenchFlags {
  const flags: BenchFlags = {
    quick: false,
    relays: [],
    scenarios: [],
    profile: false,
    churn: false,
    write: false,
    json: false,
    help: false,
  };
  const rest = [...args];
  function valueOf(name: string): string {
    const value = rest.shift();
    if (value && !value.startsWith("--")) return value;
    throw new TypeError(`Cannot start: ${name} is without a value`);
  }
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const name = SWITCHES.find((name) => arg === `--${name}`);
    if (name) {
      flags[name] = true;
      continue;
    }
    switch (arg) {
      case "--relays":
      case "--scenarios":
        flags[arg.slice(2) as "relays" | "scenarios"] = valueOf(arg).split(",");
        break;
      case "--rounds":
        flags.rounds = roundsOf(valueOf(arg));
        break;
      case "--runtime":
        flags.runtime = versionOf(valueOf(arg));
        break;
      case "--database":
        flags.database = valueOf(arg);
        break;
      default:
        throw new TypeError(`Cannot start: "${arg}" is not a flag, --help lists them`);
    }
  }
  const partial = flags.quick || flags.relays.length > 0 ||
    flags.scenarios.length > 0;
  if (flags.write && partial) {
    throw new TypeError("Cannot start: --write replaces the whole table, and this run has a part of it");
  }
  return flags;
}

function roundsOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new TypeError(`Cannot start: --rounds is "${text}", not a number from 1 to 999`);
}

function versionOf(text: string): string {
  if (/^\d+\.\d+\.\d+$/.test(text)) return text;
  throw new TypeError(`Cannot start: --runtime is "${text}", not a version such as 2.1.4`);
}
