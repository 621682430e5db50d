/** Counts what a worker leaves open. By hand: `deno run -A tests/faults/sockets.ts --generations 10000 --postgres`. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { CERTIFICATES, KEY, TEST_CA } from "../../supabase/functions/_relay/testing/certificates.ts";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { createChance } from "../../testkit/figures.ts";
import { readFlags, wholeNumber } from "../../testkit/flags.ts";
import { makeBot } from "../../testkit/people.ts";
import { type Order, ordered } from "../../testkit/ordered.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { NO_USER_LIMITS, startStack } from "../../testkit/stack.ts";
import { findRuntimes, type Runtime, THIS_DENO } from "../../testkit/workers.ts";

/** Of those generations that go on at the same time. */
const AT_ONCE = 10;

/** Seconds for which the provider says that it keeps a connection. The worker keeps it a second less, and not for 30 s. */
const KEEP_ALIVE = 3;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How a generation may go; each fifth is left alone. */
const WAYS = ["whole", "client leaves", "cancel", "provider breaks", "connection is cut"] as const;

/** What a worker had open before and after its generations: descriptors, and sockets to the provider. */
export interface Counted {
  before: number;
  after: number;
  toProvider: number;
  cut: number;
  ends: Record<string, number>;
}

/** Runs generations through a worker, half of them over TLS, and ends most of them early at a moment of chance. */
export async function countSockets(
  generations: number,
  { runtime = THIS_DENO, postgres = false, seed = 1, transport = "connection" }: {
    runtime?: Runtime;
    postgres?: boolean;
    seed?: number;
    transport?: string;
  } = {},
): Promise<Counted> {
  const chance = createChance(seed);
  const ca = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(ca, TEST_CA);
  await using stack = await startStack({ postgres: postgres || HAS_SERVER });
  const worker = await stack.worker({ ...NO_USER_LIMITS, DENO_CERT: ca, RELAY_TRANSPORT: transport }, { runtime });
  const author = await newAuthor(stack.targetOf([worker]), stack.provider, ordered);
  const { port, pathname } = new URL(author.baseUrl);
  const fronts = [startFront(Number(port), chance, false), startFront(Number(port), chance, true)];
  const bots = await Promise.all(
    fronts.map(({ origin }) => makeBot(stack.target, author.user, `${origin}${pathname}`)),
  );
  const ends: Record<string, number> = {};

  async function run(count: number) {
    let next = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        const index = next++;
        const way = WAYS[Math.floor(chance() * WAYS.length)];
        const front = fronts[index % 2];
        front.cuts = way === "connection is cut";
        const end = await generate(author, bots[index % 2], way, chance);
        ends[end] = (ends[end] ?? 0) + 1;
        if ((index + 1) % 1_000 === 0) {
          console.error(`${index + 1} generations, ${descriptors(worker.pid)} descriptors`);
        }
      }
    }));
  }

  /** A kept connection waits for `KEEP_ALIVE`; one of the runtime's own `fetch` to the database longer than a test may. */
  async function settled(wanted: number): Promise<number> {
    const until = Date.now() + (postgres ? 120_000 : 30_000);
    while (socketsTo(worker.pid, fronts) > 0 || postgres && descriptors(worker.pid) > wanted) {
      if (Date.now() > until) break;
      await pause(100);
    }
    return descriptors(worker.pid);
  }

  try {
    await run(2 * AT_ONCE);
    // Only descriptors are compared with what was open before.
    const before = postgres ? await settled(Infinity) : descriptors(worker.pid);
    await run(generations);
    const after = await settled(before);
    const cut = fronts.reduce((sum, { cut }) => sum + cut, 0);
    const counted = { before, after, toProvider: socketsTo(worker.pid, fronts), cut, ends };
    console.error(JSON.stringify(counted));
    return counted;
  } finally {
    for (const front of fronts) front.close();
    await Deno.remove(ca);
  }
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
    cut: 0,
    close: () => listener.close(),
  };
  async function pass(client: Deno.Conn) {
    const provider = await Deno.connect({ hostname: "127.0.0.1", port });
    let left = front.cuts ? Math.floor(chance() * 1_500) : Infinity;
    if (front.cuts) front.cut++;
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

function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
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

if (import.meta.main) {
  const flags = readFlags(Deno.args, {
    generations: { type: "string", default: "10000" },
    postgres: { type: "boolean", default: false },
    runtime: { type: "string", default: THIS_DENO.name.slice("Deno ".length) },
    seed: { type: "string", default: "1" },
    transport: { type: "string", default: "connection" },
  });
  const runtime = (await findRuntimes("sockets")).find(({ name }) => name === `Deno ${flags.runtime}`);
  if (runtime === undefined) throw new TypeError(`Cannot start: there is no Deno ${flags.runtime}`);
  const counted = await countSockets(wholeNumber("generations", flags.generations)!, {
    runtime,
    postgres: flags.postgres,
    seed: wholeNumber("seed", flags.seed),
    transport: flags.transport,
  });
  equal([counted.after <= counted.before, counted.toProvider], [true, 0]);
}
