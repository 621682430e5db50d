/** Reads an HTTP/1.1 response out of bytes that may be cut anywhere: the status, then the bytes of the body. */

const MAX_HEAD = 16 * 1024;
const decoder = new TextDecoder();

/** Takes what a socket gives. */
export interface ResponseReader {
  /** 0 until the head is whole. */
  readonly status: number;
  /** True once the body is whole; a body without a length never is. */
  readonly complete: boolean;
  push(bytes: Uint8Array): void;
}

/** `onBody` gets views of the bytes that were pushed, valid during the call. */
export function createResponseReader(onBody: (bytes: Uint8Array) => void): ResponseReader {
  let head = "";
  let status = 0;
  let complete = false;
  let body: (bytes: Uint8Array) => boolean = () => false;

  function readHead(bytes: Uint8Array): Uint8Array | null {
    const before = head.length;
    head += decoder.decode(bytes);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) {
      if (head.length > MAX_HEAD) {
        throw new Error("Cannot read the response: its head has no end");
      }
      return null;
    }
    status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    if (!status) {
      throw new Error("Cannot read the response: it is not HTTP/1.1");
    }
    const headers = head.slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(headers)?.[1];
    if (/\r\ntransfer-encoding: *chunked/i.test(headers)) {
      body = createDechunker(onBody);
    } else if (length !== undefined) {
      body = counted(Number(length), onBody);
      complete = length === "0";
    } else {
      body = (rest) => (onBody(rest), false);
    }
    // Heads are ASCII, so characters are bytes.
    return bytes.subarray(end + 4 - before);
  }

  return {
    get status() {
      return status;
    },
    get complete() {
      return complete;
    },
    push(bytes) {
      const rest = status === 0 ? readHead(bytes) : bytes;
      if (rest && rest.length > 0) complete = body(rest);
    },
  };
}

function counted(length: number, onBody: (bytes: Uint8Array) => void) {
  let left = length;
  return (bytes: Uint8Array) => {
    left -= bytes.length;
    onBody(bytes);
    return left <= 0;
  };
}

/** True once the empty chunk has come; trailers are not waited for. */
function createDechunker(onBody: (bytes: Uint8Array) => void) {
  const LINE_FEED = 10;
  let left = 0;
  let size = "";
  let done = false;
  return (bytes: Uint8Array): boolean => {
    for (let at = 0; at < bytes.length && !done;) {
      if (left > 0) {
        const end = Math.min(bytes.length, at + left);
        onBody(bytes.subarray(at, end));
        left -= end - at;
        at = end;
        continue;
      }
      // A size stands behind the line end of the chunk before.
      const byte = bytes[at++];
      if (byte !== LINE_FEED) {
        size += String.fromCharCode(byte);
      } else if (size.trim() !== "") {
        left = parseInt(size, 16);
        size = "";
        if (Number.isNaN(left)) {
          throw new Error("Cannot read the response: a chunk has no size");
        }
        done = left === 0;
      } else {
        size = "";
      }
    }
    return done;
  };
}
