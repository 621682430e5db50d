/** Providers that are not kind: each plays below HTTP, so that it can break every rule of it. */

import { deltaEvent, event, finishEvents, tokenEvent } from "../../testkit/provider.ts";

/** The key of every attacker's bot: neither it nor four characters of its ends may be seen anywhere. */
export const KEY = "vK9-storytellr-abuse-Xw7Q";

/** Whether a text has the key, or one of its ends. */
export const hasKey = (text: string): boolean => text.includes(KEY.slice(0, 4)) || text.includes(KEY.slice(-4));

/** Writes; rejects once the relay has disconnected. */
type Write = (bytes: string | Uint8Array) => Promise<void>;

const STREAM = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";
const encoder = new TextEncoder();

/** Headers, and then the same again and again. */
function endless(body: string, head = STREAM + "\r\n"): (write: Write) => Promise<void> {
  return async (write) => {
    await write(head);
    const bytes = encoder.encode(body);
    for (;;) await write(bytes);
  };
}

const sends = (text: string, head = STREAM + "\r\n") => (write: Write) => write(head + text);

const refuses = (message: string) =>
  sends(
    JSON.stringify({ error: { message } }),
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n",
  );

const ends = `${KEY.slice(0, 6)}***${KEY.slice(-6)}`;

/** What a bot's provider does, by the first part of its path. */
export const PROVIDERS: Record<string, (write: Write) => Promise<void>> = {
  "kind": sends(tokenEvent("Once upon a time.") + finishEvents()),
  "moved": sends(tokenEvent("Once upon a time.") + finishEvents()),
  "silent": async (write) => {
    await write(STREAM + "\r\n" + tokenEvent("Once"));
    await new Promise(() => {});
  },
  "slow": async (write) => {
    await write(STREAM + "\r\n");
    for (;; await new Promise((resolve) => setTimeout(resolve, 50))) await write(tokenEvent("word "));
  },
  "long": endless(tokenEvent("lorem ipsum ".repeat(5_000))),
  "choices": endless(`data: {"choices":[${"{},".repeat(345_000)}{}]}\n\n`),
  "reasoning": endless(deltaEvent({ reasoning_content: "hmm ".repeat(4_000) })),
  "gzip": async (write) => {
    await write(STREAM + "content-encoding: gzip\r\n\r\n");
    const lines = new Uint8Array(1024 * 1024).fill(10);
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (controller) => controller.enqueue(lines) });
    for await (const bytes of source.pipeThrough(new CompressionStream("gzip"))) await write(bytes);
  },
  "bytes": async (write) => {
    await write(STREAM + "\r\n");
    for (const byte of encoder.encode(tokenEvent("a").repeat(100_000))) await write(new Uint8Array([byte]));
  },
  "comments": endless(`: ${"x".repeat(1_000)}\n\n`.repeat(16)),
  "lines": endless(`${"data:\n".repeat(170_000)}\n`),
  "nested": endless(`data: {"choices":${"[".repeat(500_000)}\n\n`),
  "tiny": endless(tokenEvent("a").repeat(100_000)),
  "tools": endless(deltaEvent({ tool_calls: Array.from({ length: 20_000 }, (_, index) => ({ index })) })),
  "headers": endless(`x-filler: ${"x".repeat(1_000)}\r\n`, STREAM),
  "hints": endless("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", ""),
  "error": endless("x".repeat(65_536), "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n\r\n"),
  "extensions": endless(
    `1;${"x".repeat(4_000)}\r\n:\r\n`,
    STREAM.replace("connection: close", "transfer-encoding: chunked") + "\r\n",
  ),
  "redirects": sends("", "HTTP/1.1 302 Found\r\nlocation: /redirects/v1/chat/completions\r\nconnection: close\r\n\r\n"),
  "echo": refuses(`Incorrect API key provided: ${KEY}`),
  "echo ends": refuses(
    `Incorrect API key provided: ${ends}. It begins with ${KEY.slice(0, 4)}, ends with ${KEY.slice(-4)}`,
  ),
  "echo later": sends(tokenEvent("Once") + event({ error: { message: `The key ${KEY}, ${ends}, was revoked` } })),
};

/** What happens at the providers; whose bot called is in the path. */
interface Watch {
  called(userId: string, name: string, head: string): void;
  sent(userId: string, name: string, bytes: number): void;
}

/** Listens on loopback; gives its origin. */
export function startHostile(watch: Watch): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      play(connection, watch).catch(() => {}).finally(() => {
        try {
          connection.close();
        } catch {
          // The script's own end came first.
        }
      });
    }
  })();
  return `http://127.0.0.1:${listener.addr.port}`;
}

async function play(connection: Deno.TcpConn, watch: Watch) {
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder();
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const length = await connection.read(buffer);
    if (length === null) return;
    head += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  const [, path, userId] = /^\w+ \/([^/]*)\/?([^/]*)/.exec(head)!;
  const name = decodeURIComponent(path);
  watch.called(userId, name, head.split("\r\n\r\n", 1)[0]);
  // A request may be larger than what waits in sockets.
  (async () => {
    while (await connection.read(buffer) !== null);
  })().catch(() => {});
  await PROVIDERS[name](async (bytes) => {
    let rest = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    while (rest.length > 0) {
      const sent = await connection.write(rest);
      watch.sent(userId, name, sent);
      rest = rest.subarray(sent);
    }
  });
}
