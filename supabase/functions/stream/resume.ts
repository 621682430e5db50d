/** Attaches a reader to a generation that exists: on this worker, on another, or ended. */

import type { Database } from "../_relay/database/database.ts";
import type { Seat } from "../_relay/generation/client_stream.ts";
import type { Generations } from "../_relay/generation/generations.ts";
import type { RemoteReaders } from "../_relay/generation/remote_readers.ts";
import { READER_BYTES } from "../_relay/platform/memory.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import type { Turns } from "../_relay/platform/turns.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_READ_STREAMS } from "../_relay/protocol/limits.ts";

/** The last offset that a client may name. */
const BEYOND_ANY_TEXT = 999_999_999;

/** What resuming needs. */
export interface ResumeDependencies {
  platform: Platform;
  database: Pick<Database, "read">;
  calls: Turns;
  generations: Pick<Generations, "attach">;
  remoteReaders: RemoteReaders;
}

/** The stream from the offset on, null: from the beginning. Throws `stream_not_found`, `too_many_streams`, `overloaded`. */
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
export async function checkExists(
  { database, calls }: Pick<ResumeDependencies, "database" | "calls">,
  userId: string,
  streamId: string,
): Promise<void> {
  const [view] = await calls.run(userId, () => database.read([{ userId, streamId, from: BEYOND_ANY_TEXT }]));
  if (view === null) throw new RelayError("stream_not_found");
}

/**
 * On the worker that runs the generation, tokens come as they are made, and the database is not asked. For another
 * user's stream it is asked, whether that runs here or not, so that the time of the answer reveals nothing.
 */
export function createResume({ platform, database, calls, generations, remoteReaders }: ResumeDependencies): Resume {
  const takeSeat = createSeats(platform);
  return async (userId, streamId, from) => {
    const seat = takeSeat(userId);
    try {
      const here = generations.attach(userId, streamId, from, seat);
      if (here !== null) return here;
      const [view] = await calls.run(userId, () => database.read([{ userId, streamId, from: from ?? 0 }]));
      if (view === null) throw new RelayError("stream_not_found");
      // It may have been admitted here since the database was asked.
      const begun = generations.attach(userId, streamId, from, seat);
      return begun ?? remoteReaders.attach(userId, streamId, from, view, seat);
    } catch (error) {
      seat.end();
      throw error;
    }
  };
}

/**
 * Counts each user's readers on this worker. What a client has not read waits in memory, and keeps the reader's seat. A
 * seat is given back once, however often it is ended.
 */
function createSeats({ memory }: Platform): (userId: string) => Seat {
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
    const hold = memory.open(userId, READER_BYTES);
    seats.set(userId, taken + 1);
    let held = true;
    return {
      fits: (bytes) => hold.fits(bytes),
      end() {
        if (!held) return;
        held = false;
        hold.end();
        const left = seats.get(userId)! - 1;
        if (left === 0) seats.delete(userId);
        else seats.set(userId, left);
      },
    };
  };
}
