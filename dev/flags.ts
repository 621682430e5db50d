/** How `deno task dev` was asked to run. */
export interface Flags {
  port: number;
  database?: string;
  data?: string;
  provider?: string;
  json: boolean;
  help: boolean;
}

/** What each flag means, for people. */
export const HELP = `deno task dev [flags]

  --port 54321      port to listen on, 0 for a free one
  --database URL    run on this Postgres server instead of inside the process
  --data DIR        keep users, bots and messages in this folder
  --provider URL    use this provider instead of the demo provider
  --json            print one line of JSON when ready
`;

/** Reads the flags, or throws an error that names the one that is wrong. */
export function parseFlags(args: string[]): Flags {
  const flags: Flags = { port: 54321, json: false, help: false };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [name, inline] = split(arg);
    switch (name) {
      case "--port":
        flags.port = portOf(value(name, inline, rest));
        break;
      case "--database":
        flags.database = urlOf(name, value(name, inline, rest), ["postgres:", "postgresql:"]);
        break;
      case "--data":
        flags.data = value(name, inline, rest);
        break;
      case "--provider":
        flags.provider = urlOf(name, value(name, inline, rest), ["http:", "https:"]);
        break;
      case "--json":
      case "--help":
        if (inline !== undefined) {
          throw new TypeError(`Cannot start: ${name} takes no value`);
        }
        flags[name === "--json" ? "json" : "help"] = true;
        break;
      default:
        throw new TypeError(`Cannot start: "${arg}" is not a flag, --help lists them`);
    }
  }
  return flags;
}

function split(arg: string): [string, string | undefined] {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

function value(name: string, inline: string | undefined, rest: string[]): string {
  const given = inline ??
    (rest[0]?.startsWith("--") ? undefined : rest.shift());
  if (given) return given;
  throw new TypeError(`Cannot start: ${name} is without a value`);
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65535) return port;
  throw new TypeError(`Cannot start: --port is "${text}", not a number from 0 to 65535`);
}

function urlOf(name: string, text: string, protocols: string[]): string {
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) {
    return text;
  }
  // The value is not repeated: a database's URL holds a password.
  throw new TypeError(`Cannot start: ${name} is not a URL that begins with ${protocols[0]}//`);
}
