/** Keeps connections open for the next request, for a short time. */

import type { Clock } from "../platform/clock.ts";
import { MAX_KEPT_CONNECTIONS, MAX_KEPT_OF_ORIGIN, PROVIDER_KEEP_MS } from "../protocol/limits.ts";
import type { Line } from "./connect.ts";

/** An idle read holds its buffer, so the buffer is small; the head of the next answer begins in it. */
const IDLE_BUFFER_BYTES = 256;

/**
 * A server that sends a second answer does so at once. Bytes within this time close the connection, so that they are
 * not taken for the answer to the next request.
 */
export const KEPT_SILENT_MS = 50;

/** A connection that was used before, and the read that was pending while it was idle. */
export interface Kept extends Line {
  buffer: Uint8Array<ArrayBuffer>;
  read: Promise<number | null>;
  /** From when on a request may be sent on it. */
  usableAt: number;
}

/**
 * The connections of one worker that wait for a request. HTTP is stateless: each request brings its own key [RFC 9110, 3.3], so bots share connections. A read is pending on
 * each of them all the time. Whatever it brings (an end, an error, an answer to nothing) ends the connection, so that
 * no request is sent on one which the provider has closed.
 */
export function createKeeper(clock: Clock) {
  /** From the oldest to the youngest, each with what stops its timer. */
  const waiting = new Map<Kept, () => void>();
  let isClosed = false;

  function remove(kept: Kept): boolean {
    waiting.get(kept)?.();
    return waiting.delete(kept);
  }

  function drop(kept: Kept) {
    if (remove(kept)) kept.connection.close();
  }

  return {
    /** Takes the youngest connection of the origin whose other end is one of the addresses. */
    take(origin: string, addresses: string[]): Kept | null {
      const now = clock.now();
      const kept = [...waiting.keys()].findLast((kept) =>
        kept.origin === origin && addresses.includes(kept.address) && now >= kept.usableAt
      );
      if (kept === undefined) return null;
      remove(kept);
      return kept;
    },
    /** `ms`: how long the provider says that it waits; the relay stays a second below. */
    keep({ origin, address, connection }: Line, ms: number) {
      const time = Math.min(PROVIDER_KEEP_MS, ms - 1_000);
      if (isClosed || time <= 0) return connection.close();
      const ofOrigin = [...waiting.keys()].filter((kept) => kept.origin === origin);
      if (ofOrigin.length >= MAX_KEPT_OF_ORIGIN) drop(ofOrigin[0]);
      else if (waiting.size >= MAX_KEPT_CONNECTIONS) drop([...waiting.keys()][0]);
      const buffer = new Uint8Array(IDLE_BUFFER_BYTES);
      const usableAt = clock.now() + KEPT_SILENT_MS;
      const kept = { origin, address, connection, buffer, read: connection.read(buffer), usableAt };
      waiting.set(kept, clock.after(time, () => drop(kept)));
      kept.read.then(() => drop(kept), () => drop(kept));
    },
    size: () => waiting.size,
    close() {
      isClosed = true;
      for (const kept of waiting.keys()) drop(kept);
    },
  };
}
