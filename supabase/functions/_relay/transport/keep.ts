/** Keeps connections for the next request, for a short time. */

import type { Clock } from "../platform/clock.ts";
import { MAX_KEPT_CONNECTIONS, MAX_KEPT_OF_ORIGIN, PROVIDER_KEEP_MS } from "../protocol/limits.ts";
import type { Connected } from "./connect.ts";

/** An idle read holds its buffer, so that one is small; the head of the next answer begins in it. */
const IDLE_BUFFER_BYTES = 256;

/** A connection that was used before. */
export interface Kept extends Connected {
  /** The read that waited while nothing was asked; the next answer begins with it. */
  begun: { buffer: Uint8Array; read: Promise<number | null> };
}

interface Entry extends Kept {
  origin: string;
  stop: () => void;
}

/** The connections of one worker that wait for a request. */
export interface Keeper {
  /** Takes the youngest one of the origin whose other end is one of the addresses. */
  take(origin: string, addresses: string[]): Kept | null;
  /** `ms`: how long the provider says that it waits; the relay stays a second below. */
  keep(origin: string, connected: Connected, ms: number): void;
  readonly size: number;
  close(): void;
}

/**
 * A connection has no memory of who asked: each request brings its own key [RFC 9110, 3.3], so bots share them. A read
 * waits on each of them all the time. Whatever it brings (an end, an error, an answer to nothing) ends the connection,
 * so that no request is sent on one which the provider has closed.
 */
export function createKeeper(clock: Clock): Keeper {
  const entries = new Set<Entry>();
  let isClosed = false;

  function drop(entry: Entry) {
    if (!remove(entry)) return;
    entry.connection.close();
  }

  function remove(entry: Entry): boolean {
    entry.stop();
    return entries.delete(entry);
  }

  function makeRoom(origin: string) {
    const ofOrigin = [...entries].filter((entry) => entry.origin === origin);
    if (ofOrigin.length >= MAX_KEPT_OF_ORIGIN) drop(ofOrigin[0]);
    else if (entries.size >= MAX_KEPT_CONNECTIONS) drop([...entries][0]);
  }

  return {
    take(origin, addresses) {
      const entry = [...entries].findLast((entry) => entry.origin === origin && addresses.includes(entry.address));
      if (entry === undefined) return null;
      remove(entry);
      return entry;
    },
    keep(origin, { connection, address }, ms) {
      const time = Math.min(PROVIDER_KEEP_MS, ms - 1_000);
      if (isClosed || time <= 0) return connection.close();
      makeRoom(origin);
      const buffer = new Uint8Array(IDLE_BUFFER_BYTES);
      const read = connection.read(buffer);
      const entry: Entry = { origin, connection, address, begun: { buffer, read }, stop: () => {} };
      entry.stop = clock.after(time, () => drop(entry));
      entries.add(entry);
      read.then(() => drop(entry), () => drop(entry));
    },
    get size() {
      return entries.size;
    },
    close() {
      isClosed = true;
      for (const entry of entries) drop(entry);
    },
  };
}
