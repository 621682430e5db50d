/** Opens a connection to one of the addresses that were checked, and to no other. */

import type { Clock } from "../platform/clock.ts";
import type { Connection, Network } from "../platform/network.ts";
import { PROVIDER_CONNECT_MS, PROVIDER_TLS_MS } from "../protocol/limits.ts";
import { TransportError } from "./answer.ts";

/** Milliseconds after which the next address is tried too, as RFC 8305 recommends. */
export const NEXT_ADDRESS_MS = 250;

/** A connection, and the address at its other end. */
export interface Connected {
  connection: Connection;
  address: string;
}

/** The name in the certificate must be the URL's host, whatever the address is. */
export async function connect(
  network: Network,
  clock: Clock,
  url: URL,
  addresses: string[],
  signal: AbortSignal,
): Promise<Connected> {
  const isTls = url.protocol === "https:";
  const port = Number(url.port) || (isTls ? 443 : 80);
  const others = new AbortController();
  const first = firstOf(network, clock, inTurn(addresses), port, others.signal);
  const close = ({ connection }: Connected) => connection.close();
  const connected = await within(clock, PROVIDER_CONNECT_MS, "connect to the provider", first, signal, close)
    .finally(() => others.abort(new DOMException("It is not needed", "AbortError")));
  if (!isTls) return connected;
  const tls = network.startTls(connected.connection, url.hostname.replace(/^\[|\]$/g, ""));
  const closeTls = (connection: Connection) => connection.close();
  const connection = await within(clock, PROVIDER_TLS_MS, "agree on TLS with the provider", tls, signal, closeTls);
  return { connection, address: connected.address };
}

/** Families take turns, IPv6 first, because one of the two may lead nowhere [RFC 8305, 4]. */
function inTurn(addresses: string[]): string[] {
  const six = addresses.filter((address) => address.includes(":"));
  const four = addresses.filter((address) => !address.includes(":"));
  return Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]])
    .flat().filter((address) => address !== undefined);
}

/** The first that answers; the others are closed when they do. Once the signal aborts, no further one is tried. */
function firstOf(
  network: Network,
  clock: Clock,
  addresses: string[],
  port: number,
  signal: AbortSignal,
): Promise<Connected> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let waiting = addresses.length;
    let stop = () => {};
    let isOver = false;
    const end = () => {
      isOver = true;
      stop();
    };
    signal.addEventListener("abort", end, { once: true });
    if (waiting === 0) reject(new TypeError("The provider's name has no address"));

    function attempt() {
      stop();
      if (isOver || next === addresses.length) return;
      const address = addresses[next++];
      stop = clock.after(NEXT_ADDRESS_MS, attempt);
      network.connect(address, port).then((connection) => {
        if (isOver) return connection.close();
        end();
        resolve({ connection, address });
      }, (error) => {
        waiting--;
        if (waiting > 0) return attempt();
        end();
        reject(error);
      });
    }
    attempt();
  });
}

/** Settles as the work does, or rejects at the limit or the abort; what the work brings after that goes to `undo`. */
function within<T>(
  clock: Clock,
  ms: number,
  action: string,
  work: Promise<T>,
  signal: AbortSignal,
  undo: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      stop();
      signal.removeEventListener("abort", abort);
      settle();
    };
    const abort = () => end(() => reject(signal.reason));
    const late = new TransportError(`Cannot ${action}: timed out after ${ms} ms`, true);
    const stop = clock.after(ms, () => end(() => reject(late)));
    signal.addEventListener("abort", abort);
    work.then((value) => {
      if (isOver) return undo(value);
      end(() => resolve(value));
    }, (cause) => end(() => reject(new TransportError(`Cannot ${action}`, false, { cause }))));
    if (signal.aborted) abort();
  });
}
