/** `deno task demo`: starts the embedded stack, streams one story, shows the stored message, ends. */

import { createClient } from "@supabase/supabase-js";
import { createRelayClient } from "../client/client.ts";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail, holdLog, note, print } from "./process.ts";
import { type Stack, startStack } from "./stack.ts";

const HELP = `deno task demo

Starts everything in one process, streams a story, compares it with the stored message, and ends. It has no flags.
`;

const PROMPT = "Tell me a story about the sea";

flagsOrExit(HELP, (args) => parseFlags("Cannot start", args, {}));
// Log lines would interrupt the story, and explain a failure.
const showLog = holdLog();
try {
  const stack = await startStack({ progress: note });
  await demo(stack).finally(() => stack.close());
} catch (error) {
  showLog();
  fail(error, 1);
}
Deno.exit(0);

async function demo(stack: Stack): Promise<void> {
  const client = createClient(stack.url, stack.publishable_key, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { email, password, conversation_id } = stack.demo;
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw new Error(`Cannot sign in: ${error.message}`);

  print(`> ${PROMPT}\n\n`);
  const generation = createRelayClient({ supabase: client, url: stack.functions_url }).start({
    prompt: PROMPT,
    conversation_id,
  });
  for await (const event of generation) if (event.type === "token") print(event.text);
  const { text, messageId } = await generation.done;
  if (messageId === null) throw new Error("The message was streamed and not stored");

  const stored = await client.from("messages").select("id, content, finish_reason, is_complete").eq("id", messageId)
    .single();
  if (stored.error) throw new Error(`Cannot read the stored message: ${stored.error.message}`);
  const { id, content, finish_reason, is_complete } = stored.data;
  if (content !== text) {
    throw new Error(`The stored message differs: it has ${content.length} characters, not ${text.length}`);
  }
  print(
    `\n\nStored as message ${id}: ${content.length} characters, the same that were streamed\n` +
      `finish_reason ${finish_reason}, is_complete ${is_complete}\n`,
  );
}
