/** Readers of streams on raw sockets, which count tokens and look at nothing else. */

import { sleep } from "./process.ts";
import { ageOf, MARK, now } from "./stamp.ts";

/** What to send where. */
export interface Request {
  port: number;
  bytes: Uint8Array;
}

/** A POST of JSON, after whose answer the server closes the connection. */
export function post(port: number, path: string, body: unknown, token = "none", headers: string[] = []): Request {
  const json = JSON.stringify(body);
  const head = [
    ...[`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, "Connection: close", "Accept: text/event-stream"],
    ...[`Authorization: Bearer ${token}`, "Content-Type: application/json", `Content-Length: ${json.length}`],
    ...headers,
  ];
  return { port, bytes: new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${json}`) };
}

/** A stream under way. */
export interface Stream {
  /** Milliseconds from the request to the first token; NaN before it. */
  firstTokenMs: number;
  tokens: number;
  over: boolean;
  /** Why it is no answer, or broke off; null where it ended by itself. */
  failure: string | null;
  /** Settles with the first token, and with the end. */
  first: Promise<void>;
  ended: Promise<void>;
  /** Leaves. */
  close(): void;
}

/** Begins at once; reports each read, and where tokens are in it. */
export function openStream({ port, bytes }: Request, onRead = (_read: Uint8Array, _marks: number[]) => {}): Stream {
  const first = Promise.withResolvers<void>();
  const startedAt = now();
  let socket: Deno.TcpConn | undefined;
  let left = false;
  const stream: Stream = {
    ...{ firstTokenMs: NaN, tokens: 0, over: false, failure: null },
    ...{ first: first.promise, ended: Promise.resolve() },
    close() {
      left = true;
      // Unlike close(), this may be called twice.
      socket?.[Symbol.dispose]();
    },
  };
  async function run(): Promise<void> {
    try {
      socket = await Deno.connect({ hostname: "127.0.0.1", port });
      socket.setNoDelay(true);
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await socket.write(rest));
      const buffer = new Uint8Array(32 * 1024);
      let head = "";
      for (let length = await socket.read(buffer); length !== null; length = await socket.read(buffer)) {
        const read = buffer.subarray(0, length);
        if (head === "") {
          head = new TextDecoder().decode(read.subarray(0, 300));
          if (!head.startsWith("HTTP/1.1 200")) throw new Error(head);
        }
        const marks: number[] = [];
        for (let at = read.indexOf(MARK); at !== -1; at = read.indexOf(MARK, at + 1)) marks.push(at);
        if (stream.tokens === 0 && marks.length > 0) {
          stream.firstTokenMs = now() - startedAt;
          first.resolve();
        }
        stream.tokens += marks.length;
        onRead(read, marks);
      }
    } catch (error) {
      if (!left) stream.failure = (error as Error).message;
    } finally {
      stream.close();
      stream.over = true;
      first.resolve();
    }
  }
  stream.ended = run();
  return stream;
}

/** Many readers at once, who begin spread over so long, and what they see together. */
export async function openCrowd(requests: Request[], spreadMs: number) {
  const streams: Stream[] = [];
  const cut = new Set<Stream>();
  const crowd = {
    tokens: 0,
    bytes: 0,
    /** Of each token, in milliseconds, while there is a list for them. */
    delays: null as number[] | null,
    /** True where each stream has had its first token, or has ended without one, within so long. */
    begun: (ms: number) => within(ms, streams.map(({ first }) => first)),
    /** Waits for the ends; leaves what still runs after so long, and gives the count of those. */
    async ended(ms: number) {
      await within(ms, streams.map(({ ended }) => ended));
      for (const stream of streams.filter(({ over }) => !over)) {
        cut.add(stream);
        stream.close();
      }
      await Promise.all(streams.map(({ ended }) => ended));
      return cut.size;
    },
    /** The first stream that was not left and is not whole, in a sentence; null where all are. */
    failure(expected: number) {
      for (const stream of streams) {
        if (cut.has(stream)) continue;
        if (stream.failure) return `a stream failed: ${stream.failure}`;
        if (stream.tokens !== expected) return `a stream ended with ${stream.tokens} tokens, ${expected} were sent`;
      }
      return null;
    },
  };
  function onRead(bytes: Uint8Array, marks: number[]) {
    crowd.tokens += marks.length;
    crowd.bytes += bytes.length;
    if (!crowd.delays) return;
    for (const mark of marks) {
      const ms = ageOf(bytes, mark, now());
      if (!Number.isNaN(ms)) crowd.delays.push(ms);
    }
  }
  const startedAt = performance.now();
  for (const [index, request] of requests.entries()) {
    const early = spreadMs * index / requests.length - (performance.now() - startedAt);
    if (early > 0.5) await sleep(early);
    streams.push(openStream(request, onRead));
  }
  return crowd;
}

async function within(ms: number, all: Promise<void>[]): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), ms));
  const done = await Promise.race([late, Promise.all(all).then(() => true as const)]);
  clearTimeout(timer);
  return done;
}
