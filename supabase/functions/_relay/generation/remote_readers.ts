/** Follows, for clients of this worker, generations that other workers run. */

import type { Database } from "../database/database.ts";
import type { View } from "../database/read.ts";
import type { Platform } from "../platform/platform.ts";
import { type ClientWriter, createClientWriter } from "./client_stream.ts";
import { encode, frames } from "./frames.ts";
import { endOf, startOf, unseen } from "./catch_up.ts";
import { createRounds } from "../platform/interval.ts";
import { interruption } from "./stop.ts";

/** The clients of one worker that watch. */
export interface Watchers {
  /** A stream from the offset on, null: from the beginning; `view` is what the database said just now. */
  watch(
    userId: string,
    streamId: string,
    from: number | null,
    view: View,
    onOver: () => void,
  ): ReadableStream<Uint8Array>;
}

interface Watcher {
  userId: string;
  streamId: string;
  /** What the client has; it may be ahead of the database by what a beat had not brought yet. */
  from: number;
  writer: ClientWriter;
}

/** All watchers of the worker share one relay_read a beat, from start to start; without any nothing is asked. */
export function createWatchers(
  { clock, configuration, log, shutdown, workerId }: Platform,
  database: Pick<Database, "read">,
): Watchers {
  const watchers = new Set<Watcher>();

  async function read() {
    const asked = [...watchers];
    const views = await database.read(asked);
    asked.forEach((watcher, place) => tell(watcher, views[place]));
  }

  const reads = createRounds(clock, configuration.beatMs, read, {
    began: (cause) => log("warn", "reads_failing", { worker_id: workerId, cause }),
  });

  /** In one write: behind another one, an event that is larger than the client's queue would be too much. */
  function tell(watcher: Watcher, view: View | null, opening = "") {
    const { streamId, writer } = watcher;
    if (view === null) {
      // Deleted with all that was its user's.
      const { code, message, retryable } = interruption("lost").error!;
      writer.write(encode(frames.error({ code, message, retryable, stream_id: streamId, message_id: null })));
      return writer.close();
    }
    const { frame, offset } = unseen(view, watcher.from);
    watcher.from = offset;
    const end = endOf(streamId, view);
    writer.write(encode(opening + frame + (end ?? "")));
    if (end !== null) writer.close();
  }

  return {
    watch(userId, streamId, from, view, onOver) {
      let leaveShutdown = () => {};
      const writer = createClientWriter(clock, configuration.pingMs, () => {
        watchers.delete(watcher);
        leaveShutdown();
        if (watchers.size === 0) reads.rest();
      }, onOver);
      const watcher: Watcher = { userId, streamId, from: from ?? 0, writer };
      watchers.add(watcher);
      // Its generation goes on elsewhere: the client resumes on a worker that lives.
      leaveShutdown = shutdown.onShutdown(() => writer.close());
      tell(watcher, view, from ? "" : frames.start(startOf(streamId, view)));
      if (watchers.size > 0) reads.wake();
      return writer.body;
    },
  };
}
