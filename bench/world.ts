/** Starts what all relays share: the cores, the provider, and a Supabase once somebody asks for one. */

import type { BenchFlags } from "./flags.ts";
import { compareClocks } from "./driver/clock.ts";
import { type Cores, takeCores } from "./machine.ts";
import { freePort, start } from "./process.ts";
import type { World } from "./relays/relay.ts";
import { denoOf } from "./runtime.ts";
import { startSupabase, type Supabase } from "./supabase/supabase.ts";

const PROVIDER = new URL("./provider/main.ts", import.meta.url).pathname;
const CACHE = new URL("../.data/bench/", import.meta.url).pathname;

/** A world that can be ended. */
export interface OpenWorld extends World {
  /** How far the provider's clock is ahead of the driver's, in milliseconds. */
  aheadMs: number;
  /** The database's version; null where nobody asked for a database. */
  postgres(): Promise<string | null>;
  close(): Promise<void>;
}

/** Moves this process to the load's core, unless it is told which cores to use. */
export async function openWorld(
  flags: Pick<BenchFlags, "runtime" | "database" | "profile">,
  given?: Cores,
): Promise<OpenWorld> {
  const deno = await denoOf(flags.runtime);
  await Deno.mkdir(CACHE, { recursive: true });
  const cores = given ?? await takeCores();
  const provider = start({ command: [...cores.load, Deno.execPath(), "run", "--quiet", "-A", PROVIDER] });
  const providerPort = Number(await provider.line);
  const { aheadMs } = await compareClocks(providerPort);
  let supabase: Promise<Supabase> | undefined;
  let closing: Promise<void> | undefined;
  async function end() {
    await (await supabase)?.close();
    await provider.stop();
  }
  return {
    cores,
    providerPort,
    deno,
    inspectPort: flags.profile ? freePort() : undefined,
    cache: CACHE,
    aheadMs,
    supabase: () => supabase ??= startSupabase(cores, flags.database),
    async postgres() {
      if (!supabase) return null;
      const [row] = await (await supabase).sql`show server_version`;
      return String(row.server_version).split(" ")[0];
    },
    close: () => closing ??= end(),
  };
}
