import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createNetwork, type Network } from "../platform/network.ts";
import {
  MAX_PROVIDER_HEAD_BYTES,
  MAX_PROVIDER_HEADERS,
  MAX_STUCK_OF_ADDRESS,
  PROVIDER_CONNECT_MS,
  PROVIDER_HEAD_MS,
  PROVIDER_TLS_MS,
  PROVIDER_WRITE_MS,
} from "../protocol/limits.ts";
import { TEST_CA } from "../testing/certificates.ts";
import { makeNetwork, textOf, tick, until } from "../testing/network.ts";
import { createManualClock } from "../testing/platform.ts";
import { type RawServer, startRawServer } from "../testing/raw_server.ts";
import { splitEverywhere } from "../testing/split.ts";
import type { TransportError } from "./answer.ts";
import { MAX_CHUNK_EXCESS_BYTES, MAX_CHUNK_LINE_BYTES } from "./body.ts";
import { createTransport, MAX_INTERIM_ANSWERS } from "./transport.ts";

const NEVER = new AbortController().signal;
const REASON = new Error("It was cancelled");

/** A transport to loopback, with a clock that stands still. */
function make(network: Network = createNetwork([TEST_CA])) {
  const clock = createManualClock();
  const transport = createTransport(() => ["127.0.0.1"], clock, network);
  const ask = (server: RawServer, signal = NEVER, body = "{}") => transport.post(server.url, {}, body, signal);
  return { clock, transport, ask };
}

/** A server that gives each request the same answer, and then closes. */
const answers = (answer: string) =>
  startRawServer(async (peer) => {
    await peer.request();
    await peer.send(answer);
  });

