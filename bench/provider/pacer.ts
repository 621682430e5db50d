/** Sends the tokens of all paced streams from one timer: each stream keeps its own phase. */

import { now } from "../stamp.ts";

/** A stream that is told at a steady pace. */
export interface PacedStream {
  everyMs: number;
  left: number;
  /** False where nobody listens any more. */
  send(ms: number): boolean;
  end(): void;
}

/** Takes streams. */
export interface Pacer {
  add(stream: PacedStream): void;
}

/** Wakes once a millisecond as long as there are streams; what is late is sent late, and stamped when it is sent. */
export function createPacer(): Pacer {
  const streams = new Map<PacedStream, number>();
  function tick() {
    for (const [stream, due] of streams) {
      const ms = now();
      if (due > ms) continue;
      if (stream.left-- > 0 && stream.send(ms)) {
        streams.set(stream, due + stream.everyMs);
      } else {
        streams.delete(stream);
        stream.end();
      }
    }
    if (streams.size > 0) setTimeout(tick, 1);
  }
  return {
    add(stream) {
      if (streams.size === 0) setTimeout(tick, 1);
      streams.set(stream, now() + stream.everyMs);
    },
  };
}
