/** The measure of all others: Deno hands the provider's body on as it comes. */

import { COMPLETION, post } from "./http.ts";
import { denoApp, startProgram } from "./program.ts";
import type { Relay } from "./relay.ts";

export const passthrough: Relay = {
  name: "passthrough",
  title: "Deno passthrough",
  start: (world) =>
    startProgram(
      world,
      denoApp(world, "passthrough"),
      (port, plan) => post(port, `/${plan}/v1/chat/completions`, COMPLETION),
    ),
};
