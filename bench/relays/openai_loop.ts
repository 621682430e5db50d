/** The edge function that everyone writes: `for await` over the stream of the `openai` package. */

import { post } from "./http.ts";
import { denoApp, startProgram } from "./program.ts";
import type { Relay } from "./relay.ts";

export const openaiLoop: Relay = {
  name: "openai",
  title: "Deno, `for await` over the `openai` package",
  start: (world) =>
    startProgram(
      world,
      denoApp(world, "openai_loop"),
      (port, plan) => post(port, `/${plan}/stream`, { prompt: "Tell me a story." }),
    ),
};
