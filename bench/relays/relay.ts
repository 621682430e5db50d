/** What a relay is to the bench: a program to start, and the requests that it understands. */

import type { Request } from "../driver/stream.ts";
import type { Cores } from "../machine.ts";
import type { Supabase } from "../supabase/supabase.ts";

/** What relays are started in. */
export interface World {
  cores: Cores;
  providerPort: number;
  /** The Deno of the relays that run on Deno. */
  deno: string;
  /** Where our relay's inspector listens, for a profile. */
  inspectPort?: number;
  /** Where things that were fetched are kept. */
  cache: string;
  /** Of our relay; made when somebody asks first. */
  supabase(): Promise<Supabase>;
}

/** A kind of relay. */
export interface Relay {
  /** For `--relays`. */
  name: string;
  /** For the table. */
  title: string;
  /** Rejects with `Unavailable` where this machine cannot run it. */
  start(world: World): Promise<RunningRelay>;
}

/** One that serves. */
export interface RunningRelay {
  /** Its root process; null where there is none. */
  pid: number | null;
  /** One for each stream of this plan (see provider/plan.ts). */
  requests(plan: string, count: number): Promise<Request[]>;
  stop(): Promise<void>;
}

/** Something that this machine does not have: the relay is left out, and the table says so. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
