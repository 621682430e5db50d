/** What a worker leaves open to its providers, however its generations end. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { CERTIFICATES, KEY, TEST_CA } from "../../supabase/functions/_relay/testing/certificates.ts";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { becomes } from "../../testkit/eventually.ts";
import { createChance } from "../../testkit/figures.ts";
import { type Order, ordered } from "../../testkit/ordered.ts";
import { makeBot } from "../../testkit/people.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { NO_USER_LIMITS, type Stack, startStack } from "../../testkit/stack.ts";
import { findRuntimes } from "../../testkit/workers.ts";

const GENERATIONS = 100;
/** Of those that go on at the same time. */
const AT_ONCE = 10;

/** Seconds for which the provider says that it keeps a connection. The worker keeps it a second less, and not for 30 s. */
const KEEP_ALIVE = 3;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How a generation may go; each fifth is left alone. */
const WAYS = ["whole", "client leaves", "cancel", "provider breaks", "connection is cut"] as const;

let stack: Stack;
Deno.test.beforeAll(async () => void (stack = await startStack({ postgres: HAS_SERVER })));
Deno.test.afterAll(() => stack.stop());

for (const runtime of await findRuntimes("what a worker leaves open")) {
  Deno.test(`generations that end in any way leave no socket to a provider open (${runtime.name})`, async () => {
    const chance = createChance(1);
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(ca, TEST_CA);
    const worker = await stack.worker({ ...NO_USER_LIMITS, DENO_CERT: ca }, { runtime });
    const author = await newAuthor(stack.targetOf([worker]), stack.provider, ordered);
    const { port, pathname } = new URL(author.baseUrl);
    // Half of them over TLS.
    const fronts = [startFront(Number(port), chance, false), startFront(Number(port), chance, true)];
    const bots = await Promise.all(
      fronts.map(({ origin }) => makeBot(stack.target, author.user, `${origin}${pathname}`)),
    );
    const ends = new Set<string>();
    let next = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < GENERATIONS) {
        const index = next++;
        const way = WAYS[Math.floor(chance() * WAYS.length)];
        fronts[index % 2].cuts = way === "connection is cut";
        ends.add(await generate(author, bots[index % 2], way, chance));
      }
    }));
    equal([...ends].sort(), ["cancelled", "error", "left", "stop"]);
    await becomes(() => socketsTo(worker.pid, fronts), 0, 30_000);
    for (const front of fronts) front.close();
    await worker.stop();
    await Deno.remove(ca);
  });
}

/** Gives how it ended for its client. */
async function generate(author: Author, bot_id: string, way: typeof WAYS[number], chance: () => number) {
  const order: Order = {
    seed: 1 + Math.floor(chance() * 1_000),
    chunks: Math.floor(chance() * 12),
    pauseMs: 1,
    end: way === "provider breaks" ? "break" : "finish",
  };
  const reader = await author.open({ prompt: JSON.stringify(order), bot_id });
  const streamId = reader.response.headers.get("x-stream-id")!;
  await pause(chance() * 20);
  if (way === "client leaves") {
    await reader.leave();
    return "left";
  }
  if (way === "cancel") await (await author.cancel(streamId)).body?.cancel();
  const last = (await reader.rest()).at(-1);
  return last === undefined ? "cut" : last.event === "done" ? JSON.parse(last.data).finish_reason : last.event;
}

/** Listens before the provider, and can end a connection after some bytes of its answer. */
function startFront(port: number, chance: () => number, isTls: boolean) {
  const at = { hostname: "127.0.0.1", port: 0 };
  const listener = isTls ? Deno.listenTls({ ...at, cert: CERTIFICATES.good, key: KEY }) : Deno.listen(at);
  const ownPort = (listener.addr as Deno.NetAddr).port;
  const front = {
    origin: `${isTls ? "https" : "http"}://127.0.0.1:${ownPort}`,
    port: ownPort,
    /** Whether the next connection is to be cut. */
    cuts: false,
    close: () => listener.close(),
  };
  async function pass(client: Deno.Conn) {
    const provider = await Deno.connect({ hostname: "127.0.0.1", port });
    let left = front.cuts ? Math.floor(chance() * 1_500) : Infinity;
    front.cuts = false;
    const end = () => {
      for (const connection of [client, provider]) {
        try {
          connection.close();
        } catch {
          // It was closed already.
        }
      }
    };
    client.readable.pipeTo(provider.writable).catch(() => {}).finally(end);
    const buffer = new Uint8Array(16_384);
    try {
      for (let count = await provider.read(buffer); count !== null; count = await provider.read(buffer)) {
        const bytes = withKeepAlive(buffer.subarray(0, count));
        await client.write(bytes.subarray(0, Math.min(bytes.length, left)));
        left -= bytes.length;
        if (left <= 0) break;
      }
    } catch {
      // One of them was gone.
    }
    end();
  }
  (async () => {
    try {
      for await (const client of listener) pass(client).catch(() => {});
    } catch {
      // The listener was closed.
    }
  })();
  return front;
}

/** A head begins a read, because the worker asks once the last answer is over. */
function withKeepAlive(bytes: Uint8Array): Uint8Array {
  if (new TextDecoder().decode(bytes.subarray(0, 5)) !== "HTTP/") return bytes;
  const at = bytes.indexOf(10) + 1;
  const header = new TextEncoder().encode(`keep-alive: timeout=${KEEP_ALIVE}\r\n`);
  return new Uint8Array([...bytes.subarray(0, at), ...header, ...bytes.subarray(at)]);
}

/** Sockets of the process whose other end is one of the ports. */
function socketsTo(pid: number, fronts: { port: number }[]): number {
  const own = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      own.add(/^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? "");
    } catch {
      // It was closed while the folder was read.
    }
  }
  const ports = fronts.map(({ port }) => port.toString(16).toUpperCase().padStart(4, "0"));
  return Deno.readTextFileSync(`/proc/${pid}/net/tcp`).split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => own.has(fields[9]) && ports.includes(fields[2].split(":")[1])).length;
}
