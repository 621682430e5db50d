/** One connection of a relay to the provider: reads requests, writes answers in order. */

import { now } from "../stamp.ts";
import { chunksOf, HEAD, tail, tokenAt, tokens } from "./chunks.ts";
import type { Gate } from "./gate.ts";
import type { Pacer } from "./pacer.ts";
import { planOf } from "./plan.ts";
import { createRequestReader } from "./requests.ts";

const encoder = new TextEncoder();

/** What the provider has done so far. */
export interface Counts {
  requests: number;
  open: number;
}

/** Serves until the relay closes the connection. */
export async function serveConnection(
  connection: Deno.TcpConn,
  { pacer, gate, counts }: { pacer: Pacer; gate: Gate; counts: Counts },
): Promise<void> {
  connection.setNoDelay(true);
  const writer = createWriter(connection);
  const read = createRequestReader(({ path }) => {
    if (path === "/clock") return writer.send(plain(String(now())));
    if (path === "/counts") return writer.send(plain(JSON.stringify(counts)));
    if (path === "/go") {
      gate.open();
      return writer.send(plain("gone"));
    }
    const plan = planOf(path);
    if (!plan) return writer.send(plain("no plan", "404 Not Found"));
    counts.requests++;
    counts.open++;
    writer.send(HEAD);
    const end = () => {
      writer.send(tail(plan.tokens));
      counts.open--;
    };
    if (plan.kind === "burst") {
      void burst(plan, writer, gate).then(end, end);
      return;
    }
    writer.send(tokenAt(now()));
    if (plan.kind === "idle") {
      writer.onClose(() => counts.open--);
      return;
    }
    pacer.add({
      everyMs: plan.everyMs,
      left: plan.tokens - 1,
      // A relay that has gone is told nothing more.
      send: (ms) => !writer.closed && (writer.send(tokenAt(ms)), true),
      end,
    });
  });
  const buffer = new Uint8Array(16 * 1024);
  try {
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) return;
      read(buffer.subarray(0, length));
    }
  } catch {
    // The relay broke the connection, which is its right.
  } finally {
    writer.close();
  }
}

async function burst(
  { eventsPerWrite, tokens: count }: { eventsPerWrite: number; tokens: number },
  writer: Writer,
  gate: Gate,
): Promise<void> {
  const chunks = chunksOf(eventsPerWrite);
  await writer.write(tokens(1));
  let left = count - 1;
  let writes = 0;
  await gate.wait();
  for (; left >= eventsPerWrite && !writer.closed; left -= eventsPerWrite) {
    await writer.write(chunks[++writes % chunks.length]);
  }
  if (left > 0) await writer.write(tokens(left));
}

function plain(body: string, status = "200 OK"): Uint8Array {
  return encoder.encode(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

type Writer = ReturnType<typeof createWriter>;

/** Writes one after the other, in the order of the calls. */
function createWriter(connection: Deno.TcpConn) {
  const waiting: Uint8Array[] = [];
  let busy = false;
  let closed = false;
  let closing = () => {};
  const writer = {
    get closed() {
      return closed;
    },
    /** Does not wait. */
    send(bytes: Uint8Array): void {
      waiting.push(bytes);
      if (!busy) void drain();
    },
    /** Settles when the kernel has taken all of it. */
    async write(bytes: Uint8Array): Promise<void> {
      while (busy) await drained;
      for (let rest = bytes; rest.length > 0 && !closed;) {
        rest = rest.subarray(await attempt(rest));
      }
    },
    onClose(callback: () => void): void {
      closing = callback;
    },
    close(): void {
      if (closed) return;
      closed = true;
      closing();
      try {
        connection.close();
      } catch {
        // The runtime closed it first.
      }
    },
  };
  let drained: Promise<void> = Promise.resolve();
  function drain(): Promise<void> {
    busy = true;
    return drained = (async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        for (let rest = next; rest.length > 0 && !closed;) {
          rest = rest.subarray(await attempt(rest));
        }
      }
      busy = false;
    })();
  }
  async function attempt(bytes: Uint8Array): Promise<number> {
    try {
      return await connection.write(bytes);
    } catch {
      writer.close();
      return bytes.length;
    }
  }
  return writer;
}
