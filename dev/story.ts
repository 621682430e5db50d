/** Streams a story from any relay to the terminal. */

import { createRelayClient } from "../client/client.ts";
import { fail, note, print } from "./process.ts";
import { parseStoryFlags, STORY_HELP, type StoryFlags } from "./story_flags.ts";
import { exitCodeOf, summaryOf } from "./story_end.ts";

const flags = flagsOrExit();
const { json, url, token, prompt, conversation, bot } = flags;
const client = createRelayClient({ url, token: () => token });
const generation = client.start({ prompt, conversation_id: conversation, bot_id: bot }, {
  onRetry: ({ message }, ms) => note(`\n${message}. Trying again in ${Math.ceil(ms / 1000)} s`),
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

function flagsOrExit(): StoryFlags {
  try {
    const flags = parseStoryFlags(Deno.args, (name) => Deno.env.get(name));
    if (!flags.help) return flags;
    print(STORY_HELP);
  } catch (error) {
    fail(error, 2);
  }
  Deno.exit(0);
}
