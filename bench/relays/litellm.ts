/** LiteLLM's proxy, one worker, without keys and database; a request names the provider's address. */

import { pythonPackages } from "./fetched.ts";
import { COMPLETION, post } from "./http.ts";
import { startProgram } from "./program.ts";
import type { Relay } from "./relay.ts";

const PACKAGES = ["litellm[proxy]==1.89.7"];

const CONFIGURATION = `
model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: openai/gpt-4o-mini
      api_key: sk-bench
      configurable_clientside_auth_params: ["api_base"]
`;

export const litellm: Relay = {
  name: "litellm",
  title: "LiteLLM proxy",
  async start(world) {
    const folder = await pythonPackages(world, "LiteLLM", PACKAGES);
    await Deno.writeTextFile(`${folder}/config.yaml`, CONFIGURATION);
    return await startProgram(world, (port) => ({
      command: [
        `${folder}/bin/litellm`,
        ...["--config", `${folder}/config.yaml`],
        ...["--host", "127.0.0.1", "--port", String(port)],
        ...["--num_workers", "1", "--telemetry", "False"],
      ],
      // Nothing is asked of the outside.
      env: { LITELLM_LOCAL_MODEL_COST_MAP: "True", LITELLM_LOG: "ERROR" },
    }), (port, plan) =>
      post(port, "/v1/chat/completions", {
        ...COMPLETION,
        api_base: `http://127.0.0.1:${world.providerPort}/${plan}/v1`,
      }));
  },
};
