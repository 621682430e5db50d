/** `deno task story`: streams a story from any relay to the terminal. */

import { createRelayClient, type Result } from "../client/client.ts";
import type { Environment } from "../supabase/functions/_relay/platform/configuration.ts";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail, note, print } from "./process.ts";

/** For people; lists every flag. */
export const HELP = `deno task story [flags] "Tell me a story"

Streams the answer to a prompt from any relay to the terminal.

  --url URL           the functions' base URL, or RELAY_URL
  --token JWT         the access token of a signed-in user, or RELAY_TOKEN
  --conversation ID   continue this conversation
  --bot ID            let this bot answer
  --json              print each event as a line of JSON

Ctrl-C stops the story, and says what was stored; a second Ctrl-C leaves at once.

\`deno task dev\` prints a functions URL, and a line that sets TOKEN:
  deno task story --url http://127.0.0.1:54321/functions/v1 --token "$TOKEN" "Tell me a story about the sea"
`;

const SOURCE = "`deno task dev` starts a relay and prints both, --help says how to pass them";

/** Throws a TypeError that names what is wrong or missing, and where to get it; never repeats the token. */
export function parseStoryFlags(args: string[], environment: Environment) {
  const action = "Cannot stream a story";
  const { words, ...flags } = parseFlags(action, args, {
    url: { type: "string" },
    token: { type: "string" },
    conversation: { type: "string" },
    bot: { type: "string" },
    json: { type: "boolean" },
  }, { takesWords: true });
  const url = flags.url ?? environment("RELAY_URL");
  const token = flags.token ?? environment("RELAY_TOKEN");
  const prompt = words.join(" ");
  if (!url) throw new TypeError(`${action}: neither --url nor RELAY_URL is set; ${SOURCE}`);
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new TypeError(`${action}: the relay's URL is "${url}", not one that begins with http://`);
  }
  if (!token) throw new TypeError(`${action}: neither --token nor RELAY_TOKEN is set; ${SOURCE}`);
  if (!prompt) throw new TypeError(`${action}: there is no prompt, put it in quotes after the flags`);
  return { ...flags, url, token, prompt };
}

/** How a story ended, for people, on one line. */
export function summaryOf({ outcome, text, messageId, finishReason, error }: Result): string {
  const stored = messageId === null
    ? text === "" ? "nothing was stored" : "the relay is still storing it"
    : `stored as message ${messageId}, ${text.length} characters`;
  switch (outcome) {
    case "completed":
      return `The end (${finishReason}): ${stored}`;
    case "cancelled":
      return `Stopped: ${stored}`;
    case "failed": {
      const hint = error!.code === "not_found" ? "; the URL must be that of the functions, such as …/functions/v1" : "";
      return `${error!.message} (${error!.code}): ${stored}${hint}`;
    }
    default:
      return `The relay lost its reader: ${stored}`;
  }
}

/** What a shell expects: 130 after Ctrl-C. */
export function exitCodeOf({ outcome }: Result): number {
  if (outcome === "cancelled") return 130;
  return outcome === "completed" ? 0 : 1;
}

if (import.meta.main) {
  const flags = flagsOrExit(HELP, (args) => parseStoryFlags(args, (name) => Deno.env.get(name)));
  const { json, url, token, prompt, conversation, bot } = flags;
  const client = createRelayClient({ url, token: () => token });
  const generation = client.start({ prompt, conversation_id: conversation, bot_id: bot }, {
    onRetry: ({ message }, ms) => note(`\n${url}: ${message}. Trying again in ${Math.ceil(ms / 1000)} s`),
  });

  let stopping = false;
  Deno.addSignalListener("SIGINT", () => {
    if (stopping) Deno.exit(130);
    stopping = true;
    generation.cancel().catch((error) => fail(error, 1));
  });

  try {
    for await (const event of generation) {
      if (json) print(JSON.stringify(event) + "\n");
      else if (event.type === "token") print(event.text);
    }
  } catch {
    // The result has it.
  }
  const result = await generation.done;
  if (!json && result.text !== "") print("\n");
  note(summaryOf(result));
  Deno.exit(exitCodeOf(result));
}
