/** Opens a connection to one of the addresses that were checked, and to no other. */

import type { Connection, Network } from "../platform/network.ts";
import {
  MAX_STUCK_CONNECTIONS,
  MAX_STUCK_OF_ADDRESS,
  PROVIDER_CONNECT_MS,
  PROVIDER_TLS_MS,
} from "../protocol/limits.ts";
import { TransportError } from "./answer.ts";
import type { Exchange } from "./exchange.ts";

/** Milliseconds after which the next address is tried too, as RFC 8305 recommends. */
export const NEXT_ADDRESS_MS = 250;

/** An open connection. */
export interface Line {
  origin: string;
  /** The address at its other end. */
  address: string;
  connection: Connection;
}

/** The name in the certificate must be the URL's host, whatever the address is. */
export async function connect(
  network: Network,
  stuck: Stuck,
  exchange: Exchange,
  url: URL,
  addresses: string[],
): Promise<Line> {
  const isTls = url.protocol === "https:";
  const usable = addresses.filter((address) => !isTls || stuck.allows(address));
  if (usable.length < addresses.length && usable.length === 0) {
    throw new TransportError("Cannot connect to the provider: too many earlier connections have not ended", true);
  }
  const port = Number(url.port || (isTls ? 443 : 80));
  const first = firstOf(network, exchange, inTurn(usable), port);
  const { connection, address } = await exchange.within(PROVIDER_CONNECT_MS, "connect to the provider", first);
  const line = { origin: url.origin, address, connection };
  if (!isTls || exchange.isOver) return line;
  const tls = network.startTls(connection, url.hostname.replace(/^\[|\]$/g, ""));
  exchange.close = () => stuck.closeAfter(tls, address);
  line.connection = await exchange.within(PROVIDER_TLS_MS, "agree on TLS with the provider", tls);
  return line;
}

/** Alternates between the families, IPv6 first, because one of the two may lead nowhere [RFC 8305, 4]. */
function inTurn(addresses: string[]): string[] {
  const six = addresses.filter((address) => address.includes(":"));
  const four = addresses.filter((address) => !address.includes(":"));
  return Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]])
    .flat().filter((address) => address !== undefined);
}

/**
 * Takes the first address that answers, and closes the others when they answer. Tries none after the end of the
 * exchange.
 */
function firstOf(
  network: Network,
  exchange: Exchange,
  addresses: string[],
  port: number,
): Promise<{ connection: Connection; address: string }> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let waiting = addresses.length;
    let isFound = false;
    let stop = () => {};
    if (waiting === 0) reject(new TypeError("The provider's name has no address"));

    function attempt() {
      stop();
      if (isFound || exchange.isOver || next === addresses.length) return;
      const address = addresses[next++];
      stop = exchange.after(NEXT_ADDRESS_MS, attempt);
      network.connect(address, port).then((connection) => {
        if (isFound || exchange.isOver) return connection.close();
        isFound = true;
        stop();
        exchange.close = () => connection.close();
        resolve({ connection, address });
      }, (error) => {
        waiting--;
        if (waiting > 0) return attempt();
        stop();
        reject(error);
      });
    }
    attempt();
  });
}

/** Connections that were given up and cannot be closed yet. */
export type Stuck = ReturnType<typeof createStuck>;

/**
 * Deno does not close a TLS socket during its handshake, nor while the peer takes no bytes, until the peer does
 * something: a hostile provider can hold one for each request. The relay cannot close them, so it limits their number.
 */
export function createStuck() {
  const counts = new Map<string, number>();
  let total = 0;
  const count = (address: string, change: number) => {
    total += change;
    const now = (counts.get(address) ?? 0) + change;
    if (now === 0) counts.delete(address);
    else counts.set(address, now);
  };
  return {
    /** Whether the address and the worker have fewer of them than the limits. */
    allows: (address: string) => total < MAX_STUCK_CONNECTIONS && (counts.get(address) ?? 0) < MAX_STUCK_OF_ADDRESS,
    /** Closes the connection that the work resolves with; the work counts until it settles. */
    closeAfter(work: Promise<Connection>, address: string) {
      count(address, 1);
      work.then((connection) => connection.close()).catch(() => {}).finally(() => count(address, -1));
    },
  };
}
