/** Reads what `deno task story` was asked for. */

import type { Environment } from "../supabase/functions/_relay/platform/configuration.ts";

/** How a story was ordered. */
export interface StoryFlags {
  prompt: string;
  /** The functions' base URL. */
  url: string;
  token: string;
  conversation?: string;
  bot?: string;
  json: boolean;
  help: boolean;
}

/** What each flag means, for people. */
export const STORY_HELP = `deno task story [flags] "Tell me a story"

  --url URL           the functions' base URL, or RELAY_URL
  --token JWT         the access token of a signed-in user, or RELAY_TOKEN
  --conversation ID   go on with this conversation
  --bot ID            let this bot answer
  --json              print each event as a line of JSON

Ctrl-C stops the story, and says what was stored; a second Ctrl-C leaves at once.

\`deno task dev\` prints a functions URL, and a line that sets TOKEN:
  deno task story --url http://127.0.0.1:54321/functions/v1 --token "$TOKEN" "Tell me a story about the sea"
`;

const VALUES = { "--url": "url", "--token": "token", "--conversation": "conversation", "--bot": "bot" } as const;

/** Throws a TypeError that names what is wrong or missing, and where to get it; never repeats the token. */
export function parseStoryFlags(args: string[], environment: Environment): StoryFlags {
  const flags: StoryFlags = {
    prompt: "",
    url: environment("RELAY_URL") ?? "",
    token: environment("RELAY_TOKEN") ?? "",
    json: false,
    help: false,
  };
  const words: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [name, inline] = splitFlag(arg);
    if (name in VALUES) {
      const value = inline ?? rest.shift();
      if (!value) {
        throw new TypeError(`Cannot tell: ${name} is without a value`);
      }
      flags[VALUES[name as keyof typeof VALUES]] = value;
    } else if (arg === "--json" || arg === "--help") {
      flags[arg === "--json" ? "json" : "help"] = true;
    } else if (arg.startsWith("--")) {
      throw new TypeError(`Cannot tell: "${name}" is not a flag, --help lists them`);
    } else {
      words.push(arg);
    }
  }
  flags.prompt = words.join(" ");
  if (!flags.help) check(flags);
  return flags;
}

function splitFlag(arg: string): [string, string | undefined] {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

const SOURCE = "`deno task dev` starts a relay and prints both, --help says how to pass them";

function check({ url, token, prompt }: StoryFlags): void {
  if (!url) {
    throw new TypeError(`Cannot tell: neither --url nor RELAY_URL is set; ${SOURCE}`);
  }
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new TypeError(`Cannot tell: the relay's URL is "${url}", not one that begins with http://`);
  }
  if (!token) {
    throw new TypeError(`Cannot tell: neither --token nor RELAY_TOKEN is set; ${SOURCE}`);
  }
  if (!prompt) {
    throw new TypeError("Cannot tell: there is no prompt, put it in quotes behind the flags");
  }
}
