import assert from "node:assert/strict";
import { createNetwork } from "../platform/network.ts";
import {
  MAX_KEPT_CONNECTIONS,
  MAX_KEPT_OF_ORIGIN,
  MAX_PROVIDER_REST_BYTES,
  PROVIDER_KEEP_MS,
  PROVIDER_REST_MS,
} from "../protocol/limits.ts";
import { TEST_CA } from "../testing/certificates.ts";
import { textOf, until } from "../testing/network.ts";
import { createManualClock } from "../testing/platform.ts";
import { type Peer, type RawServer, startRawServer } from "../testing/raw_server.ts";
import { createKeeper, KEPT_SILENT_MS } from "./keep.ts";
import { createTransport } from "./transport.ts";

const NEVER = new AbortController().signal;
const HI = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHi";

function make(addressesOf = () => ["127.0.0.1"]) {
  const clock = createManualClock();
  const transport = createTransport(addressesOf, clock, createNetwork([TEST_CA]));
  const ask = async (server: RawServer) => await textOf(await transport.post(server.url, {}, "{}", NEVER));
  return { clock, transport, ask };
}

/** Gives each request of a connection this answer. */
const gives = (answer: string) => async (peer: Peer) => {
  while (await peer.request() !== null) await peer.send(answer);
};

