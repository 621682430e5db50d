/** Tells relay_beat which generations this worker runs. */

import type { Rpc } from "./rpc.ts";

/** A generation that this worker runs, and the piece of its text that the database lacks. */
export interface BeatEntry {
  streamId: string;
  fence: string;
  piece: { start: number; end: number; text: string };
}

/** What a beat brings back, by stream_id. */
export interface BeatAnswer {
  /** How many UTF-16 units of the text the database has. */
  stored: Record<string, number>;
  cancelled: string[];
  /** No longer this worker's to run: ended by somebody else, or gone. */
  lost: string[];
}

/** Renews the leases of all given generations and stores their pieces, in one round trip. */
export function beat(rpc: Rpc, entries: BeatEntry[], leaseMs: number): Promise<BeatAnswer> {
  return rpc("relay_beat", {
    stream_ids: entries.map((entry) => entry.streamId),
    fences: entries.map((entry) => entry.fence),
    lease_ms: leaseMs,
    starts: entries.map((entry) => entry.piece.start),
    ends: entries.map((entry) => entry.piece.end),
    texts: entries.map((entry) => entry.piece.text),
  });
}
