/** Portkey's gateway on Node, which is told the provider's address with each request. */

import { npmPackages } from "./fetched.ts";
import { COMPLETION, post } from "./http.ts";
import { startProgram } from "./program.ts";
import type { Relay } from "./relay.ts";

const HEADERS = new URL("./apps/portkey_headers.mjs", import.meta.url).href;
const PACKAGES = ["@portkey-ai/gateway@1.15.2"];

export const portkey: Relay = {
  name: "portkey",
  title: "Portkey gateway (Node)",
  async start(world) {
    const folder = await npmPackages(world, "Portkey", PACKAGES);
    const program = "node_modules/@portkey-ai/gateway/build/start-server.js";
    return await startProgram(
      world,
      (port) => ({
        command: ["node", `--import=${HEADERS}`, `${folder}/${program}`, `--port=${port}`, "--headless"],
        cwd: folder,
        env: { NODE_ENV: "production" },
      }),
      (port, plan) =>
        post(port, "/v1/chat/completions", COMPLETION, {
          Authorization: "Bearer sk-bench",
          "x-portkey-provider": "openai",
          "x-portkey-custom-host": `http://127.0.0.1:${world.providerPort}/${plan}/v1`,
        }),
    );
  },
};
