/** Writes events to one client, within a bounded queue. */

import type { Clock } from "../platform/clock.ts";
import { type Hold, MIN_EVENT_BYTES, QUEUED_EVENT_BYTES, READER_BYTES } from "../platform/memory.ts";
import { events, toBytes } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";

/** One client's stream. Once its end has begun, every call does nothing. */
export interface ClientStream {
  readonly body: ReadableStream<Uint8Array>;
  write(bytes: Uint8Array): void;
  close(): void;
}

/**
 * How a client's stream ended. `gone`: the client left. `detached`: it did not read, so it gets no last event, and may
 * resume. `closed`: by the relay, after its last event.
 */
export type ClientEnd = "gone" | "detached" | "closed";

/** What a reader holds on its worker. */
export type Seat = Pick<Hold, "fits" | "end">;

/**
 * What waits at the end is still delivered: `onEnd` is called when nothing more can be written, and the seat is given
 * back when nothing waits any more, each once. A ping goes out after `pingMs` without an event.
 */
export function createClientStream(
  clock: Clock,
  pingMs: number,
  onEnd: (how: ClientEnd) => void,
  seat: Seat,
): ClientStream {
  let open = true;
  let eventsWaiting = 0;
  const queue = createQueue(() => end("gone"), seat.end);
  const pings = startPings(clock, pingMs, () => write(toBytes(events.ping())));

  function end(how: ClientEnd) {
    if (!open) return;
    open = false;
    pings.end();
    // The body of a client that does not read lives as long as its connection; what onEnd holds must not.
    const notify = onEnd;
    onEnd = () => {};
    notify(how);
    if (how !== "gone") queue.close();
  }

  function write(bytes: Uint8Array) {
    if (!open || bytes.byteLength === 0) return;
    const waiting = queue.waitingBytes();
    // An event that is larger than the whole queue still goes to a client that keeps up.
    if (waiting > 0 && waiting + bytes.byteLength > MAX_CLIENT_QUEUE_BYTES) return end("detached");
    eventsWaiting = waiting === 0 ? 1 : Math.min(eventsWaiting + 1, 1 + waiting / MIN_EVENT_BYTES);
    const held = READER_BYTES + waiting + bytes.byteLength + eventsWaiting * QUEUED_EVENT_BYTES;
    if (!seat.fits(held)) return end("detached");
    queue.add(bytes);
    pings.touch();
  }

  return { body: queue.body, write, close: () => end("closed") };
}

/**
 * The only holder of the body's controller: enqueue and close throw once a body is closed or cancelled. enqueue itself
 * never refuses, so its user measures what waits.
 */
function createQueue(onCancel: () => void, onOver: () => void) {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let closing = false;
  let over = false;

  const waitingBytes = () => -(controller.desiredSize ?? 0);

  function closeOnceRead() {
    if (!closing || over || waitingBytes() > 0) return;
    controller.close();
    finish();
  }

  function finish() {
    if (over) return;
    over = true;
    onOver();
  }

  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    // Called when nothing waits, so an end that waits for its reader is noticed here.
    pull: closeOnceRead,
    cancel() {
      onCancel();
      finish();
    },
    // Above 0 the stream asks for more after each write, which costs a promise each time.
  }, new ByteLengthQueuingStrategy({ highWaterMark: 0 }));

  return {
    body,
    waitingBytes,
    add: (bytes: Uint8Array) => controller.enqueue(bytes),
    close() {
      closing = true;
      closeOnceRead();
    },
  };
}

/** One timer watches for silence, however many events there are. */
function startPings(clock: Clock, pingMs: number, ping: () => void) {
  let touchedAt = clock.now();
  let ended = false;
  let clear = clock.after(pingMs, check);

  function check() {
    if (clock.now() - touchedAt >= pingMs) ping();
    if (!ended) clear = clock.after(Math.max(touchedAt + pingMs - clock.now(), 1), check);
  }

  return {
    touch() {
      touchedAt = clock.now();
    },
    end() {
      ended = true;
      clear();
    },
  };
}
