/** Stands between a client and the relay, and cuts every connection after a number of bytes that chance chooses. */

import { makeRandom, type Random } from "../../supabase/functions/_relay/testing/split.ts";

/** Bytes of answers that a connection brings before it is cut, at most: some are cut before their first header. */
const MAX_BYTES = 4_000;

/** Every fifth is spared that long: what is unseen comes as one event, and half an event is none. */
const SPARED_BYTES = 64_000;

/** A running proxy. */
export interface ChaosProxy {
  url: string;
  /** How many connections were cut amid something. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** The same seed cuts the same number of bytes from the first, second, … connection. */
export function startChaosProxy(target: string, seed: number): ChaosProxy {
  const { hostname, port, pathname } = new URL(target);
  const random: Random = makeRandom(seed);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  let cuts = 0;

  async function link(client: Deno.TcpConn, bytes: number) {
    open.add(client);
    const relay = await Deno.connect({ hostname, port: Number(port) });
    open.add(relay);
    const cut = () => {
      drop(client);
      drop(relay);
    };
    await Promise.allSettled([move(client, relay, Infinity).finally(cut), move(relay, client, bytes).finally(cut)]);
  }

  /** Ends where the source ends, where either is closed, and after so many bytes. */
  async function move(from: Deno.TcpConn, to: Deno.TcpConn, limit: number) {
    const buffer = new Uint8Array(16 * 1024);
    let left = limit;
    for (;;) {
      const read = await from.read(buffer);
      if (read === null) return;
      let part = buffer.subarray(0, Math.min(read, left));
      left -= part.length;
      while (part.length > 0) part = part.subarray(await to.write(part));
      if (left > 0) continue;
      cuts++;
      return;
    }
  }

  function drop(connection: Deno.TcpConn) {
    if (open.delete(connection)) connection.close();
  }

  const links: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const client of listener) {
      const isSpared = links.length % 5 === 4;
      links.push(link(client, isSpared ? SPARED_BYTES : random(MAX_BYTES)));
    }
  })();

  return {
    url: `http://127.0.0.1:${listener.addr.port}${pathname}`,
    get cuts() {
      return cuts;
    },
    async close() {
      listener.close();
      await accepting;
      for (const connection of [...open]) drop(connection);
      await Promise.all(links);
    },
  };
}
