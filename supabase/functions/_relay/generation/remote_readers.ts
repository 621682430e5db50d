/** The clients of this worker that read generations of other workers, served from the database. */

import type { Database, View } from "../database/database.ts";
import { batchesOf, inLanes, isolate } from "../database/isolate.ts";
import { createInterval } from "../platform/interval.ts";
import type { Platform } from "../platform/platform.ts";
import { toBytes } from "../protocol/events.ts";
import { MAX_READ_READERS, READ_GIVE_UP_MS } from "../protocol/limits.ts";
import { lastEventOf, opening, startOf, textOf, unseen } from "./catch_up.ts";
import { ClientStream, type Seat } from "./client_stream.ts";
import { endingOf, EndReason, lastEvent, notStored } from "./ending.ts";

/** The remote readers of one worker. */
export interface RemoteReaders {
  /** A stream from the offset on; null: from the beginning. `view` is what the database has just answered. */
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
  /** The client's offset. It may be ahead of the database, which gets the text with the next beat. */
  from: number;
  stream: ClientStream;
  /** A call for it is running. */
  isAsked: boolean;
  /** Since when the calls for it have failed; null: the last one succeeded. */
  failingSince: number | null;
}

/**
 * All of them share a round of calls a beat. A reader that lacks more text than an answer holds is in a further call as
 * soon as its client has read what it got. There is one such call at a time; the reader that has waited longest comes
 * first. No call is made for a reader whose client has not read what it got.
 */
export function createRemoteReaders(
  platform: Platform,
  database: Pick<Database, "read">,
): RemoteReaders {
  const { clock, configuration, log, shutdown, workerId } = platform;
  const readers = new Set<RemoteReader>();
  const ask = (asked: RemoteReader[]) => askFor(asked, platform, database, take);
  const behind = createBehind(ask);

  function take(reader: RemoteReader, view: View | null) {
    const got = update(reader, view);
    if (readers.has(reader)) behind.note(reader, view?.more ?? false, got);
  }

  async function read() {
    const asked = [...readers].filter((reader) => mayAsk(reader) && !behind.has(reader));
    await inLanes([...batchesOf(asked, MAX_READ_READERS), ...batchesOf(behind.waiting(), MAX_READ_READERS)], ask);
    void behind.catchUp();
  }

  const reads = createInterval(clock, configuration.beatMs, read, {
    began: (cause) => log("warn", "reads_failing", { worker_id: workerId, cause }),
  });

  return {
    attach(userId, streamId, from, view, seat) {
      let leaveShutdown = () => {};
      const stream = new ClientStream(
        clock,
        configuration.pingMs,
        () => {
          readers.delete(reader);
          behind.delete(reader);
          leaveShutdown();
          if (readers.size === 0) reads.stop();
        },
        seat,
        () => behind.has(reader) && void behind.catchUp(),
      );
      const reader: RemoteReader = {
        ...{ userId, streamId, from: from ?? 0, stream },
        ...{ isAsked: false, failingSince: null },
      };
      readers.add(reader);
      // The generation goes on elsewhere, and the client resumes on another worker.
      leaveShutdown = shutdown.onShutdown(() => stream.close());
      const { written, offset } = opening(startOf(streamId, view), from, textOf(view));
      reader.from = offset;
      behind.note(reader, view.more, true);
      finishWith(reader, written, lastEventOf(streamId, view));
      if (readers.size > 0) reads.start();
      return stream.body;
    },
  };
}

/** Rejects if the database is away; a refusal ends only the stream that it is for. */
async function askFor(
  asked: RemoteReader[],
  { clock, log, workerId }: Platform,
  { read }: Pick<Database, "read">,
  take: (reader: RemoteReader, view: View | null) => void,
) {
  for (const reader of asked) reader.isAsked = true;
  try {
    await isolate(asked, async (some) => {
      const views = await read(some);
      some.forEach((reader, index) => take(reader, views[index]));
    }, ({ stream, streamId, userId }, cause) => {
      log("error", "read_refused", { worker_id: workerId, user_id: userId, stream_id: streamId, cause });
      stream.close();
    });
  } catch (cause) {
    for (const reader of asked) failed(reader, clock.now());
    throw cause;
  } finally {
    for (const reader of asked) reader.isAsked = false;
  }
}

/** Its client can try to read it on another worker. */
function failed(reader: RemoteReader, now: number) {
  reader.failingSince ??= now;
  if (now - reader.failingSince >= READ_GIVE_UP_MS) reader.stream.close();
}

/** Whether it got text. */
function update(reader: RemoteReader, view: View | null): boolean {
  reader.failingSince = null;
  if (view === null) {
    finishWith(reader, "", deletedEvent(reader.streamId));
    return false;
  }
  const { written, offset } = unseen(textOf(view), reader.from);
  reader.from = offset;
  finishWith(reader, written, lastEventOf(reader.streamId, view));
  return written !== "";
}

const mayAsk = ({ stream, isAsked }: RemoteReader) => stream.isDrained() && !isAsked;

/** The readers that lack text, those that wait longest first. */
function createBehind(ask: (readers: RemoteReader[]) => Promise<void>) {
  const behind = new Set<RemoteReader>();
  let isCatchingUp = false;

  async function askInTurn() {
    for (;;) {
      const next = [...behind].filter(mayAsk).slice(0, MAX_READ_READERS);
      if (next.length === 0) return;
      const { from } = next[0];
      await ask(next);
      // It was alone in the call: without this a wrong answer would be asked for without a pause.
      if (behind.has(next[0]) && next[0].from === from) return;
    }
  }

  return {
    has: (reader: RemoteReader) => behind.has(reader),
    delete: (reader: RemoteReader) => behind.delete(reader),
    /** The readers that no call is running for. */
    waiting: () => isCatchingUp ? [] : [...behind].filter(mayAsk),
    /** A reader that got text goes to the end of the queue. */
    note(reader: RemoteReader, more: boolean, got: boolean) {
      if (got || !more) behind.delete(reader);
      if (more) behind.add(reader);
    },
    /** What fails here is asked for again in the next round, which logs a failure. */
    async catchUp() {
      if (isCatchingUp) return;
      isCatchingUp = true;
      await askInTurn().catch(() => {});
      isCatchingUp = false;
    },
  };
}

/** Written together: an event that is larger than the client's queue is accepted only by an empty one. */
function finishWith({ stream }: RemoteReader, written: string, last: string | null) {
  stream.write(toBytes(written + (last ?? "")));
  if (last !== null) stream.close();
}

/** The generation was deleted with its user or conversation. */
function deletedEvent(streamId: string): string {
  return lastEvent(streamId, notStored(endingOf(new EndReason("lost")), { bot_id: null, model: null }), null);
}
