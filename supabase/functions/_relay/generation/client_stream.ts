/** Writes events to one client, within a bounded queue. */

import type { Clock } from "../platform/clock.ts";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { encode, frames } from "./frames.ts";

/** One client's stream. Once its end has begun, every call does nothing. */
export interface ClientWriter {
  readonly body: ReadableStream<Uint8Array>;
  write(bytes: Uint8Array): void;
  close(): void;
}

/**
 * How a client's stream ended. `gone`: the client left. `detached`: it did not read, so it gets no last event, and may
 * resume. `closed`: by the relay, after its last event.
 */
export type ClientEnd = "gone" | "detached" | "closed";

/**
 * The only holder of the stream's controller, for enqueue and close throw once a stream is closed or cancelled. enqueue
 * itself never refuses, so the queue is measured before each write. What waits at the end is still delivered: `onEnd` is
 * called when nothing more can be written, `onOver` when nothing waits any more, and each once. A ping goes out after
 * `pingMs` without an event; one timer watches for that, however many events there are.
 */
export function createClientWriter(
  clock: Clock,
  pingMs: number,
  onEnd: (how: ClientEnd) => void,
  onOver: () => void = () => {},
): ClientWriter {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let open = true;
  let over = false;
  let writtenAt = clock.now();
  let clearPing = clock.after(pingMs, ping);

  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    // Called when nothing waits: the place where an end that waits for the reader is noticed.
    pull: closeOnceRead,
    cancel() {
      end("gone");
      finish();
    },
    // No mark but zero: above it the stream asks for more behind each write, which costs a promise for each.
  }, new ByteLengthQueuingStrategy({ highWaterMark: 0 }));

  function waitingBytes(): number {
    return -(controller.desiredSize ?? 0);
  }

  function end(how: ClientEnd) {
    if (!open) return;
    open = false;
    clearPing();
    // The body of a client that does not read lives as long as its connection: the generation behind onEnd shall not.
    const tell = onEnd;
    onEnd = () => {};
    tell(how);
    if (how !== "gone") closeOnceRead();
  }

  function closeOnceRead() {
    if (open || over || waitingBytes() > 0) return;
    controller.close();
    finish();
  }

  function finish() {
    if (over) return;
    over = true;
    onOver();
  }

  function ping() {
    const silentMs = clock.now() - writtenAt;
    if (silentMs >= pingMs) write(encode(frames.ping()));
    if (open) {
      clearPing = clock.after(Math.max(writtenAt + pingMs - clock.now(), 1), ping);
    }
  }

  function write(bytes: Uint8Array) {
    if (!open || bytes.byteLength === 0) return;
    const waiting = waitingBytes();
    // An event that is larger than the whole queue still goes to a client that keeps up.
    if (waiting > 0 && waiting + bytes.byteLength > MAX_CLIENT_QUEUE_BYTES) {
      return end("detached");
    }
    controller.enqueue(bytes);
    writtenAt = clock.now();
  }

  return { body, write, close: () => end("closed") };
}
