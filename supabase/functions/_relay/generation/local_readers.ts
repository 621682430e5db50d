/** The clients that read one generation on the worker that runs it. */

import type { Clock } from "../platform/clock.ts";
import { type StartData, toBytes } from "../protocol/events.ts";
import { opening } from "./catch_up.ts";
import { type ClientStream, createClientStream, type Seat } from "./client_stream.ts";
import type { Transcript } from "./transcript.ts";

/** All readers get the same events from the offset at which they attached. */
export interface LocalReaders {
  /** A stream from the offset on; null: from the beginning. The seat is given back when nothing of it waits any more. */
  attach(from: number | null, seat: Seat): ReadableStream<Uint8Array>;
  write(written: string): void;
  close(): void;
}

/** `onAllGone` is called when the last client has left; one that was detached has not, and may come back. */
export function createLocalReaders(
  clock: Clock,
  pingMs: number,
  start: StartData,
  transcript: Transcript,
  onAllGone: () => void,
): LocalReaders {
  const streams = new Set<ClientStream>();
  return {
    attach(from, seat) {
      const stream = createClientStream(clock, pingMs, (how) => {
        streams.delete(stream);
        if (how === "gone" && streams.size === 0) onAllGone();
      }, seat);
      streams.add(stream);
      // From one unit before, because the offset may stand inside a surrogate pair.
      const textStart = Math.max((from ?? 0) - 1, 0);
      const { written } = opening(start, from, { start: textStart, text: transcript.from(textStart) });
      stream.write(toBytes(written));
      return stream.body;
    },
    write(written) {
      if (streams.size === 0) return;
      const bytes = toBytes(written);
      for (const stream of streams) stream.write(bytes);
    },
    close() {
      for (const stream of [...streams]) stream.close();
    },
  };
}
