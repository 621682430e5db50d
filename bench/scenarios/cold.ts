/** How long a new worker takes from its start to the first byte of its first answer, beside bare programs. */

import { memoryOf } from "../proc.ts";
import { freePort, type Running, sleep, start } from "../process.ts";
import { post } from "../relays/http.ts";
import type { World } from "../relays/relay.ts";
import type { Figures, Scenario } from "./scenario.ts";

const PATIENCE_MS = 30_000;

const PROGRAMS = {
  bare: new URL("../relays/apps/bare.ts", import.meta.url).pathname,
  packages: new URL("../relays/apps/four_packages.ts", import.meta.url).pathname,
  ours: new URL("../../dev/serve.ts", import.meta.url).pathname,
};
type Program = keyof typeof PROGRAMS;

/** Its runs are fast, so each round has every program several times; the first round fills the caches before. */
export const cold: Scenario = {
  name: "cold",
  title: "a cold worker's first answer",
  only: ["storytellr"],
  async run(_relay, _effort, world) {
    const bundles = await bundled(world);
    const figures: Figures = {};
    for (const [form, paths] of [["", PROGRAMS], ["Bundle", bundles]] as const) {
      if (!paths) continue;
      for (const name of Object.keys(PROGRAMS) as Program[]) {
        if (!warm.has(paths[name])) {
          for (let run = 0; run < 3; run++) {
            await once(world, name, paths[name]);
          }
          warm.add(paths[name]);
        }
        const { ms, bytes } = await once(world, name, paths[name]);
        figures[`${name}${form}Ms`] = ms;
        figures[`${name}${form}Mb`] = bytes / 2 ** 20;
      }
    }
    return { figures, saturated: false, cutOff: 0, failure: null };
  },
};

const warm = new Set<string>();
let made: Promise<typeof PROGRAMS | null> | undefined;

/** Supabase deploys one file with everything in it; null where this Deno cannot make one. */
function bundled({ cache }: World): Promise<typeof PROGRAMS | null> {
  return made ??= (async () => {
    const paths = { ...PROGRAMS };
    for (const [name, source] of Object.entries(PROGRAMS)) {
      const path = `${cache}${name}.js`;
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["bundle", "--quiet", "--minify", "-o", path, source],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      if (!success) return null;
      paths[name as Program] = path;
    }
    return paths;
  })();
}

async function once(world: World, name: Program, path: string) {
  const supabase = await world.supabase();
  const port = freePort();
  let request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  if (name === "ours") {
    const provider = `http://127.0.0.1:${world.providerPort}/paced-1-2/v1`;
    const [{ token, bot }] = await supabase.people(1, provider);
    request = post(port, "/functions/v1/stream", {
      prompt: "Tell me a story.",
      bot_id: bot,
    }, { Authorization: `Bearer ${token}` }).bytes as typeof request;
  }
  const startedAt = performance.now();
  const running = start({
    command: [...world.cores.relay, world.deno, "run", ...[
      "--quiet",
      "-A",
      "--no-lock",
      "--no-check",
      "--cached-only",
    ], path],
    env: { HOST: "127.0.0.1", PORT: String(port), NO_COLOR: "1", ...supabase.environment },
  });
  try {
    await firstByte(port, request, running);
    const ms = performance.now() - startedAt;
    return { ms, bytes: memoryOf(running.pid) };
  } finally {
    await running.stop();
  }
}

/** Asks as soon as it can be asked. */
async function firstByte(port: number, request: Uint8Array, program: Running): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    let connection: Deno.TcpConn;
    try {
      connection = await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (cause) {
      if (performance.now() < deadline) {
        await sleep(1);
        continue;
      }
      throw new Error(`Cannot reach a cold worker:\n${program.log()}`, { cause });
    }
    await connection.write(request);
    const buffer = new Uint8Array(4096);
    const length = await connection.read(buffer) ?? 0;
    connection.close();
    const said = new TextDecoder().decode(buffer.subarray(0, length));
    if (said.startsWith("HTTP/1.1 200")) return;
    throw new Error(`Cannot start a cold worker: it answered ${said}`);
  }
}
