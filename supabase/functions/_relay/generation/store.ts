/** Stores how a generation ended, however long the database is away. */

import type { Database } from "../database/database.ts";
import type { Ending, StoredEnding } from "../database/finish.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_CHUNK_UNITS, MAX_STORAGE_BACKOFF_MS, STORAGE_GIVE_UP_MS } from "../protocol/limits.ts";
import { type Generation, logFields } from "./generation.ts";

const FIRST_BACKOFF_MS = 100;

/**
 * Repeats relay_finish, whose first call alone counts, so that an answer that got lost does no harm. Rejects with the
 * last failure once `STORAGE_GIVE_UP_MS` have passed. Null: the generation is gone with its user.
 */
export async function storeEnding(
  { clock, log }: Platform,
  database: Pick<Database, "beat" | "finish">,
  generation: Generation,
  ending: Ending,
): Promise<StoredEnding | null> {
  const { streamId, fence, transcript, readers } = generation;
  const fields = logFields(generation);
  const startedAt = clock.now();
  for (let attempts = 1;; attempts++) {
    try {
      await storeAllButLastChunk(database, generation);
      const stored = await database.finish(streamId, fence, ending, transcript, readers.sent());
      if (attempts > 1) {
        log("info", "message_stored_late", { ...fields, attempts, latency_ms: clock.now() - startedAt });
      }
      if (stored?.error_code === "internal" && ending.errorCode !== null && ending.errorCode !== "internal") {
        log("warn", "ending_code_unknown", { ...fields, code: ending.errorCode });
      }
      return stored;
    } catch (cause) {
      const givesUp = clock.now() - startedAt >= STORAGE_GIVE_UP_MS;
      if (givesUp) log("error", "message_lost", { ...fields, attempts, cause });
      else if (attempts === 1) log("warn", "message_not_stored_yet", { ...fields, attempts, cause });
      if (givesUp) throw cause;
    }
    await pause(clock, Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_STORAGE_BACKOFF_MS));
  }
}

/** A long text is sent in chunks, so that no call, and no copy that a call needs, is larger than one chunk. */
async function storeAllButLastChunk(
  database: Pick<Database, "beat">,
  { streamId, fence, transcript, readers }: Generation,
): Promise<void> {
  while (transcript.length - transcript.storedUnits > MAX_CHUNK_UNITS) {
    const before = transcript.storedUnits;
    const chunk = transcript.unstored(MAX_CHUNK_UNITS);
    const { stored } = await database.beat([{ streamId, fence, chunk, sent: readers.sent() }]);
    transcript.markStored(stored.get(streamId) ?? before);
    // Ended elsewhere, or swept: relay_finish says which.
    if (transcript.storedUnits === before) return;
  }
}
