/** Tells relay_beat which generations this worker runs. */

import type { Rpc } from "./rpc.ts";

/** What a beat brings back, as stream_ids. */
export interface BeatAnswer {
  cancelled: string[];
  /** No longer this worker's to run: ended by somebody else, or gone. */
  lost: string[];
}

/** Renews the leases of all given generations in one round trip. */
export function beat(
  rpc: Rpc,
  generations: { streamId: string; fence: string }[],
  leaseMs: number,
): Promise<BeatAnswer> {
  return rpc("relay_beat", {
    stream_ids: generations.map((generation) => generation.streamId),
    fences: generations.map((generation) => generation.fence),
    lease_ms: leaseMs,
  });
}
