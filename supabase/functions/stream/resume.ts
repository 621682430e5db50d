/** Lets a reader into a generation that exists: on this worker, on another, or ended. */

import type { Database } from "../_relay/database/database.ts";
import type { Generations } from "../_relay/generation/generations.ts";
import type { Watchers } from "../_relay/generation/remote_readers.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_WATCHED_STREAMS } from "../_relay/protocol/limits.ts";

/** What resuming needs. */
export interface ResumeDependencies {
  database: Pick<Database, "read">;
  generations: Pick<Generations, "attach">;
  watchers: Watchers;
}

/** The stream from the offset on, null: from the beginning; throws `stream_not_found` and `too_many_streams`. */
export type Resume = (userId: string, streamId: string, from: number | null) => Promise<ReadableStream<Uint8Array>>;

/**
 * Here, tokens come as they are made, and the database is not asked. For a stream of another user's this worker asks it
 * all the same, so that the time of the answer tells nothing.
 */
export function createResume({ database, generations, watchers }: ResumeDependencies): Resume {
  const seats = new Map<string, number>();

  /** What a reader has not read waits in memory, and keeps its seat. Gives it back once, however often it is called. */
  function takeSeat(userId: string): () => void {
    const taken = seats.get(userId) ?? 0;
    if (taken >= MAX_WATCHED_STREAMS) {
      throw new RelayError(
        "too_many_streams",
        `Cannot watch the stream: the limit is ${MAX_WATCHED_STREAMS} at once`,
        { retryAfter: 5 },
      );
    }
    seats.set(userId, taken + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = seats.get(userId)! - 1;
      if (left === 0) seats.delete(userId);
      else seats.set(userId, left);
    };
  }

  return async (userId, streamId, from) => {
    const leave = takeSeat(userId);
    try {
      const here = generations.attach(userId, streamId, from, leave);
      if (here !== null) return here;
      const [view] = await database.read([{ userId, streamId, from: from ?? 0 }]);
      if (view === null) {
        throw new RelayError("stream_not_found", "Cannot find the stream");
      }
      // It may have been admitted here while the database was asked.
      const begun = generations.attach(userId, streamId, from, leave);
      if (begun !== null) return begun;
      return watchers.watch(userId, streamId, from, view, leave);
    } catch (error) {
      leave();
      throw error;
    }
  };
}
