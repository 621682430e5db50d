/** Writes events to one client, within a bounded queue. */

import type { Clock } from "../platform/clock.ts";
import { type Hold, MIN_EVENT_BYTES, QUEUED_EVENT_BYTES, READER_BYTES } from "../platform/memory.ts";
import { events, toBytes } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES, READER_IDLE_MS } from "../protocol/limits.ts";

/** One client's stream. Once its end has begun, every call does nothing. */
export interface ClientStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Nothing waits for the client. */
  isDrained(): boolean;
  /** Whether so many bytes may wait, too; a client is detached where they may not. */
  hasRoom(bytes: number): boolean;
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
 * back when nothing waits any more, each once. A client for which something waits, and that takes nothing for
 * `READER_IDLE_MS`, loses what waits: its stream ends. `onDrained` is called when it has taken all and would take more.
 * A ping goes out after `pingMs` without an event, unless something waits.
 */
export function createClientStream(
  clock: Clock,
  pingMs: number,
  onEnd: (how: ClientEnd) => void,
  seat: Seat,
  onDrained: () => void = () => {},
): ClientStream {
  let open = true;
  let eventsWaiting = 0;
  const queue: Queue = new Queue(() => end("gone"), () => open && onDrained(), () => {
    silence.end();
    seat.end();
  });
  const silence = watchSilence(clock, pingMs, queue, () => write(toBytes(events.ping())), () => {
    end("detached");
    queue.discard();
  });

  function end(how: ClientEnd) {
    if (!open) return;
    open = false;
    // The body of a client that does not read lives as long as its connection; what onEnd holds must not.
    const notify = onEnd;
    onEnd = onDrained = () => {};
    notify(how);
    if (how !== "gone") queue.close();
  }

  /** An event that is larger than the whole queue still goes to a client that keeps up. */
  function hasRoom(bytes: number): boolean {
    return queue.waitingBytes === 0 || queue.waitingBytes + bytes <= MAX_CLIENT_QUEUE_BYTES;
  }

  function write(bytes: Uint8Array) {
    if (!open || bytes.byteLength === 0) return;
    const waiting = queue.waitingBytes;
    if (!hasRoom(bytes.byteLength)) return end("detached");
    eventsWaiting = waiting === 0 ? 1 : Math.min(eventsWaiting + 1, 1 + waiting / MIN_EVENT_BYTES);
    const held = READER_BYTES + waiting + bytes.byteLength + eventsWaiting * QUEUED_EVENT_BYTES;
    if (!seat.fits(held)) return end("detached");
    queue.add(bytes);
    silence.touch(waiting === 0);
  }

  return {
    body: queue.body,
    isDrained: () => queue.waitingBytes === 0,
    hasRoom,
    write,
    close: () => end("closed"),
  };
}

/**
 * The only holder of the body's controller: enqueue and close throw once a body is closed or cancelled. What waits is
 * kept here and not in the body, which would not let it go without an error.
 */
class Queue {
  takenBytes = 0;
  waitingBytes = 0;
  readonly body: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #waiting: Uint8Array[] = [];
  /** The client has asked for more than it got. */
  #wanted = false;
  #closing = false;
  #over = false;
  #onDrained: () => void;
  #onOver: () => void;

  constructor(onCancel: () => void, onDrained: () => void, onOver: () => void) {
    this.#onDrained = onDrained;
    this.#onOver = onOver;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      // Called once the client waits, so an end that waits for its reader is noticed here.
      pull: () => this.#pull(),
      cancel: () => {
        onCancel();
        this.#finish();
      },
      // Above 0 the stream asks for more after each write, which costs a promise each time.
    }, new ByteLengthQueuingStrategy({ highWaterMark: 0 }));
  }

  add(bytes: Uint8Array) {
    if (this.#wanted) return this.#give(bytes);
    this.#waiting.push(bytes);
    this.waitingBytes += bytes.byteLength;
  }

  close() {
    this.#closing = true;
    if (this.#over || this.#waiting.length > 0) return;
    this.#controller.close();
    this.#finish();
  }

  /** What waits is let go. */
  discard() {
    this.#waiting = [];
    this.close();
  }

  #pull() {
    this.#wanted = true;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.waitingBytes -= next.byteLength;
      this.#give(next);
    } else if (this.#closing) this.close();
    else this.#onDrained();
  }

  #give(bytes: Uint8Array) {
    this.#wanted = false;
    this.takenBytes += bytes.byteLength;
    this.#controller.enqueue(bytes);
  }

  #finish() {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.waitingBytes = 0;
    this.#onOver();
  }
}

/** One timer watches for silence, however many events there are: the relay's own, and a client's that does not read. */
function watchSilence(
  clock: Clock,
  pingMs: number,
  queue: Pick<Queue, "waitingBytes" | "takenBytes">,
  ping: () => void,
  onIdle: () => void,
) {
  let touchedAt = clock.now();
  let taken = 0;
  let takenAt = touchedAt;
  let clear = clock.after(pingMs, check);

  function check() {
    const now = clock.now();
    const waits = queue.waitingBytes > 0;
    if (!waits || queue.takenBytes > taken) {
      taken = queue.takenBytes;
      takenAt = now;
    }
    if (now - takenAt >= READER_IDLE_MS) return onIdle();
    if (now - touchedAt >= pingMs && !waits) ping();
    const due = waits ? Math.min(now + pingMs, takenAt + READER_IDLE_MS) : touchedAt + pingMs;
    clear = clock.after(Math.max(due - now, 1), check);
  }

  return {
    touch(wasDrained: boolean) {
      touchedAt = clock.now();
      if (wasDrained) takenAt = touchedAt;
    },
    end: () => clear(),
  };
}
