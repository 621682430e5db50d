/** Reads a body's bytes into one buffer, where the body allows it. */

/** The reads of one body. */
export interface ByteReads {
  /** The next bytes, good until the next call; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Ends the body, whatever state it is in; never rejects. */
  cancel(reason: unknown): void;
}

/** A read waits with its buffer in its hand: a stream that says little shall not hold much. */
const MIN_BUFFER_BYTES = 1024;

/** A fetch body's default reader takes a new buffer of this size for each read, which costs more than parsing it. */
const MAX_BUFFER_BYTES = 64 * 1024;

/** A body made by hand is no byte stream and has no BYOB reader. */
export function readBytes(body: ReadableStream<Uint8Array>): ByteReads {
  let byob: ReadableStreamBYOBReader;
  try {
    byob = body.getReader({ mode: "byob" });
  } catch {
    return readChunks(body);
  }
  let buffer = new Uint8Array(MIN_BUFFER_BYTES);
  return {
    async next() {
      const { done, value } = await byob.read(buffer);
      if (done || value === undefined) return undefined;
      buffer = bufferAfter(value);
      return value;
    },
    cancel: (reason) => end(byob, reason),
  };
}

/** A full one is followed by one of four times its size, a nearly empty one by a quarter; any other serves again. */
function bufferAfter({ buffer, length }: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = buffer.byteLength;
  if (length === size && size < MAX_BUFFER_BYTES) {
    return new Uint8Array(4 * size);
  }
  if (length < size / 16 && size > MIN_BUFFER_BYTES) {
    return new Uint8Array(size / 4);
  }
  return new Uint8Array(buffer as ArrayBuffer);
}

function readChunks(body: ReadableStream<Uint8Array>): ByteReads {
  const reader = body.getReader();
  return { next: async () => (await reader.read()).value, cancel: (reason) => end(reader, reason) };
}

/** A read that waits is over with the cancel, so that none is left when the reader lets go. */
function end(reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader, reason: unknown) {
  reader.cancel(reason).catch(() => {});
  reader.releaseLock();
}
