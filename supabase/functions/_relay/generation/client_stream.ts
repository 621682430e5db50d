/** Writes events to one client, within a bounded queue. */

import type { Clock } from "../platform/clock.ts";
import { type Hold, MIN_EVENT_BYTES, QUEUED_EVENT_BYTES, READER_BYTES } from "../platform/memory.ts";
import { events, toBytes } from "../protocol/events.ts";
import { MAX_CLIENT_QUEUE_BYTES, READER_IDLE_MS } from "../protocol/limits.ts";

/**
 * How a client's stream ended. `gone`: the client left. `detached`: it did not read, so it gets no last event, and may
 * resume. `closed`: by the relay, after its last event.
 */
export type ClientEnd = "gone" | "detached" | "closed";

/** What a reader holds on its worker. */
export type Seat = Pick<Hold, "fits" | "end">;

/**
 * One client's stream. Once its end has begun, every call does nothing; what waits then is still delivered. If something
 * waits and the client reads nothing for `READER_IDLE_MS`, what waits is dropped and its stream ends. A ping goes out
 * after `pingMs` without an event, unless something waits. A class, like everything that each read goes through: closures
 * cost more.
 */
export class ClientStream {
  #isOpen = true;
  #eventsWaiting = 0;
  #queue: Queue;
  #silence: Silence;

  /**
   * `onEnd` is called once nothing more can be written, and the seat is given back once nothing waits. `onDrained` is
   * called when the client has read everything and wants more.
   */
  constructor(
    clock: Clock,
    pingMs: number,
    private onEnd: (how: ClientEnd) => void,
    private seat: Seat,
    private onDrained: () => void = () => {},
  ) {
    this.#queue = new Queue(() => this.#end("gone"), () => this.#isOpen && this.onDrained(), () => {
      this.#silence.end();
      this.seat.end();
    });
    this.#silence = new Silence(clock, pingMs, this.#queue, () => this.write(toBytes(events.ping())), () => {
      this.#end("detached");
      this.#queue.discard();
    });
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#queue.body;
  }

  /** Nothing waits for the client. */
  isDrained(): boolean {
    return this.#queue.waitingBytes === 0;
  }

  /**
   * Whether so many more bytes may wait; if not, the client is detached. An event that is larger than the whole queue
   * still goes to a client that keeps up.
   */
  hasRoom(bytes: number): boolean {
    const { waitingBytes } = this.#queue;
    return waitingBytes === 0 || waitingBytes + bytes <= MAX_CLIENT_QUEUE_BYTES;
  }

  write(bytes: Uint8Array) {
    if (!this.#isOpen || bytes.byteLength === 0) return;
    const waiting = this.#queue.waitingBytes;
    if (!this.hasRoom(bytes.byteLength)) return this.#end("detached");
    this.#eventsWaiting = waiting === 0 ? 1 : Math.min(this.#eventsWaiting + 1, 1 + waiting / MIN_EVENT_BYTES);
    const held = READER_BYTES + waiting + bytes.byteLength + this.#eventsWaiting * QUEUED_EVENT_BYTES;
    if (!this.seat.fits(held)) return this.#end("detached");
    this.#queue.add(bytes);
    this.#silence.touch(waiting === 0);
  }

  close() {
    this.#end("closed");
  }

  #end(how: ClientEnd) {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // The body of a client that does not read lives as long as its connection; what onEnd refers to must not.
    const { onEnd } = this;
    this.onEnd = this.onDrained = () => {};
    onEnd(how);
    if (how !== "gone") this.#queue.close();
  }
}

/**
 * The only holder of the body's controller: enqueue and close throw once a body is closed or cancelled. What waits is
 * kept here and not in the body, which could drop it only with an error.
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

  constructor(onCancel: () => void, private onDrained: () => void, private onOver: () => void) {
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      // Called when the client wants more, so this notices that an end which waits for it can be written.
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

  /** Drops what waits. */
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
    else this.onDrained();
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
    this.onOver();
  }
}

/**
 * One timer, however many events there are. It sends pings when the relay is silent, and ends a client that does not
 * read.
 */
class Silence {
  #touchedAt: number;
  #taken = 0;
  #takenAt: number;
  #check = () => this.#look();
  #clear: () => void;

  constructor(
    private clock: Clock,
    private pingMs: number,
    private queue: Pick<Queue, "waitingBytes" | "takenBytes">,
    private ping: () => void,
    private onIdle: () => void,
  ) {
    this.#touchedAt = this.#takenAt = clock.now();
    this.#clear = clock.after(pingMs, this.#check);
  }

  touch(wasDrained: boolean) {
    this.#touchedAt = this.clock.now();
    if (wasDrained) this.#takenAt = this.#touchedAt;
  }

  end() {
    this.#clear();
  }

  #look() {
    const now = this.clock.now();
    const waits = this.queue.waitingBytes > 0;
    if (!waits || this.queue.takenBytes > this.#taken) {
      this.#taken = this.queue.takenBytes;
      this.#takenAt = now;
    }
    if (now - this.#takenAt >= READER_IDLE_MS) return this.onIdle();
    if (now - this.#touchedAt >= this.pingMs && !waits) this.ping();
    const due = waits ? Math.min(now + this.pingMs, this.#takenAt + READER_IDLE_MS) : this.#touchedAt + this.pingMs;
    this.#clear = this.clock.after(Math.max(due - now, 1), this.#check);
  }
}
