/** Starts a relay that is a program with a port, on the relays' core. */

import type { Request } from "../driver/stream.ts";
import { freePort, listening, type Start, start } from "../process.ts";
import type { RunningRelay, World } from "./relay.ts";

/** `request` makes the one request that all streams of a plan send. */
export async function startProgram(
  { cores }: World,
  program: (port: number) => Start,
  request: (port: number, plan: string) => Request,
): Promise<RunningRelay> {
  const port = freePort();
  const { command, ...rest } = program(port);
  const running = start({ command: [...cores.relay, ...command], ...rest });
  try {
    await listening(port, running, 120_000);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return {
    pid: running.pid,
    requests: (plan, count) => Promise.resolve(Array(count).fill(request(port, plan))),
    stop: running.stop,
  };
}

/** A relay of this folder's `apps`, on Deno. */
export function denoApp(world: World, name: string): (port: number) => Start {
  const path = new URL(`./apps/${name}.ts`, import.meta.url).pathname;
  return (port) => ({
    command: [world.deno, "run", "--quiet", "-A", "--no-lock", "--no-check", path],
    env: { PORT: String(port), PROVIDER: `http://127.0.0.1:${world.providerPort}`, NO_COLOR: "1" },
  });
}
