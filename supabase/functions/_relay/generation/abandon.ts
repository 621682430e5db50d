/** Ends what relay_begin may have begun, where its answer never came. */

import type { Database } from "../database/database.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { ABANDON_GIVE_UP_MS } from "../protocol/limits.ts";
import { endingOf, interruption } from "./stop.ts";
import { createTranscript } from "./transcript.ts";

const FIRST_PAUSE_MS = 1_000;

/**
 * The client was told that the database is away, and may ask again with the same stream_id: it should find an end there,
 * and not a generation that nobody runs. The call may still be under way in the database, so "there is none" is believed
 * only after some time; what is left then is the lease's to end.
 */
export async function abandon(
  { clock }: Platform,
  database: Pick<Database, "finish">,
  streamId: string,
  fence: string,
): Promise<void> {
  const until = clock.now() + ABANDON_GIVE_UP_MS;
  const ending = { ...endingOf(interruption("lost")), usage: null, firstTokenMs: null, overheadMs: null };
  for (let ms = FIRST_PAUSE_MS;; ms *= 2) {
    const outcome = await database.finish(streamId, fence, ending, createTranscript()).catch(() => null);
    if (outcome !== null || clock.now() + ms >= until) return;
    await pause(clock, ms);
  }
}
