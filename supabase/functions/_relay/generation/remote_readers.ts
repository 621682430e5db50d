/** The clients of this worker that read generations of other workers, served from the database. */

import type { Database, View } from "../database/database.ts";
import { createInterval } from "../platform/interval.ts";
import type { Platform } from "../platform/platform.ts";
import { toBytes } from "../protocol/events.ts";
import { lastEventOf, opening, startOf, textOf, unseen } from "./catch_up.ts";
import { type ClientStream, createClientStream, type Seat } from "./client_stream.ts";
import { endingOf, EndReason, lastEvent, notStored } from "./ending.ts";

/** The remote readers of one worker. */
export interface RemoteReaders {
  /** A stream from the offset on, null: from the beginning; `view` is what the database has just answered. */
  attach(
    userId: string,
    streamId: string,
    from: number | null,
    view: View,
    seat: Seat,
  ): ReadableStream<Uint8Array>;
}

interface RemoteReader {
  userId: string;
  streamId: string;
  /** What the client has; it may be ahead of the database, which gets the text with the next beat. */
  from: number;
  stream: ClientStream;
}

/** All of them share one relay_read a beat; without readers there is none. */
export function createRemoteReaders(
  { clock, configuration, log, shutdown, workerId }: Platform,
  database: Pick<Database, "read">,
): RemoteReaders {
  const readers = new Set<RemoteReader>();

  async function read() {
    const asked = [...readers];
    const views = await database.read(asked);
    asked.forEach((reader, index) => update(reader, views[index]));
  }

  const reads = createInterval(clock, configuration.beatMs, read, {
    began: (cause) => log("warn", "reads_failing", { worker_id: workerId, cause }),
  });

  return {
    attach(userId, streamId, from, view, seat) {
      let leaveShutdown = () => {};
      const stream = createClientStream(clock, configuration.pingMs, () => {
        readers.delete(reader);
        leaveShutdown();
        if (readers.size === 0) reads.stop();
      }, seat);
      const reader: RemoteReader = { userId, streamId, from: from ?? 0, stream };
      readers.add(reader);
      // Its generation goes on elsewhere: the client resumes on a worker that lives.
      leaveShutdown = shutdown.onShutdown(() => stream.close());
      const { written, offset } = opening(startOf(streamId, view), from, textOf(view));
      reader.from = offset;
      finishWith(reader, written, lastEventOf(streamId, view));
      if (readers.size > 0) reads.start();
      return stream.body;
    },
  };
}

function update(reader: RemoteReader, view: View | null) {
  if (view === null) return finishWith(reader, "", deletedEvent(reader.streamId));
  const { written, offset } = unseen(textOf(view), reader.from);
  reader.from = offset;
  finishWith(reader, written, lastEventOf(reader.streamId, view));
}

/** Written together: an event that is larger than the client's queue is accepted only by an empty one. */
function finishWith({ stream }: RemoteReader, written: string, last: string | null) {
  stream.write(toBytes(written + (last ?? "")));
  if (last !== null) stream.close();
}

/** The generation was deleted with its user or conversation. */
function deletedEvent(streamId: string): string {
  return lastEvent(streamId, notStored(endingOf(new EndReason("lost"))), null);
}
