/** Writes events to one client, within a bounded queue. */

import type { Clock } from "../platform/clock.ts";
import { MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { frames } from "./frames.ts";

/** One client's stream. Once the client is gone or detached, every call does nothing. */
export interface ClientWriter {
  readonly body: ReadableStream<Uint8Array>;
  write(frame: string): void;
  close(): void;
}

/** `gone`: the client left. `detached`: it did not read; what waits for it is still delivered, without a last event. */
export type ClientLoss = "gone" | "detached";

/**
 * The only holder of the stream's controller, for enqueue and close throw once a stream is closed or cancelled. enqueue
 * itself never refuses, so the queue is measured before each write. A ping goes out after `pingMs` without an event; one
 * timer watches for that, however many events there are.
 */
export function createClientWriter(
  clock: Clock,
  pingMs: number,
  onLoss: (loss: ClientLoss) => void,
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
    cancel() {
      if (!open) return;
      end();
      onLoss("gone");
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_CLIENT_QUEUE_BYTES }));

  function end() {
    open = false;
    clearPing();
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
      end();
      controller.close();
      onLoss("detached");
      return;
    }
    controller.enqueue(bytes);
    writtenAt = clock.now();
  }

  return {
    body,
    write,
    close() {
      if (!open) return;
      end();
      controller.close();
    },
  };
}
