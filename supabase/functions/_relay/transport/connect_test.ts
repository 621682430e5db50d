import assert from "node:assert/strict";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Network } from "../platform/network.ts";
import { MAX_STUCK_CONNECTIONS } from "../protocol/limits.ts";
import { createManualClock, turns } from "../testing/platform.ts";
import { connect as connectLine, createStuck, NEXT_ADDRESS_MS } from "./connect.ts";
import { Exchange } from "./exchange.ts";
import { createGuard, LOOKUP_CACHE_MS } from "./guard.ts";
import { createTransport } from "./transport.ts";

const NEVER = new AbortController().signal;
const PUBLIC = ["93.184.215.14", "2606:4700::1111", "93.184.215.15"];

const connect = (network: Network, clock: Clock, url: URL, addresses: string[], signal: AbortSignal) =>
  connectLine(network, createStuck(), new Exchange(clock, signal), url, addresses);

/** A network in which the test settles each connection. */
function makeNetwork() {
  const tried: string[] = [];
  const closed: string[] = [];
  const waiting = new Map<string, { resolve: () => void; reject: () => void }>();
  const network: Network = {
    connect(address, port) {
      tried.push(`${address} ${port}`);
      return new Promise((resolve, reject) => {
        const connection = { close: () => closed.push(address) } as unknown as Connection;
        waiting.set(address, {
          resolve: () => resolve(connection),
          reject: () => reject(new Error(`${address} refused`)),
        });
      });
    },
    startTls: (connection, host) => {
      tried.push(`TLS ${host}`);
      return Promise.resolve(connection);
    },
  };
  return { tried, closed, waiting, network };
}

Deno.test("families take turns, the next address begins after a while or a failure, and the first that answers stays", async () => {
  const clock = createManualClock();
  const { tried, closed, waiting, network } = makeNetwork();
  const connected = connect(network, clock, new URL("https://a.test:8443/v1"), PUBLIC, NEVER);
  assert.deepEqual(tried, ["2606:4700::1111 8443"]);
  clock.advance(NEXT_ADDRESS_MS - 1);
  assert.equal(tried.length, 1);
  clock.advance(1);
  assert.deepEqual(tried.slice(1), ["93.184.215.14 8443"]);
  waiting.get("93.184.215.14")!.reject();
  await turns();
  assert.deepEqual(tried.slice(2), ["93.184.215.15 8443"]);
  waiting.get("93.184.215.15")!.resolve();
  assert.equal((await connected).address, "93.184.215.15");
  assert.deepEqual(tried.slice(3), ["TLS a.test"]);
  waiting.get("2606:4700::1111")!.resolve();
  await turns();
  assert.deepEqual([closed, clock.pending], [["2606:4700::1111"], 0]);
});

Deno.test("where no address answers, the last failure is the cause; where there is none, it says so", async () => {
  const clock = createManualClock();
  const { waiting, network } = makeNetwork();
  const connected = connect(network, clock, new URL("http://a.test"), ["192.0.2.1", "192.0.2.2"], NEVER);
  connected.catch(() => {});
  clock.advance(NEXT_ADDRESS_MS);
  waiting.get("192.0.2.2")!.reject();
  waiting.get("192.0.2.1")!.reject();
  await assert.rejects(connected, { message: "Cannot connect to the provider", cause: new Error("192.0.2.1 refused") });
  await assert.rejects(connect(network, clock, new URL("http://a.test"), [], NEVER), { name: "TransportError" });
  assert.equal(clock.pending, 0);
});

Deno.test("the address that was checked is called, whatever the name leads to by then", async () => {
  const clock = createManualClock();
  let answer = ["93.184.215.14"];
  const rules = { providerHosts: null, allowPrivateProviders: false };
  const guard = createGuard(rules, () => Promise.resolve(answer), clock);
  const { tried, waiting, network } = makeNetwork();
  const transport = createTransport(guard.addressesOf, clock, network);
  const url = await guard.check("https://rebinding.example.com/v1");
  answer = ["127.0.0.1"];
  const abort = new AbortController();
  const asked = transport.post(url, {}, "", abort.signal);
  asked.catch(() => {});
  await turns();
  assert.deepEqual(tried, ["93.184.215.14 443"]);
  abort.abort(new Error("It was seen"));
  await assert.rejects(asked, { message: "It was seen" });
  // An answer that has grown old is asked for, and checked, again.
  clock.advance(LOOKUP_CACHE_MS);
  await assert.rejects(transport.post(url, {}, "", NEVER), { code: "provider_not_allowed" });
  assert.equal(tried.length, 1);
  for (const { reject } of waiting.values()) reject();
});

Deno.test("connections that the runtime cannot close are bounded for a worker, and free their place when they settle", async () => {
  const stuck = createStuck();
  const works = Array.from({ length: MAX_STUCK_CONNECTIONS }, () => Promise.withResolvers<Connection>());
  let closed = 0;
  for (const [index, { promise }] of works.entries()) {
    assert.equal(stuck.allows("new"), true);
    stuck.closeAfter(promise, String(index));
  }
  assert.equal(stuck.allows("new"), false);
  works[0].reject(new Error("The provider closed it"));
  await turns();
  assert.equal(stuck.allows("new"), true);
  for (const { resolve } of works) resolve({ close: () => closed++ } as unknown as Connection);
  await turns();
  assert.deepEqual([stuck.allows("0"), closed], [true, MAX_STUCK_CONNECTIONS - 1]);
});
