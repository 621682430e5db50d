/** What a provider is asked through, and what comes back. */

/** The reads of one body. */
export interface ByteReads {
  /** The next bytes, good until the next call; undefined at the end. Bytes are read only when they are asked for. */
  next(): Promise<Uint8Array | undefined>;
  /** Ends the body, whatever state it is in; never throws. A read that waits rejects with the reason. */
  cancel(reason: unknown): void;
  /** Ends a body from which nothing more is wanted; its connection is kept where the rest is short. Never throws. */
  leave?(): void;
}

/** An answer whose head was read. It holds a connection until its body was read to the end or cancelled. */
export interface Answer extends ByteReads {
  readonly status: number;
  /** The value of a header, by its name in lower case; several lines of one name are joined. */
  header(name: string): string | null;
}

/**
 * Makes one POST, and never a second one; without a body it is a GET. Rejects with the signal's reason once that is
 * aborted, which also closes the connection in whatever state it is, the reading of the body included; else with a
 * TransportError.
 */
export type Post = (
  url: URL,
  headers: Record<string, string>,
  body: string | null,
  signal: AbortSignal,
) => Promise<Answer>;

/** Why there is no answer, or not the rest of it. `isTimeout`: the provider was too slow. */
export class TransportError extends Error {
  override readonly name = "TransportError";

  constructor(message: string, readonly isTimeout = false, options?: ErrorOptions) {
    super(message, options);
  }
}