/** What comes of an answer whose bytes come in these parts: the status and the text, or the error's message. */
async function answerTo(...parts: string[]): Promise<[number, string] | string> {
  const network = makeNetwork(parts);
  const { clock, transport } = make(network);
  try {
    const read = await transport.post(new URL("http://provider.test/v1"), {}, "{}", NEVER);
    return [read.status, await textOf(read)];
  } catch (error) {
    return (error as Error).message;
  } finally {
    transport.close();
    assert.deepEqual([network.closed, clock.pending], [1, 0]);
  }
}

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Each with the status and the text that it brings. */
const WHOLE: Record<string, [string, number, string]> = {
  "a length": [`${OK}Content-Length: 5\r\n\r\nHello`, 200, "Hello"],
  "no bytes": [`${OK}content-length: 0\r\n\r\n`, 200, ""],
  "equal lengths": [`${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nHello`, 200, "Hello"],
  "an end with the connection": [`${OK}\r\nHello`, 200, "Hello"],
  "HTTP/1.0 and no reason": ["HTTP/1.0 200\r\n\r\nHello", 200, "Hello"],
  "chunks": [`${CHUNKED}2\r\nHe\r\n03\r\nllo\r\n0\r\n\r\n`, 200, "Hello"],
  "extensions and trailers": [`${CHUNKED}A;a="b c";d\r\n1234567890\r\n0;e\r\nX-A: b\r\ny:\r\n\r\n`, 200, "1234567890"],
  "bytes after the last chunk": [`${CHUNKED}1\r\nH\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n`, 200, "H"],
  "interim answers": [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n${CHUNKED}0\r\n\r\n`, 200, ""],
  "no content": ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHello", 204, ""],
  "not modified": ["HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", 304, ""],
  "a redirect, which is not followed": ["HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 302, ""],
  "a refusal in gzip counts by its status": ["HTTP/1.1 429 No\r\nContent-Encoding: gzip\r\n\r\nabc", 429, ""],
  "an encoding that is none": [`${OK}Content-Encoding: utf-8\r\n\r\nHello`, 200, "Hello"],
};

Deno.test("an answer is read the same wherever it is cut", async () => {
  for (const [name, [answer, status, text]] of Object.entries(WHOLE)) {
    for (const parts of splitEverywhere(answer)) assert.deepEqual(await answerTo(...parts), [status, text], name);
  }
});

const BROKE_OFF = "The answer of the provider broke off";
const CUT_HEAD = "The provider closed the connection before its answer";

/** What is no answer of HTTP/1.1, and the words for it. */
const REFUSED: [string, string | RegExp][] = [
  ["", CUT_HEAD],
  ["HTTP/1.1 200 OK\r\nContent-Le", CUT_HEAD],
  ["HTTP/1.1 100 Continue\r\n\r\n", CUT_HEAD],
  [`${OK}Content-Length: 5\r\n\r\nHell`, BROKE_OFF],
  [`${CHUNKED}5\r\nHell`, BROKE_OFF],
  [`${CHUNKED}5\r\nHello\r\n`, BROKE_OFF],
  [`${CHUNKED}5\r\nHello\r\n0\r\n`, BROKE_OFF],
  ["HTTP/2 200 OK\r\n\r\n", /status line/],
  ["HTTP/1.1 20 OK\r\n\r\n", /status line/],
  ["HTTP/1.1 600 OK\r\n\r\n", /status line/],
  ["HTTP/1.1  200 OK\r\n\r\n", /status line/],
  ["ICY 200 OK\r\n\r\n", /status line/],
  ["\r\nHTTP/1.1 200 OK\r\n\r\n", /status line/],
  ["HTTP/1.1 101 Switching\r\nUpgrade: a\r\n\r\n", /begins with status 101/],
  ["HTTP/1.0 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", /begins with status 103/],
  [`${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /both/],
  [`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, /Transfer-Encoding/],
  [`${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, /Transfer-Encoding/],
  [`${OK}Transfer-Encoding: xchunked\r\n\r\n`, /Transfer-Encoding/],
  [`${OK}Transfer-Encoding: chunked\xa0\r\n\r\n`, /Transfer-Encoding/],
  ["HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", /Transfer-Encoding/],
  ...["", "-1", "+5", "5,", "0x5", "5 5", "5.0", "1e1", "9".repeat(16)].map((length): [string, RegExp] => [
    `${OK}Content-Length: ${length}\r\n\r\nHello`,
    /length/i,
  ]),
  [`${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nHello`, /several lengths/],
  [`${OK}Content-Length: 5, 6\r\n\r\nHello`, /several lengths/],
  [`${OK}A: b\rc\r\n\r\n`, /CR without an LF/],
  [`${OK}A: b\nB: c\r\n\r\n`, /LF without a CR/],
  [`${OK}A: b\n\n`, /LF without a CR/],
  [`${OK}A: b\r\n c\r\n\r\n`, /no name/],
  [`${OK}A : b\r\n\r\n`, /no name/],
  [`${OK}: b\r\n\r\n`, /no name/],
  [`${OK}A\r\n\r\n`, /no name/],
  [`${OK}A: b\0c\r\n\r\n`, /NUL/],
  [`${OK}A: b\x01c\r\n\r\n`, /control character/],
  [`${OK}Content-Encoding: gzip\r\n\r\nabc`, /body in gzip/],
  [`${OK}Content-Encoding: identity, BR\r\n\r\nabc`, /body in br/],
  ...["", " 1", "1 ", "g", "-1", "0x1", "1\n", ";a"].map((size): [string, RegExp] => [
    `${CHUNKED}${size}\r\nH\r\n0\r\n\r\n`,
    /size/,
  ]),
  [`${CHUNKED}fffffffff\r\nH`, /too long/],
  [`${CHUNKED}1;a\n\r\nH\r\n0\r\n\r\n`, /extension/],
  [`${CHUNKED}1;a\0\r\nH\r\n0\r\n\r\n`, /extension/],
  [`${CHUNKED}1\rH`, /CR LF/],
  [`${CHUNKED}1\r\nHi\r\n0\r\n\r\n`, /CR LF/],
  [`${CHUNKED}1\r\nH\n0\r\n\r\n`, /CR LF/],
  [`${CHUNKED}0\r\nA: b\n\r\n\r\n`, /trailer/],
  [`${CHUNKED}0\r\n b\r\n\r\n`, /trailer/],
  [`${CHUNKED}0\r\nA : b\r\n\r\n`, /trailer/],
  [`${CHUNKED}0\r\nA: b\0\r\n\r\n`, /trailer/],
  [`${CHUNKED}0\r\n\rA`, /CR LF/],
];

Deno.test("what is no answer of HTTP/1.1 is refused, and its connection is closed", async () => {
  for (const [answer, words] of REFUSED) {
    const message = await answerTo(answer);
    assert.ok(typeof message === "string", `${JSON.stringify(answer)}: ${message}`);
    if (typeof words === "string") assert.equal(message, words, JSON.stringify(answer));
    else assert.match(message, words, JSON.stringify(answer));
    assert.match(message, /^[A-Z].*[^.]$/s);
  }
});

Deno.test("whatever a provider can make grow has a bound", async () => {
  const head = (bytes: number) => `${OK}A: ${"b".repeat(bytes - OK.length - 7)}\r\n\r\n`;
  const lines = (count: number) => `${OK}${"A: b\r\n".repeat(count)}\r\n`;
  const interim = (count: number) => "HTTP/1.1 102 Processing\r\n\r\n".repeat(count) + `${OK}\r\n`;
  const extension = (bytes: number) => `${CHUNKED}1;${"a".repeat(bytes - 4)}\r\nH\r\n0\r\n\r\n`;
  // 18 bytes of a line are free for a byte of data.
  const chunks = (bytes: number) => `${CHUNKED}${`1;${"a".repeat(526)}\r\nH\r\n`.repeat(bytes / 512)}0\r\n\r\n`;
  const trailers = (bytes: number) => `${CHUNKED}0\r\n${"a: bcd\r\n".repeat(bytes / 8 - 1)}a: b\r\n\r\n`;
  const cases: [string, (size: number) => string, number, number][] = [
    ["head", head, MAX_PROVIDER_HEAD_BYTES, 1],
    ["lines", lines, MAX_PROVIDER_HEADERS, 1],
    ["interim answers", interim, MAX_INTERIM_ANSWERS, 1],
    ["extension", extension, MAX_CHUNK_LINE_BYTES, 1],
    ["lines of chunks", chunks, MAX_CHUNK_EXCESS_BYTES, 512],
    ["trailers", trailers, MAX_PROVIDER_HEAD_BYTES, 8],
  ];
  for (const [name, make, limit, step] of cases) {
    assert.equal((await answerTo(make(limit)))[0], 200, name);
    assert.match(String(await answerTo(make(limit + step))), /more than \d+/, name);
  }
  // Endless ones end, too.
  assert.match(String(await answerTo(OK + "A: b\r\n".repeat(100_000))), /more than \d+ bytes/);
});

Deno.test("what came before broken framing is given before the error", async () => {
  const { ask } = make();
  await using server = answers(`${CHUNKED}5\r\nHello\r\nx`);
  const answer = await ask(server);
  assert.equal(new TextDecoder().decode(await answer.next()), "Hello");
  await assert.rejects(answer.next(), /size/);
  await assert.rejects(answer.next(), /size/);
  await server.emptied();
});

Deno.test("the request is one POST, with nothing in its head that was not given", async () => {
  const { transport } = make();
  await using server = answers(`${OK}Content-Length: 0\r\n\r\n`);
  const url = new URL("?a=b%20c#d", `${server.url}/é`);
  const { status } = await transport.post(url, { "X-Key": "a b", accept: "*/*" }, '{"é":"🐉"}', NEVER);
  assert.equal(status, 200);
  assert.deepEqual(server.requests.map((request) => request.split("\r\n")), [[
    "POST /v1/%C3%A9?a=b%20c HTTP/1.1".replace("/%C3%A9", url.pathname.slice(3)),
    `host: ${url.host}`,
    "accept-encoding: identity",
    "content-length: 13",
    "X-Key: a b",
    "accept: */*",
    "",
    String.fromCharCode(...new TextEncoder().encode('{"é":"🐉"}')),
  ]]);
  transport.close();
});

Deno.test("a header that would end its line, or is the transport's own, is refused before a connection", async () => {
  const { transport } = make();
  await using server = answers("");
  const values = ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "é", "\x7f"].map((value) => ({ "x-key": value }));
  const names = ["", "a b", "a:", "a\r\nb", "é"].map((name) => ({ [name]: "a" }));
  const own = ["Host", "content-length", "Transfer-Encoding", "connection", "expect"].map((name) => ({ [name]: "a" }));
  for (const headers of [...values, ...names, ...own]) {
    await assert.rejects(transport.post(server.url, headers as Record<string, string>, "", NEVER), {
      name: "TypeError",
      message: /^Cannot send the request: /,
    });
  }
  assert.equal(server.accepted, 0);
});

Deno.test("an answer that comes before the request has left is read", async () => {
  const { ask } = make();
  await using server = startRawServer(async (peer) => {
    await peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nNo");
    await peer.closed();
  });
  const answer = await ask(server, NEVER, "x".repeat(20_000_000));
  assert.deepEqual([answer.status, await textOf(answer)], [413, "No"]);
  await server.emptied();
});

Deno.test("bytes are read only when they are asked for", async () => {
  let sent = 0;
  const { ask } = make();
  await using server = startRawServer(async (peer) => {
    await peer.request();
    await peer.send(`${OK}\r\n`);
    for (;;) {
      await peer.send("x".repeat(64 * 1024));
      sent++;
    }
  });
  const answer = await ask(server);
  let before = -1;
  // What the kernel takes is bounded, so the server comes to a halt.
  while (sent > before) {
    before = sent;
    for (let turn = 0; turn < 50; turn++) await tick();
  }
  answer.cancel(REASON);
  await assert.rejects(answer.next(), REASON);
  await server.emptied();
});

for (const state of ["writing", "waiting for the head", "in the head"]) {
  Deno.test(`an abort closes the connection at once: ${state}`, async () => {
    const { clock, ask } = make();
    let isReached = false;
    await using server = startRawServer(async (peer) => {
      if (state !== "writing") {
        await peer.request();
        // The request has left, so no limit runs.
        await until(() => clock.pending === 0);
      }
      if (state === "in the head") {
        await peer.send("HTTP/1.1 200");
        await until(() => clock.pending === 1);
      }
      isReached = true;
      if (state === "writing") await until(() => abort.signal.aborted);
      await peer.closed();
    });
    const abort = new AbortController();
    const asked = ask(server, abort.signal, state === "writing" ? "x".repeat(30_000_000) : "{}");
    asked.catch(() => {});
    await until(() => isReached && clock.pending === (state === "waiting for the head" ? 0 : 1));
    abort.abort(REASON);
    await assert.rejects(asked, REASON);
    await server.emptied();
    assert.equal(clock.pending, 0);
  });
}

Deno.test("an abort closes the connection at once: in the body, whether a read waits or not", async () => {
  for (const waits of [true, false]) {
    const { clock, ask } = make();
    await using server = startRawServer(async (peer) => {
      await peer.request();
      await peer.send(`${CHUNKED}1\r\nH\r\n`);
      await peer.closed();
    });
    const abort = new AbortController();
    const answer = await ask(server, abort.signal);
    await answer.next();
    const read = waits ? answer.next() : null;
    read?.catch(() => {});
    abort.abort(REASON);
    await assert.rejects(read ?? answer.next(), REASON);
    await server.emptied();
    answer.cancel(new Error("It was cancelled again"));
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a request that was aborted before it began makes no connection", async () => {
  const { ask } = make();
  await using server = answers("");
  await assert.rejects(ask(server, AbortSignal.abort(REASON)), REASON);
  assert.equal(server.accepted, 0);
});

Deno.test("a cancelled body closes the connection", async () => {
  const { ask, transport } = make();
  await using server = startRawServer(async (peer) => {
    await peer.request();
    await peer.send(`${OK}Content-Length: 5\r\n\r\nHell`);
    await peer.closed();
  });
  const answer = await ask(server);
  answer.cancel(REASON);
  await server.emptied();
  assert.equal(transport.kept(), 0);
});

const STOPS = { "stops reading": PROVIDER_WRITE_MS, "stops within the head": PROVIDER_HEAD_MS };

for (const [what, limit] of Object.entries(STOPS)) {
  Deno.test(`a provider that ${what} is given up at the limit`, async () => {
    const { clock, ask } = make();
    const isReading = what !== "stops reading";
    const givenUp = Promise.withResolvers<void>();
    let isSent = !isReading;
    await using server = startRawServer(async (peer) => {
      if (isReading) {
        await peer.request();
        // The request has left.
        await until(() => clock.pending === 0);
        await peer.send("HTTP/1.1 200");
        isSent = true;
      } else await givenUp.promise;
      await peer.closed();
    });
    const asked = ask(server, NEVER, isReading ? "{}" : "x".repeat(30_000_000));
    asked.catch(() => {});
    await until(() => isSent && server.open === 1 && clock.pending === 1);
    clock.advance(limit - 1);
    assert.equal(clock.pending, 1);
    clock.advance(1);
    const message = new RegExp(`timed out after ${limit} ms$`);
    await assert.rejects(asked, { name: "TransportError", isTimeout: true, message });
    givenUp.resolve();
    await server.emptied();
  });
}

Deno.test("no connection within the limit is a timeout, and one that comes too late is closed", async () => {
  for (const isAborted of [false, true]) {
    const clock = createManualClock();
    const { promise, resolve } = Promise.withResolvers<void>();
    let closed = 0;
    const connection = {
      read: () => Promise.reject(new Error("It was not asked for")),
      write: () => Promise.reject(new Error("It was not asked for")),
      close: () => closed++,
    };
    const transport = createTransport(() => ["192.0.2.1"], clock, {
      connect: () => promise.then(() => connection),
      startTls: () => Promise.reject(new Error("It was not asked for")),
    });
    const abort = new AbortController();
    const asked = transport.post(new URL("http://provider.test/v1"), {}, "", abort.signal);
    asked.catch(() => {});
    await until(() => clock.pending === 2);
    clock.advance(PROVIDER_CONNECT_MS - 1);
    if (isAborted) abort.abort(REASON);
    else clock.advance(1);
    await assert.rejects(asked, isAborted ? REASON : { name: "TransportError", isTimeout: true });
    assert.equal(clock.pending, 0);
    resolve();
    await tick();
    assert.equal(closed, 1);
  }
});

Deno.test("a provider that is silent in the handshake is given up at the limit, or at an abort", async () => {
  for (const isAborted of [false, true]) {
    const { clock, transport } = make();
    await using server = startRawServer((peer) => peer.closed());
    const abort = new AbortController();
    const asked = transport.post(new URL(`https://${server.url.host}`), {}, "", abort.signal);
    asked.catch(() => {});
    // The limit of the connection, and that of its next address, are over.
    await until(() => server.open === 1 && clock.pending === 1);
    clock.advance(PROVIDER_TLS_MS - 1);
    if (isAborted) abort.abort(REASON);
    else clock.advance(1);
    await assert.rejects(asked, isAborted ? REASON : { name: "TransportError", isTimeout: true });
    assert.equal(clock.pending, 0);
  }
});

for (const state of ["in the handshake", "writing"]) {
  Deno.test(`connections that the runtime cannot close are bounded for an address: ${state}`, async () => {
    const { clock, transport } = make();
    const isWriting = state === "writing";
    // More than the kernel takes.
    const body = isWriting ? "x".repeat(16_000_000) : "";
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = startRawServer(async (peer) => {
      // The client reads it only after the handshake.
      if (isWriting) await peer.send("H");
      await promise;
      if (isWriting) await peer.closed();
    }, isWriting ? "good" : undefined);
    const ask = async () => {
      const abort = new AbortController();
      const asked = transport.post(new URL(`https://${server.url.host}`), {}, body, abort.signal);
      let error: TransportError | undefined;
      asked.then(() => assert.fail("It was answered"), (reason) => error = reason);
      const { accepted } = server;
      // The limits of the write and of the head, or that of the handshake.
      const pending = isWriting ? 2 : 1;
      await until(() => error !== undefined || server.accepted > accepted && clock.pending === pending);
      abort.abort(REASON);
      await until(() => error !== undefined);
      return error!;
    };
    for (let index = 0; index < MAX_STUCK_OF_ADDRESS; index++) assert.equal(await ask(), REASON);
    const refused = await ask();
    assert.match(refused.message, /too many earlier connections have not ended$/);
    assert.deepEqual([refused.isTimeout, server.accepted, clock.pending], [true, MAX_STUCK_OF_ADDRESS, 0]);
    assert.equal(server.open, MAX_STUCK_OF_ADDRESS);
    resolve();
    await server.emptied();
    while (/not ended/.test((await ask()).message)) await tick();
    await server.emptied();
  });
}

Deno.test("a write that is stuck holds a part of the request, and not the whole", async () => {
  const held: number[] = [];
  const { clock, transport } = make({
    connect: () =>
      Promise.resolve({
        read: () => new Promise<number>(() => {}),
        write(bytes) {
          held.push(bytes.buffer.byteLength);
          return held.length < 3 ? Promise.resolve(bytes.length) : new Promise<number>(() => {});
        },
        close: () => {},
      }),
    startTls: (connection) => Promise.resolve(connection),
  });
  const abort = new AbortController();
  const asked = transport.post(new URL("https://provider.test"), {}, "x".repeat(1_000_000), abort.signal);
  await until(() => held.length === 3);
  abort.abort(REASON);
  await assert.rejects(asked, REASON);
  assert.deepEqual(held, [65_536, 65_536, 65_536]);
  assert.equal(clock.pending, 0);
});

// Deno 2.1.4 takes no flag of its engine so late.
setFlagsFromString("--expose-gc");
const collect: (() => void) | undefined = runInNewContext("globalThis.gc");

Deno.test({
  name: "an answer that goes on does not hold its request",
  ignore: collect === undefined,
  async fn() {
    const { transport, ask } = make();
    await using server = startRawServer(async (peer) => {
      await peer.request();
      await peer.send(`${CHUNKED}1\r\nH\r\n`);
      await peer.closed();
    });
    collect!();
    const before = Deno.memoryUsage().external;
    const open = [];
    for (let index = 0; index < 10; index++) open.push(await ask(server, NEVER, "x".repeat(500_000)));
    await tick();
    collect!();
    const held = Deno.memoryUsage().external - before;
    assert.ok(held < 2_000_000, `10 requests of half a million bytes hold ${held} bytes`);
    for (const answer of open) answer.cancel(REASON);
    transport.close();
    await server.emptied();
  },
});

Deno.test("a certificate must be the host's, valid, and signed by who is trusted", async () => {
  const ask = async (certificate: "good" | "otherName" | "expired" | "foreign", host: string) => {
    const { transport } = make();
    await using server = startRawServer(async (peer) => {
      await peer.request();
      await peer.send(`${OK}Content-Length: 2\r\n\r\nHi`);
      await peer.closed();
    }, certificate);
    const url = new URL(server.url);
    url.hostname = host;
    try {
      return await textOf(await transport.post(url, {}, "", NEVER));
    } catch (error) {
      assert.equal((error as Error).message, "Cannot agree on TLS with the provider");
      assert.deepEqual(server.requests, []);
      return "refused";
    } finally {
      transport.close();
      await server.emptied();
    }
  };
  assert.equal(await ask("good", "provider.test"), "Hi");
  assert.equal(await ask("good", "127.0.0.1"), "Hi");
  assert.equal(await ask("good", "other.test"), "refused");
  for (const certificate of ["otherName", "expired", "foreign"] as const) {
    assert.equal(await ask(certificate, "provider.test"), "refused", certificate);
  }
});

Deno.test("many requests with aborts at any moment leave no connection", async () => {
  const { clock, transport, ask } = make();
  await using server = startRawServer(async (peer) => {
    while (await peer.request() !== null) {
      await peer.send("HTTP/1.1 103 Early\r\n\r\n" + CHUNKED);
      for (let chunk = 0; chunk < 3; chunk++) {
        await tick();
        await peer.send("1\r\nH\r\n");
      }
      await peer.send("0\r\n\r\n");
    }
  });
  let aborted = 0;
  const one = async (index: number) => {
    const abort = new AbortController();
    const wait = index % 7;
    const stop = (async () => {
      for (let turn = 0; turn < wait; turn++) await tick();
      if (wait !== 6) abort.abort(REASON);
    })();
    await ask(server, abort.signal).then(textOf).catch((error) => {
      assert.equal(error, REASON);
      aborted++;
    });
    await stop;
  };
  const count = 400;
  for (let index = 0; index < count; index += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, offset) => one(index + offset)));
  }
  assert.ok(aborted > 0 && aborted < count, String(aborted));
  await until(() => server.open === transport.kept());
  transport.close();
  await server.emptied();
  assert.equal(clock.pending, 0);
});
