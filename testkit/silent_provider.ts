/** A provider that takes requests and never answers, not even with headers. */

/** A running one. */
export interface SilentProvider {
  /** For a bot's access_path. */
  url: string;
  /** How many connections with a request are open. */
  open(): number;
  /** How many there have been. */
  asked(): number;
  close(): Promise<void>;
}

/**
 * Listens on loopback, on a port of its own; below HTTP, where no answer is ever due. One that hangs up ends the
 * connection as soon as a request comes.
 */
export function startSilentProvider({ hangsUp = false } = {}): SilentProvider {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let open = 0;
  let asked = 0;
  const connections: Promise<void>[] = [];

  async function listen(connection: Deno.TcpConn) {
    const buffer = new Uint8Array(1024);
    try {
      if (await connection.read(buffer) === null) return;
      asked++;
      if (hangsUp) return;
      open++;
      // To its end, which is when the relay goes away.
      while (await connection.read(buffer).catch(() => null) !== null);
      open--;
    } finally {
      connection.close();
    }
  }

  const accepting = (async () => {
    for await (const connection of listener) {
      connections.push(listen(connection));
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/v1`,
    open: () => open,
    asked: () => asked,
    async close() {
      listener.close();
      await accepting;
      await Promise.all(connections);
    },
  };
}
