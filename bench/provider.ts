/**
 * The provider, a process of its own on raw sockets: it shares a core with the readers, so it must cost next to nothing.
 * It prints its two ports, without TLS and with it. The first segment of a path says what to send, so that a relay can
 * ask for it by a base URL alone:
 * `paced-20-500` is 500 tokens, one each 20 ms; `burst-1-5000` is one token and, once `/go` was asked for, the others as
 * fast as they are taken, so many events a write; `idle-0-1` is one token and no end.
 */

import { now, TOKEN_LENGTH, tokenOf } from "./stamp.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Chunks as api.openai.com sends them with `include_usage`.
function event(choices: unknown[], usage: unknown = null): string {
  const data = {
    id: "chatcmpl-CKv3pW0mY9hQ1rJt5uXz8aBcDeFgH",
    object: "chat.completion.chunk",
    created: 1_795_000_000,
    model: "gpt-4o-mini-2024-07-18",
    system_fingerprint: "fp_560af6e559",
    choices,
    usage,
  };
  return `data: ${JSON.stringify(data)}\n\n`;
}
const choice = (delta: unknown, reason: string | null = null) => [
  { index: 0, delta, logprobs: null, finish_reason: reason },
];
const httpChunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

const HEAD = encoder.encode(
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n" +
    httpChunk(event(choice({ role: "assistant", content: "", refusal: null }))),
);

/** In one write: the kernel holds a second one back for 40 ms, and a socket with TLS cannot ask it not to. */
function beginWith(token: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD.length + token.length);
  bytes.set(HEAD);
  bytes.set(token, HEAD.length);
  return bytes;
}

function tailOf(tokens: number): Uint8Array {
  const usage = event([], { prompt_tokens: 12, completion_tokens: tokens, total_tokens: tokens + 12 });
  const chunks = [event(choice({}, "stop")), `${usage}data: [DONE]\n\n`, ""].map(httpChunk);
  return encoder.encode(chunks.join(""));
}

const BLANK = "#".repeat(TOKEN_LENGTH);
const TOKEN = event(choice({ content: BLANK }));
const blank = encoder.encode(httpChunk(TOKEN));
const blankAt = blank.indexOf("#".charCodeAt(0));

function tokenNow(ms: number): Uint8Array {
  const bytes = blank.slice();
  encoder.encodeInto(tokenOf(ms), bytes.subarray(blankAt));
  return bytes;
}

/** So many events in one HTTP chunk. */
const burstOf = (events: number, text: string) => encoder.encode(httpChunk(TOKEN.replace(BLANK, text).repeat(events)));

/** A relay's connection. */
interface Connection {
  closed: boolean;
  /** Writes in the order of the calls; settles once the kernel has taken all of it, or the relay has gone. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Of each paced stream what it does at a time: false once it has ended. */
const paced = new Set<(ms: number) => boolean>();

/** One timer for all paced streams; each keeps its own phase. What is late is sent late. */
function tick() {
  for (const step of paced) {
    if (!step(now())) paced.delete(step);
  }
  if (paced.size > 0) setTimeout(tick, 1);
}

let go = Promise.withResolvers<void>();

async function burst(eventsPerWrite: number, tokens: number, connection: Connection): Promise<void> {
  const chunks = ["~word", "~lamp", "~tide", "~ship"].map((text) => burstOf(eventsPerWrite, text));
  await connection.write(beginWith(burstOf(1, "~once")));
  await go.promise;
  let left = tokens - 1;
  for (; left >= eventsPerWrite && !connection.closed; left -= eventsPerWrite) {
    await connection.write(chunks[left % chunks.length]);
  }
  if (left > 0) await connection.write(burstOf(left, "~last"));
}

function answer(path: string, connection: Connection): void {
  const [, kind, pace, count] = /^\/(go|paced|burst|idle)(?:-(\d+)-(\d+)\/)?/.exec(path) ?? [];
  if (kind === "go") {
    go.resolve();
    go = Promise.withResolvers();
  }
  if (!count) {
    const status = kind === "go" ? "200 OK" : "404 Not Found";
    return void connection.write(encoder.encode(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));
  }
  const tokens = Number(count);
  const end = () => void connection.write(tailOf(tokens));
  if (kind === "burst") return void burst(Number(pace), tokens, connection).then(end);
  connection.write(beginWith(tokenNow(now())));
  if (kind === "idle") return;
  if (paced.size === 0) setTimeout(tick, 1);
  let [dueAt, left] = [now() + Number(pace), tokens - 1];
  paced.add((ms) => {
    if (ms < dueAt) return true;
    if (left-- === 0 || connection.closed) return end(), false;
    connection.write(tokenNow(ms));
    dueAt += Number(pace);
    return true;
  });
}

/** Where the first request ends, body and all; 0 while it is not whole. */
function endOf(text: string): number {
  const head = text.indexOf("\r\n\r\n") + 4;
  const end = head + Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
  return head > 3 && text.length >= end ? end : 0;
}

async function serve(accepted: Deno.TcpConn | Deno.TlsConn): Promise<void> {
  using socket = accepted;
  if ("setNoDelay" in socket) socket.setNoDelay(true);
  let written = Promise.resolve();
  const connection: Connection = {
    closed: false,
    write: (bytes) => written = written.then(() => writeAll(bytes)).catch(() => void (connection.closed = true)),
  };
  async function writeAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0 && !connection.closed;) rest = rest.subarray(await socket.write(rest));
  }
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  try {
    for (let length = await socket.read(buffer); length !== null; length = await socket.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, length));
      for (let end = endOf(text); end > 0; end = endOf(text)) {
        answer(text.split(" ", 2)[1], connection);
        text = text.slice(end);
      }
    }
  } catch {
    // The relay broke the connection.
  }
  connection.closed = true;
}

async function listen(listener: Deno.Listener<Deno.TcpConn | Deno.TlsConn>): Promise<void> {
  for await (const socket of listener) void serve(socket);
}

const certificate = { cert: Deno.readTextFileSync(Deno.args[0]), key: Deno.readTextFileSync(Deno.args[1]) };
const listeners = [
  Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...certificate }),
];
console.log(listeners.map(({ addr }) => (addr as Deno.NetAddr).port).join(" "));
listeners.forEach(listen);
