/** A TCP proxy that can be shut: how the workers lose the database while the database is well. */

/** What a client of the gate meets: a way through, a connection that breaks, or one that never answers. */
export type GateState = "open" | "broken" | "silent";

/** A proxy in front of one address. */
export interface Gate {
  url: string;
  set(state: GateState): void;
  close(): void;
}

/** Listens on loopback for connections to the target. */
export function openGate(target: string): Gate {
  const { hostname, port } = new URL(target);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  let state: GateState = "open";

  function drop(connection: Deno.TcpConn) {
    connections.delete(connection);
    try {
      connection.close();
    } catch {
      // Its other half was faster.
    }
  }

  async function copy(from: Deno.TcpConn, to: Deno.TcpConn) {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        // What a silent gate has swallowed is gone: its connections break when it opens.
        if (state === "silent") continue;
        for (let done = 0; done < count;) {
          done += await to.write(buffer.subarray(done, count));
        }
      }
    } catch {
      // A broken connection breaks its other half, below.
    } finally {
      drop(from);
      drop(to);
    }
  }

  async function pass(client: Deno.TcpConn) {
    connections.add(client);
    if (state === "broken") return drop(client);
    try {
      const server = await Deno.connect({ hostname, port: Number(port) });
      connections.add(server);
      void copy(client, server);
      void copy(server, client);
    } catch {
      drop(client);
    }
  }

  (async () => {
    for await (const connection of listener) void pass(connection);
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    set(next) {
      if (state === "silent" || next === "broken") {
        for (const connection of [...connections]) drop(connection);
      }
      state = next;
    },
    close() {
      listener.close();
      for (const connection of [...connections]) drop(connection);
    },
  };
}
