/** The clients that read one generation on the worker that runs it. */

import type { Clock } from "../platform/clock.ts";
import type { StartData } from "../protocol/events.ts";
import { type ClientWriter, createClientWriter } from "./client_stream.ts";
import { encode, frames } from "./frames.ts";
import type { Transcript } from "./transcript.ts";

/** All clients get the same events from where they came in. */
export interface Readers {
  /** A stream from the offset on; null: from the beginning. `onOver` is called once, when nothing of it waits any more. */
  attach(from: number | null, onOver?: () => void): ReadableStream<Uint8Array>;
  write(frame: string): void;
  close(): void;
}

/** `onAllGone` is called when the last client has left; one that was detached has not, for it may be on its way back. */
export function createReaders(
  clock: Clock,
  pingMs: number,
  start: StartData,
  transcript: Transcript,
  onAllGone: () => void,
): Readers {
  const writers = new Set<ClientWriter>();
  return {
    attach(from, onOver) {
      const writer = createClientWriter(clock, pingMs, (how) => {
        writers.delete(writer);
        if (how === "gone" && writers.size === 0) onAllGone();
      }, onOver);
      writers.add(writer);
      writer.write(encode(opening(start, from, transcript)));
      return writer.body;
    },
    write(frame) {
      if (writers.size === 0) return;
      const bytes = encode(frame);
      for (const writer of writers) writer.write(bytes);
    },
    close() {
      for (const writer of [...writers]) writer.close();
    },
  };
}

/**
 * What a client gets at once. `start` has the id 0, which would take back what a resuming client has seen, so it opens
 * only a stream from the beginning; the text so far is one event.
 */
function opening(start: StartData, from: number | null, transcript: Transcript): string {
  let text = transcript.from(from ?? 0);
  // An offset amid a surrogate pair was never sent: half a character would not survive the way.
  if (/^[\uDC00-\uDFFF]/.test(text)) text = transcript.from(from! - 1);
  return (from ? "" : frames.start(start)) +
    (text === "" ? "" : frames.token(text, transcript.length));
}
