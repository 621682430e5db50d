/** `deno task demo`: starts the embedded stack, streams one story, shows the stored message, ends. */

import { createClient } from "@supabase/supabase-js";
import { createParser } from "eventsource-parser";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail, holdLog, note, print } from "./process.ts";
import { type Stack, startStack } from "./stack.ts";

const HELP = `deno task demo

Starts everything in one process, streams a story, compares it with the stored message, and ends. It has no flags.
`;

const PROMPT = "Tell me a story about the sea";

interface Streamed {
  text: string;
  message_id: string;
  finish_reason: string;
}

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
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw new Error(`Cannot sign in: ${error.message}`);

  print(`> ${PROMPT}\n\n`);
  const streamed = await stream(stack.functions_url, data.session.access_token, conversation_id);

  const stored = await client.from("messages").select("id, content, finish_reason, is_complete")
    .eq("id", streamed.message_id).single();
  if (stored.error) throw new Error(`Cannot read the stored message: ${stored.error.message}`);
  const { id, content, finish_reason, is_complete } = stored.data;
  if (content !== streamed.text) {
    throw new Error(`The stored message differs: it has ${content.length} characters, not ${streamed.text.length}`);
  }
  print(
    `\n\nStored as message ${id}: ${content.length} characters, the same that were streamed\n` +
      `finish_reason ${finish_reason}, is_complete ${is_complete}\n`,
  );
}

async function stream(url: string, token: string, conversation_id: string): Promise<Streamed> {
  const response = await fetch(`${url}/stream`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: PROMPT, conversation_id }),
  });
  if (!response.ok || !response.body) {
    throw new Error(`Cannot stream: status ${response.status}, ${await response.text()}`);
  }
  let text = "";
  let done: Streamed | undefined;
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === "token") {
        text += data;
        print(data);
      } else if (event === "error") {
        throw new Error(`The stream failed: ${data}`);
      } else if (event === "done") {
        done = { ...JSON.parse(data), text };
      }
    },
  });
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) parser.feed(chunk);
  if (!done) throw new Error("The stream ended without a done event");
  if (!done.message_id) throw new Error("The message was streamed and not stored");
  return done;
}
