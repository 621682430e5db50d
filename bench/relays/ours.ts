/** Our relay, whole: `serve` as it is, with keys to check, admission, beats and storage. */

import { freePort, listening, start } from "../process.ts";
import { post } from "./http.ts";
import type { Relay } from "./relay.ts";

const SERVE = new URL("../../dev/serve.ts", import.meta.url).pathname;

export const ours: Relay = {
  name: "storytellr",
  title: "**Storytellr relay, whole**",
  async start(world) {
    const supabase = await world.supabase();
    const port = freePort();
    const inspect = world.inspectPort ? [`--inspect=127.0.0.1:${world.inspectPort}`] : [];
    const running = start({
      command: [
        ...world.cores.relay,
        world.deno,
        "run",
        ...["--quiet", "-A", "--no-lock", "--no-check"],
        ...inspect,
        SERVE,
      ],
      env: { HOST: "127.0.0.1", PORT: String(port), NO_COLOR: "1", ...supabase.environment },
    });
    await listening(port, running);
    return {
      pid: running.pid,
      async requests(plan, count) {
        const provider = `http://127.0.0.1:${world.providerPort}/${plan}/v1`;
        const people = await supabase.people(count, provider);
        return people.map(({ token, bot }) =>
          post(port, "/functions/v1/stream", {
            prompt: "Tell me a story about a lighthouse.",
            bot_id: bot,
          }, { Authorization: `Bearer ${token}` })
        );
      },
      stop: running.stop,
    };
  },
};
