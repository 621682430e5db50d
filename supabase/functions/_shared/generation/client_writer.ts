/** Writes events to one client, within a bounded queue. */

import type { Clock } from "../platform/clock.ts";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { frames } from "./frames.ts";

/** One client's stream. Once it has ended, every call does nothing. */
export interface ClientWriter {
  readonly body: ReadableStream<Uint8Array>;
  write(frame: string): void;
  close(): void;
}

/**
 * How a client's stream ended. `gone`: the client left. `detached`: it did not read; what waits for it is still
 * delivered, without a last event, and it may resume. `closed`: by the relay, after its last event.
 */
export type ClientEnd = "gone" | "detached" | "closed";

/**
 * The only holder of the stream's controller, for enqueue and close throw once a stream is closed or cancelled. enqueue
 * itself never refuses, so the queue is measured before each write. A ping goes out after `pingMs` without an event; one
 * timer watches for that, however many events there are. `onEnd` is called once.
 */
export function createClientWriter(
  clock: Clock,
  pingMs: number,
  onEnd: (how: ClientEnd) => void,
): ClientWriter {
  const encoder = new TextEncoder();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let open = true;
  let writtenAt = clock.now();
  let clearPing = clock.after(pingMs, ping);

  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel: () => end("gone"),
  }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_CLIENT_QUEUE_BYTES }));

  function end(how: ClientEnd) {
    if (!open) return;
    open = false;
    clearPing();
    if (how !== "gone") controller.close();
    onEnd(how);
  }

  function ping() {
    const silentMs = clock.now() - writtenAt;
    if (silentMs >= pingMs) write(frames.ping());
    if (open) {
      clearPing = clock.after(
        Math.max(writtenAt + pingMs - clock.now(), 1),
        ping,
      );
    }
  }

  function write(frame: string) {
    if (!open || frame === "") return;
    const bytes = encoder.encode(frame);
    const room = controller.desiredSize ?? 0;
    // An event that is larger than the whole queue still goes to a client that keeps up.
    if (room < bytes.byteLength && room < MAX_CLIENT_QUEUE_BYTES) {
      return end("detached");
    }
    controller.enqueue(bytes);
    writtenAt = clock.now();
  }

  return { body, write, close: () => end("closed") };
}
