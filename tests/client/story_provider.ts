/** A provider whose stories are ordered by the prompt, so that scenarios need nothing but the relay. */

import { makeRandom, makeText } from "../../supabase/functions/_relay/testing/split.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../testkit/provider.ts";
import type { Order } from "./world.ts";

/** What a client must not lose, double or cut. */
const PARTS = ["a", " ", "\n", "\n\n", "  ", "data: ", "é", "€", "🐉", "end"];

/** A running provider, and the base URL for a bot. */
export interface StoryProvider extends Pick<ScriptedProvider, "close"> {
  url: string;
}

/** Reads the order out of the last message. */
export function startStoryProvider(): StoryProvider {
  const provider = startScriptedProvider();
  const url = provider.script(async (call) => {
    const { seed = 1, chunks, pauseMs = 2, end = "finish" } = orderIn(call.body.messages.at(-1).content);
    const random = makeRandom(seed);
    let isOver = false;
    const over = call.closed.then(() => isOver = true);
    for (let chunk = 0; chunk < chunks && !isOver; chunk++) {
      await call.token(makeText(PARTS, 1 + random(8), random));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    if (end === "finish") await call.finish();
    if (end === "break") call.break();
    await over;
  });
  return { url, close: provider.close };
}

/** A prompt that orders nothing gets a short story. */
function orderIn(prompt: string): Order {
  return prompt.startsWith("{") ? JSON.parse(prompt) : { chunks: 20 };
}
