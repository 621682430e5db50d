/** Stores how a generation ended, however long the database is away. */

import type { Database } from "../database/database.ts";
import type { Ending, Outcome } from "../database/finish.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_PIECE_UNITS, MAX_STORAGE_BACKOFF_MS, STORAGE_GIVE_UP_MS } from "../protocol/limits.ts";
import { type AdmittedJob, logFields } from "./job.ts";
import type { Transcript } from "./transcript.ts";

const FIRST_BACKOFF_MS = 100;

/**
 * Repeats relay_finish, whose first call alone counts, so that an answer that was lost does no harm. Rejects with the
 * last failure once `STORAGE_GIVE_UP_MS` have passed. Null: the generation is gone with its user.
 */
export async function storeEnding(
  { clock, log }: Platform,
  database: Database,
  job: AdmittedJob,
  ending: Ending,
  transcript: Transcript,
): Promise<Outcome | null> {
  const startedAt = clock.now();
  for (let attempts = 1;; attempts++) {
    try {
      await storeAllButLast(database, job, transcript);
      const outcome = await database.finish(job.streamId, job.admission.fence, ending, transcript);
      if (attempts > 1) {
        log("info", "message_stored_late", { ...logFields(job), attempts, latency_ms: clock.now() - startedAt });
      }
      return outcome;
    } catch (cause) {
      const givesUp = clock.now() - startedAt >= STORAGE_GIVE_UP_MS;
      if (attempts === 1 || givesUp) {
        log(
          givesUp ? "error" : "warn",
          givesUp ? "message_lost" : "message_not_stored_yet",
          { ...logFields(job), attempts, cause },
        );
      }
      if (givesUp) throw cause;
    }
    await pause(clock, Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_STORAGE_BACKOFF_MS));
  }
}

/** A long text goes in pieces, so that no call, and no copy of the text that it needs, is larger than a piece. */
async function storeAllButLast(
  database: Database,
  { streamId, admission: { fence } }: AdmittedJob,
  transcript: Transcript,
): Promise<void> {
  while (transcript.length - transcript.storedUnits > MAX_PIECE_UNITS) {
    const before = transcript.storedUnits;
    const piece = transcript.unstored(MAX_PIECE_UNITS);
    const { stored } = await database.beat([{ streamId, fence, piece }]);
    transcript.stored(stored[streamId] ?? before);
    // Ended by somebody else, or swept: the finish finds out.
    if (transcript.storedUnits === before) return;
  }
}
