/** A provider below HTTP: a test decides every byte, and sees what happens to each connection. */

import { CERTIFICATES, KEY } from "./certificates.ts";

/** One connection of a client. */
export interface Peer {
  /** Reads one whole request; null where the client closed instead. */
  request(): Promise<string | null>;
  send(bytes: Uint8Array | string): Promise<void>;
  /** Reads until the client closes. */
  closed(): Promise<void>;
}

/** A running server. */
export interface RawServer extends AsyncDisposable {
  /** The base of its URLs, with the address in it. */
  url: URL;
  /** What was asked, in order. */
  requests: string[];
  /** How many connections were made, and how many of them are open. */
  readonly accepted: number;
  readonly open: number;
  /** Waits until so many have been made. */
  connected(count: number): Promise<void>;
  /** Waits until no connection is open: a client that leaks one never gets past it. */
  emptied(): Promise<void>;
}

/** Plays the script for each connection, which ends with it; with a certificate's name, over TLS. */
export function startRawServer(
  script: (peer: Peer, index: number) => Promise<unknown>,
  certificate?: keyof typeof CERTIFICATES,
): RawServer {
  const at = { hostname: "127.0.0.1", port: 0 };
  const listener: Deno.Listener = certificate === undefined
    ? Deno.listen(at)
    : Deno.listenTls({ ...at, cert: CERTIFICATES[certificate], key: KEY });
  const requests: string[] = [];
  const connections = new Set<Deno.Conn>();
  let accepted = 0;
  let waiting: { isTrue: () => boolean; resolve: () => void }[] = [];

  function changed() {
    const [met, others] = [waiting.filter(({ isTrue }) => isTrue()), waiting.filter(({ isTrue }) => !isTrue())];
    waiting = others;
    for (const { resolve } of met) resolve();
  }

  function until(isTrue: () => boolean): Promise<void> {
    return isTrue() ? Promise.resolve() : new Promise((resolve) => waiting.push({ isTrue, resolve }));
  }

  async function play(connection: Deno.Conn, index: number) {
    connections.add(connection);
    changed();
    try {
      await script(peerOf(connection, requests), index);
    } catch {
      // The client was gone.
    }
    close(connection);
    connections.delete(connection);
    changed();
  }

  const played: Promise<void>[] = [];
  const accepting = (async () => {
    try {
      for await (const connection of listener) played.push(play(connection, accepted++));
    } catch {
      // The listener was closed.
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    url: new URL(`${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}/v1`),
    requests,
    get accepted() {
      return accepted;
    },
    get open() {
      return connections.size;
    },
    connected: (count) => until(() => accepted >= count),
    emptied: () => until(() => connections.size === 0),
    async [Symbol.asyncDispose]() {
      close(listener);
      for (const connection of connections) close(connection);
      await accepting;
      await Promise.all(played);
    },
  };
}

function close(resource: { close(): void }) {
  try {
    resource.close();
  } catch {
    // It was closed already.
  }
}

function peerOf(connection: Deno.Conn, requests: string[]): Peer {
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  const read = async () => {
    const count = await connection.read(buffer);
    // One character a byte, so that lengths are those of bytes.
    if (count !== null) text += String.fromCharCode(...buffer.subarray(0, count));
    return count !== null;
  };
  return {
    async request() {
      for (;;) {
        const head = text.indexOf("\r\n\r\n");
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (head !== -1 && text.length >= head + 4 + length) {
          const request = text.slice(0, head + 4 + length);
          text = text.slice(request.length);
          requests.push(request);
          return request;
        }
        if (!await read()) return null;
      }
    },
    async send(bytes) {
      const all = typeof bytes === "string" ? Uint8Array.from(bytes, (unit) => unit.charCodeAt(0)) : bytes;
      for (let at = 0; at < all.length;) at += await connection.write(all.subarray(at));
    },
    async closed() {
      while (await connection.read(buffer) !== null);
    },
  };
}
