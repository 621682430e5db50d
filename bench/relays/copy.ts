/** What JavaScript itself costs: each read of the provider's body is copied into the answer, and nothing else is done. */

import { COMPLETION, post } from "./http.ts";
import { denoApp, startProgram } from "./program.ts";
import type { Relay } from "./relay.ts";

export const copy: Relay = {
  name: "copy",
  title: "Deno, each read copied by JavaScript",
  start: (world) =>
    startProgram(world, denoApp(world, "copy"), (port, plan) => post(port, `/${plan}/v1/chat/completions`, COMPLETION)),
};
