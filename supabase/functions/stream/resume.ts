/** Attaches a reader to a generation that exists: on this worker, on another, or ended. */

import type { Database } from "../_relay/database/database.ts";
import type { Generations } from "../_relay/generation/generations.ts";
import type { RemoteReaders } from "../_relay/generation/remote_readers.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_READ_STREAMS } from "../_relay/protocol/limits.ts";

/** The last offset that a client may name. */
const BEYOND_ANY_TEXT = 999_999_999;

/** What resuming needs. */
export interface ResumeDependencies {
  database: Pick<Database, "read">;
  generations: Pick<Generations, "attach">;
  remoteReaders: RemoteReaders;
}

/** The stream from the offset on, null: from the beginning; throws `stream_not_found` and `too_many_streams`. */
export type Resume = (userId: string, streamId: string, from: number | null) => Promise<ReadableStream<Uint8Array>>;

/** How much of a stream its reader has, by header or query; null: nothing. Throws `invalid_request` for no offset. */
export function lastEventId(request: Request): number | null {
  const { searchParams } = new URL(request.url);
  const text = request.headers.get("last-event-id") ?? searchParams.get("last_event_id") ??
    searchParams.get("lastEventId");
  if (text === null || text === "") return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RelayError(
    "invalid_request",
    "Cannot resume the stream: the last event id is not an offset",
    { issues: [{ path: "last_event_id", message: "Must be the id of an event, a number of at most 9 digits" }] },
  );
}

/** Throws `stream_not_found`. No reader is counted, and no text is read. */
export async function checkExists({ read }: Pick<Database, "read">, userId: string, streamId: string): Promise<void> {
  const [view] = await read([{ userId, streamId, from: BEYOND_ANY_TEXT }]);
  if (view === null) throw new RelayError("stream_not_found");
}

/**
 * On the worker that runs the generation, tokens come as they are made, and the database is not asked. It is asked for
 * another user's stream, whether that runs here or not, so that the time of the answer says nothing.
 */
export function createResume({ database, generations, remoteReaders }: ResumeDependencies): Resume {
  const takeSeat = createSeats();
  return async (userId, streamId, from) => {
    const leave = takeSeat(userId);
    try {
      const here = generations.attach(userId, streamId, from, leave);
      if (here !== null) return here;
      const [view] = await database.read([{ userId, streamId, from: from ?? 0 }]);
      if (view === null) throw new RelayError("stream_not_found");
      // It may have been admitted here since the database was asked.
      const begun = generations.attach(userId, streamId, from, leave);
      return begun ?? remoteReaders.attach(userId, streamId, from, view, leave);
    } catch (error) {
      leave();
      throw error;
    }
  };
}

/**
 * Counts each user's readers on this worker. What a reader has not read waits in memory, and keeps its seat. The returned
 * function gives the seat back, once, however often it is called.
 */
function createSeats(): (userId: string) => () => void {
  const seats = new Map<string, number>();
  return (userId) => {
    const taken = seats.get(userId) ?? 0;
    if (taken >= MAX_READ_STREAMS) {
      throw new RelayError(
        "too_many_streams",
        `Cannot read the stream: the limit is ${MAX_READ_STREAMS} at once`,
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
  };
}
