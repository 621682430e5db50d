/** The interface of the transport: a request to a provider, its answer, and the reads of the answer's body. */

/** The reads of one body. */
export interface ByteReads {
  /** The next bytes, valid until the next call; undefined at the end. Nothing is read ahead of a call. */
  next(): Promise<Uint8Array | undefined>;
  /** Ends the body in any state; never throws. A pending read rejects with the reason. */
  cancel(reason: unknown): void;
  /** Ends a body that is not needed any more; its connection is kept if the rest is short. Never throws. */
  leave?(): void;
}

/** An answer whose head has been read. It holds a connection until its body is read to the end or cancelled. */
export interface Answer extends ByteReads {
  readonly status: number;
  /** The value of a header, by its name in lower case; several lines of one name are joined. */
  header(name: string): string | null;
}

/**
 * Makes one POST, and never a second one; without a body it is a GET. An abort closes the connection in any state, also
 * while the body is read, and rejects with the signal's reason; all other failures reject with a TransportError.
 */
export type Post = (
  url: URL,
  headers: Record<string, string>,
  body: string | null,
  signal: AbortSignal,
) => Promise<Answer>;

/** Why there is no answer, or why the rest of it is missing. `isTimeout`: the provider was too slow. */
export class TransportError extends Error {
  override readonly name = "TransportError";

  constructor(message: string, readonly isTimeout = false, options?: ErrorOptions) {
    super(message, options);
  }
}