Deno.test("requests in a row share a connection, with TLS or without", async () => {
  for (const certificate of [undefined, "good"] as const) {
    const { clock, transport, ask } = make();
    await using server = startRawServer(gives(HI), certificate);
    for (let index = 0; index < 3; index++) {
      assert.equal(await ask(server), "Hi");
      clock.advance(KEPT_SILENT_MS);
    }
    assert.deepEqual([server.accepted, server.requests.length, transport.kept()], [1, 3, 1]);
    clock.advance(PROVIDER_KEEP_MS - KEPT_SILENT_MS - 1);
    assert.equal(transport.kept(), 1);
    clock.advance(1);
    assert.equal(transport.kept(), 0);
    await server.emptied();
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a connection that the provider closed, or wrote to, is not used again, and nothing is sent twice", async () => {
  for (const last of ["", "HTTP/1.1 408 Request Timeout\r\n\r\n"]) {
    const { transport, ask } = make();
    let next = Promise.withResolvers<void>();
    await using server = startRawServer(async (peer) => {
      await peer.request();
      await peer.send(HI);
      await next.promise;
      await peer.send(last);
      if (last !== "") await peer.closed();
    });
    for (let count = 1; count <= 3; count++) {
      next = Promise.withResolvers();
      assert.equal(await ask(server), "Hi");
      assert.deepEqual([server.accepted, server.requests.length, transport.kept()], [count, count, 1]);
      next.resolve();
      await until(() => transport.kept() === 0);
    }
    await server.emptied();
  }
});

Deno.test("a connection on which an answer has just ended is not used: a server may answer once too often", async () => {
  const { clock, transport, ask } = make();
  await using server = startRawServer(gives(HI));
  await ask(server);
  clock.advance(KEPT_SILENT_MS - 1);
  await ask(server);
  assert.deepEqual([server.accepted, transport.kept()], [2, 2]);
  transport.close();
  await server.emptied();
});

Deno.test("a request that a provider read on a kept connection is not sent again when that breaks", async () => {
  const { clock, transport, ask } = make();
  await using server = startRawServer(async (peer) => {
    await peer.request();
    await peer.send(HI);
    await peer.request();
  });
  await ask(server);
  clock.advance(KEPT_SILENT_MS);
  await assert.rejects(ask(server), { name: "TransportError" });
  assert.deepEqual([server.accepted, server.requests.length, transport.kept()], [1, 2, 0]);
});

Deno.test("a connection is kept only after a whole answer of a provider that keeps it, too", async () => {
  const notKept = [
    HI.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    HI.replace("\r\n\r\n", "\r\nConnection: x, Close\r\n\r\n"),
    HI.replace("\r\n\r\n", "\r\nKeep-Alive: timeout=1\r\n\r\n"),
    HI.replace("1.1", "1.0"),
    `${HI}x`,
    "HTTP/1.1 204 No\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx",
  ];
  for (const answer of notKept) {
    const { transport, ask } = make();
    await using server = startRawServer(gives(answer));
    await ask(server);
    assert.equal(transport.kept(), 0, answer);
    await server.emptied();
  }
  const { clock, transport, ask } = make();
  await using server = startRawServer(gives(HI.replace("\r\n\r\n", "\r\nKeep-Alive: max=9, timeout=3\r\n\r\n")));
  await ask(server);
  clock.advance(1_999);
  assert.equal(transport.kept(), 1);
  clock.advance(1);
  assert.equal(transport.kept(), 0);
});

Deno.test("a connection that is left before its answer's end is kept where the rest is short and comes soon", async () => {
  const rest = (bytes: number) => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n0\r\n\r\n`;
  const cases: [rest: string, isKept: boolean][] = [
    ["0\r\n\r\n", true],
    [rest(MAX_PROVIDER_REST_BYTES - 1), true],
    // The read that passes the limit may bring the end with it, so this one has more than such a read.
    [rest(10 * MAX_PROVIDER_REST_BYTES), false],
    ["x", false],
    ["", false],
  ];
  for (const [rest, isKept] of cases) {
    const { clock, transport } = make();
    let left = Promise.withResolvers<void>();
    await using server = startRawServer(async (peer) => {
      while (await peer.request() !== null) {
        await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nHi\r\n");
        await left.promise;
        await peer.send(rest);
      }
    });
    for (let asked = 0; asked < 2; asked++) {
      left = Promise.withResolvers();
      const answer = await transport.post(server.url, {}, "{}", NEVER);
      assert.equal((await answer.next())?.length, 2);
      await until(() => clock.pending === 0);
      answer.leave!();
      assert.equal(clock.pending, 1);
      if (rest === "") clock.advance(PROVIDER_REST_MS);
      left.resolve();
      if (!isKept) await server.emptied();
      await until(() => transport.kept() === Number(isKept) && clock.pending === Number(isKept));
      clock.advance(KEPT_SILENT_MS);
    }
    assert.deepEqual([server.accepted, server.requests.length], [isKept ? 1 : 2, 2], rest);
    transport.close();
  }
});

Deno.test("a kept connection is used only where its address is one that was checked for this request", async () => {
  let addresses = ["127.0.0.1"];
  const { clock, transport, ask } = make(() => addresses);
  await using server = startRawServer(gives(HI));
  await ask(server);
  clock.advance(KEPT_SILENT_MS);
  // Nothing listens there.
  addresses = ["127.0.0.2"];
  await assert.rejects(ask(server), { message: "Cannot connect to the provider" });
  assert.deepEqual([server.requests.length, transport.kept()], [1, 1]);
  addresses = ["127.0.0.1"];
  await ask(server);
  assert.deepEqual([server.requests.length, server.accepted], [2, 1]);
  transport.close();
  await server.emptied();
});

Deno.test("so many connections are kept, and the oldest makes room", () => {
  const clock = createManualClock();
  const keeper = createKeeper(clock);
  const closed: string[] = [];
  const keep = (origin: string, address: string) =>
    keeper.keep({
      origin,
      address,
      connection: {
        read: () => new Promise(() => {}),
        write: () => Promise.reject(new Error("It was not asked for")),
        close: () => closed.push(`${origin} ${address}`),
      },
    }, Infinity);
  for (let index = 0; index <= MAX_KEPT_OF_ORIGIN; index++) keep("http://a.test", String(index));
  assert.deepEqual([keeper.size(), closed], [MAX_KEPT_OF_ORIGIN, ["http://a.test 0"]]);
  for (let index = keeper.size(); index <= MAX_KEPT_CONNECTIONS; index++) keep(`http://${index}.test`, "1");
  assert.deepEqual([keeper.size(), closed[1]], [MAX_KEPT_CONNECTIONS, "http://a.test 1"]);
  assert.equal(keeper.take("http://a.test", ["2", "3"]), null);
  clock.advance(KEPT_SILENT_MS);
  assert.equal(keeper.take("http://a.test", ["0", "1"]), null);
  assert.equal(keeper.take("http://b.test", ["2"]), null);
  assert.equal(keeper.take("http://a.test", ["2", "3"])?.address, "3");
  keeper.close();
  assert.equal(closed.length, MAX_KEPT_CONNECTIONS + 1);
  keep("http://a.test", "late");
  assert.deepEqual([keeper.size(), closed.at(-1), clock.pending], [0, "http://a.test late", 0]);
});
