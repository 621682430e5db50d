/** Finds the requests in what a connection has sent, without looking into their bodies. */

const decoder = new TextDecoder();

/** What is asked for. */
export interface Asked {
  method: string;
  path: string;
}

/** Collects bytes; gives the path of each request that is whole. */
export function createRequestReader(onRequest: (asked: Asked) => void): (bytes: Uint8Array) => void {
  let text = "";
  return (bytes) => {
    text += decoder.decode(bytes);
    for (let end = endOf(text); end > 0; end = endOf(text)) {
      const [method, path] = text.split(" ", 2);
      text = text.slice(end);
      onRequest({ method, path });
    }
  };
}

/** Where the first request ends; 0 while it is not whole. A body without a length is in chunks. */
function endOf(text: string): number {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head === 3) return 0;
  const headers = text.slice(0, head);
  const length = /\r\ncontent-length: *(\d+)/i.exec(headers)?.[1];
  if (length !== undefined) {
    return text.length >= head + Number(length) ? head + Number(length) : 0;
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(headers)) return head;
  const last = text.startsWith("0\r\n\r\n", head) ? head - 2 : text.indexOf("\r\n0\r\n\r\n", head);
  return last === -1 ? 0 : last + 7;
}
