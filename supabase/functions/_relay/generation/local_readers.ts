/** The clients that read one generation on the worker that runs it. */

import type { Sent } from "../database/finish.ts";
import type { Clock } from "../platform/clock.ts";
import { type StartData, toBytes } from "../protocol/events.ts";
import { MAX_READ_UNITS } from "../protocol/limits.ts";
import { endsInsidePair } from "../protocol/utf16.ts";
import { opening, unseen } from "./catch_up.ts";
import { type ClientEnd, ClientStream, type Seat } from "./client_stream.ts";
import type { Transcript } from "./transcript.ts";

/**
 * So many units come at once only if a provider sends a long text as one. Such a text is given in parts of this size,
 * which follow each other faster than a client can read.
 */
const LONG_TEXT_UNITS = 32 * 1024;

/**
 * All readers get the same events from the offset at which they attached. One that attaches late catches up: it gets the
 * text so far in parts, each after it has read the one before, and only then new text. So does a reader that has no room
 * left when a long text comes at once. A class, because a generation keeps it until its end: its methods as closures took
 * 2 KB.
 */
export class LocalReaders {
  #live = new Set<ClientStream>();
  #behind: Behind;
  #left = new Left();
  /** The offset of the readers that have all text, and how many units the last write brought. */
  #liveAt: number;
  #more = 0;
  #isClosed = false;

  /** `onAllGone` is called when the last client has left; one that was detached has not, and may come back. */
  constructor(
    private clock: Clock,
    private pingMs: number,
    private start: StartData,
    private transcript: Transcript,
    private onAllGone: () => void,
  ) {
    this.#behind = new Behind(transcript, this.#live);
    this.#liveAt = transcript.length;
  }

  /** A stream from the offset on; null: from the beginning. Its seat is given back once nothing of it waits. */
  attach(from: number | null, seat: Seat): ReadableStream<Uint8Array> {
    const stream: ClientStream = new ClientStream(
      this.clock,
      this.pingMs,
      (how) => this.#end(stream, how),
      seat,
      () => this.#behind.catchUp(stream),
    );
    const { written, offset } = opening(this.start, from, partAt(this.transcript, from ?? 0));
    if (offset > (from ?? 0)) this.#behind.set(stream, offset);
    else this.#live.add(stream);
    stream.write(toBytes(written));
    return stream.body;
  }

  write(written: string) {
    const before = this.#liveAt;
    const { length } = this.transcript;
    // The last part of a long text is shorter, and follows as fast as the others.
    const isLong = Math.max(this.#more, length - before) >= LONG_TEXT_UNITS;
    this.#liveAt = length;
    this.#more = length - before;
    if (this.#live.size === 0) return;
    const bytes = toBytes(written);
    for (const stream of this.#live) {
      if (isLong && !stream.hasRoom(bytes.byteLength)) {
        this.#live.delete(stream);
        this.#behind.set(stream, before);
      } else stream.write(bytes);
    }
  }

  /** The reader that may have cancelled is the only one attached, or, if none is, the one that left last. */
  sent(): Sent {
    return this.#left.with([...this.#live, ...this.#behind.streams()].map((stream) => this.#sentTo(stream)));
  }

  /**
   * With a last event: readers that still catch up get it after the text that they lack. Without one: ends all at once.
   */
  close(last = "") {
    if (this.#isClosed) return;
    this.#isClosed = last !== "";
    for (const stream of [...this.#live]) finish(stream, last);
    this.#behind.close(last);
  }

  /** After `close`: called once no reader needs the transcript any more, which may be at once. */
  afterLast(run: () => void) {
    this.#behind.afterLast(run);
  }

  #end(stream: ClientStream, how: ClientEnd) {
    this.#left.add(this.#sentTo(stream));
    this.#live.delete(stream);
    this.#behind.delete(stream);
    if (how === "gone" && this.#live.size + this.#behind.size() === 0) this.onAllGone();
  }

  #sentTo(stream: ClientStream): number {
    return this.#live.has(stream) ? this.#liveAt : this.#behind.offsetOf(stream);
  }
}

/** The readers that catch up, each with its offset; one that has all text is live. */
class Behind {
  #offsets = new Map<ClientStream, number>();
  #last = "";
  #onLast = () => {};

  constructor(private transcript: Transcript, private live: Set<ClientStream>) {}

  size(): number {
    return this.#offsets.size;
  }

  streams(): Iterable<ClientStream> {
    return this.#offsets.keys();
  }

  offsetOf(stream: ClientStream): number {
    return this.#offsets.get(stream) ?? 0;
  }

  set(stream: ClientStream, offset: number) {
    this.#offsets.set(stream, offset);
  }

  delete(stream: ClientStream) {
    this.#offsets.delete(stream);
    if (this.#offsets.size === 0) this.#onLast();
  }

  catchUp(stream: ClientStream) {
    const from = this.#offsets.get(stream);
    if (from === undefined) return;
    const { written, offset } = unseen(partAt(this.transcript, from), from);
    this.#offsets.set(stream, offset);
    if (offset < this.transcript.length) return stream.write(toBytes(written));
    if (this.#last !== "") finish(stream, written + this.#last);
    else if (written === "") {
      this.#offsets.delete(stream);
      this.live.add(stream);
    } else stream.write(toBytes(written));
  }

  close(last: string) {
    this.#last = last;
    for (const stream of [...this.#offsets.keys()]) {
      if (last === "") stream.close();
      else if (stream.isDrained()) this.catchUp(stream);
    }
  }

  afterLast(run: () => void) {
    if (this.#offsets.size === 0) run();
    else this.#onLast = run;
  }
}

/** What the readers that have left were sent. */
class Left {
  #last = 0;
  #before = 0;

  add(units: number) {
    this.#before = Math.max(this.#last, this.#before);
    this.#last = units;
  }

  /** Includes what the readers that are still attached were sent. */
  with(present: number[]): Sent {
    const most = Math.max(this.#last, this.#before);
    const units = Math.max(most, ...present);
    return { units, toOthers: [this.#before, most][present.length] ?? units };
  }
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
