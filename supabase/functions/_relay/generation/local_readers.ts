/** The clients that read one generation on the worker that runs it. */

import type { Sent } from "../database/finish.ts";
import type { Clock } from "../platform/clock.ts";
import { type StartData, toBytes } from "../protocol/events.ts";
import { MAX_READ_UNITS } from "../protocol/limits.ts";
import { endsInsidePair } from "../protocol/utf16.ts";
import { opening, unseen } from "./catch_up.ts";
import { type ClientEnd, type ClientStream, createClientStream, type Seat } from "./client_stream.ts";
import type { Transcript } from "./transcript.ts";

/**
 * Units of text that come at once only where a provider sends a long text as one: it is given in parts of so many, which
 * follow each other sooner than a client can read.
 */
const LONG_TEXT_UNITS = 32 * 1024;

/** All readers get the same events from the offset at which they attached. */
export interface LocalReaders {
  /** A stream from the offset on; null: from the beginning. The seat is given back when nothing of it waits any more. */
  attach(from: number | null, seat: Seat): ReadableStream<Uint8Array>;
  write(written: string): void;
  /** Of one reader that is there it is taken that it may cancel; of none, that the one which left last may have. */
  sent(): Sent;
  /** With the last event: those that still catch up get it after the text that they lack. Without one: at once. */
  close(last?: string): void;
  /** After `close`: once no reader needs the transcript any more, which may be now. */
  afterLast(run: () => void): void;
}

/**
 * A reader that comes late catches up: it gets the text so far in parts, each once it has taken the one before, and only
 * then what comes. So does a reader for which no room is left when a long text comes at once.
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
  const behind = createBehind(transcript, (stream) => live.add(stream));
  const left = createLeft();
  /** The offset of live readers, and how many units the last write brought. */
  let liveAt = transcript.length;
  let more = 0;
  let isClosed = false;

  const sentTo = (stream: ClientStream) => live.has(stream) ? liveAt : behind.offsetOf(stream);

  return {
    attach(from, seat) {
      const onEnd = (how: ClientEnd) => {
        left.add(sentTo(stream));
        live.delete(stream);
        behind.delete(stream);
        if (how === "gone" && live.size + behind.size() === 0) onAllGone();
      };
      const stream: ClientStream = createClientStream(clock, pingMs, onEnd, seat, () => behind.catchUp(stream));
      const { written, offset } = opening(start, from, partAt(transcript, from ?? 0));
      if (offset > (from ?? 0)) behind.set(stream, offset);
      else live.add(stream);
      stream.write(toBytes(written));
      return stream.body;
    },
    write(written) {
      const before = liveAt;
      // The rest of a long text is shorter, and comes as soon.
      const isLong = Math.max(more, transcript.length - before) >= LONG_TEXT_UNITS;
      liveAt = transcript.length;
      more = liveAt - before;
      if (live.size === 0) return;
      const bytes = toBytes(written);
      for (const stream of live) {
        if (isLong && !stream.hasRoom(bytes.byteLength)) {
          live.delete(stream);
          behind.set(stream, before);
        } else stream.write(bytes);
      }
    },
    sent: () => left.with([...live, ...behind.streams()].map(sentTo)),
    close(last = "") {
      if (isClosed) return;
      isClosed = last !== "";
      for (const stream of [...live]) finish(stream, last);
      behind.close(last);
    },
    afterLast: behind.afterLast,
  };
}

/** The readers that catch up, each with the offset that it has. */
function createBehind(transcript: Transcript, onCaughtUp: (stream: ClientStream) => void) {
  const offsets = new Map<ClientStream, number>();
  let last = "";
  let onLast = () => {};

  function catchUp(stream: ClientStream) {
    const from = offsets.get(stream);
    if (from === undefined) return;
    const { written, offset } = unseen(partAt(transcript, from), from);
    offsets.set(stream, offset);
    if (offset < transcript.length) return stream.write(toBytes(written));
    if (last !== "") finish(stream, written + last);
    else if (written === "") {
      offsets.delete(stream);
      onCaughtUp(stream);
    } else stream.write(toBytes(written));
  }

  return {
    size: () => offsets.size,
    streams: () => offsets.keys(),
    offsetOf: (stream: ClientStream) => offsets.get(stream) ?? 0,
    set: (stream: ClientStream, offset: number) => void offsets.set(stream, offset),
    delete(stream: ClientStream) {
      offsets.delete(stream);
      if (offsets.size === 0) onLast();
    },
    catchUp,
    close(given: string) {
      last = given;
      for (const stream of [...offsets.keys()]) {
        if (last === "") stream.close();
        else if (stream.isDrained()) catchUp(stream);
      }
    },
    afterLast(run: () => void) {
      if (offsets.size === 0) run();
      else onLast = run;
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
