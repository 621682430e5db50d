/** The clients that read one generation on the worker that runs it. */

import type { Sent } from "../database/finish.ts";
import type { Clock } from "../platform/clock.ts";
import { type StartData, toBytes } from "../protocol/events.ts";
import { MAX_READ_UNITS } from "../protocol/limits.ts";
import { endsInsidePair } from "../protocol/utf16.ts";
import { opening, unseen } from "./catch_up.ts";
import { type ClientEnd, type ClientStream, createClientStream, type Seat } from "./client_stream.ts";
import type { Transcript } from "./transcript.ts";

/** All readers get the same events from the offset at which they attached. */
export interface LocalReaders {
  /** A stream from the offset on; null: from the beginning. The seat is given back when nothing of it waits any more. */
  attach(from: number | null, seat: Seat): ReadableStream<Uint8Array>;
  write(written: string): void;
  /** Of one reader that is there it is taken that it may cancel; of none, that the one which left last may have. */
  sent(): Sent;
  /** With the last event: those that still catch up get it after the text that they lack. Without one: at once. */
  close(last?: string): void;
}

/**
 * A reader that comes late catches up: it gets the text so far in parts, each once it has taken the one before, and only
 * then what comes.
 * `onAllGone` is called when the last client has left; one that was detached has not, and may come back.
 */
export function createLocalReaders(
  clock: Clock,
  pingMs: number,
  start: StartData,
  transcript: Transcript,
  onAllGone: () => void,
): LocalReaders {
  const live = new Set<ClientStream>();
  /** The readers that catch up, each with the offset that it has. */
  const behind = new Map<ClientStream, number>();
  const left = createLeft();
  let last = "";

  const sentTo = (stream: ClientStream) => live.has(stream) ? transcript.length : behind.get(stream) ?? 0;

  function catchUp(stream: ClientStream) {
    const from = behind.get(stream);
    if (from === undefined) return;
    const { written, offset } = unseen(partAt(transcript, from), from);
    behind.set(stream, offset);
    if (offset < transcript.length) return stream.write(toBytes(written));
    if (last !== "") finish(stream, written + last);
    else if (written === "") {
      behind.delete(stream);
      live.add(stream);
    } else stream.write(toBytes(written));
  }

  return {
    attach(from, seat) {
      const onEnd = (how: ClientEnd) => {
        left.add(sentTo(stream));
        live.delete(stream);
        behind.delete(stream);
        if (how === "gone" && live.size + behind.size === 0) onAllGone();
      };
      const stream: ClientStream = createClientStream(clock, pingMs, onEnd, seat, () => catchUp(stream));
      const { written, offset } = opening(start, from, partAt(transcript, from ?? 0));
      if (offset > (from ?? 0)) behind.set(stream, offset);
      else live.add(stream);
      stream.write(toBytes(written));
      return stream.body;
    },
    write(written) {
      if (live.size === 0) return;
      const bytes = toBytes(written);
      for (const stream of live) stream.write(bytes);
    },
    sent: () => left.with([...live, ...behind.keys()].map(sentTo)),
    close(given = "") {
      if (last !== "") return;
      last = given;
      for (const stream of [...live]) finish(stream, last);
      for (const stream of [...behind.keys()]) {
        if (last === "") stream.close();
        else if (stream.isDrained) catchUp(stream);
      }
    },
  };
}

/** What the readers that have left were sent. */
function createLeft() {
  let [last, before] = [0, 0];
  return {
    add(units: number) {
      [last, before] = [units, Math.max(last, before)];
    },
    /** With what those were sent that are there. */
    with(present: number[]): Sent {
      const most = Math.max(last, before);
      const units = Math.max(most, ...present);
      return { units, toOthers: [before, most][present.length] ?? units };
    },
  };
}

/** From one unit before the offset, because that may stand inside a surrogate pair. */
function partAt(transcript: Transcript, offset: number) {
  const start = Math.max(offset - 1, 0);
  const text = transcript.from(start, MAX_READ_UNITS);
  return { start, text: endsInsidePair(text) ? text.slice(0, -1) : text };
}

function finish(stream: ClientStream, written: string) {
  stream.write(toBytes(written));
  stream.close();
}
