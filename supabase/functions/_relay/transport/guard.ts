/** Decides whether the relay may call a bot's base URL. */

import { type Clock, systemClock } from "../platform/clock.ts";
import type { Configuration } from "../platform/configuration.ts";
import { type ResolveDns, resolveDns } from "../platform/dns.ts";
import { RelayError } from "../protocol/errors.ts";
import { isPublicAddress } from "./public_address.ts";

/** Milliseconds that a name may take to resolve. */
export const LOOKUP_TIMEOUT_MS = 3_000;

/** Milliseconds that an answer about a host is kept. */
export const LOOKUP_CACHE_MS = 60_000;

/** How many hosts' answers are kept; the oldest is dropped for a new one. */
export const LOOKUP_CACHE_HOSTS = 1_000;

/** Addresses of a name that are kept, and tried. */
const MAX_ADDRESSES = 8;

/** Addresses of a name that are checked: an answer of DNS has room for 4,000, which take 30 ms at a stretch. */
export const MAX_CHECKED_ADDRESSES = 256;

/** The settings that the rules depend on. */
export type AddressRules = Pick<
  Configuration,
  "providerHosts" | "allowPrivateProviders"
>;

/** A model on the same machine may listen on only one of the loopback addresses. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** One wording for all private addresses, so that it says nothing about the relay's own network. */
const NOT_PUBLIC = "its host does not lead to a public address";

/** Decides which base URLs the relay calls, and at which addresses. */
export interface Guard {
  /** Gives the URL to call, without a dot after the host or a slash at the end of the path. */
  check(accessPath: string): Promise<URL>;
  /** The addresses of such a URL's host, each of them checked: the transport calls no other. */
  addressesOf(url: URL): Promise<string[]>;
}

/**
 * Throws `provider_not_allowed` for a URL that the relay does not call. A host on the allow list must lead to public
 * addresses too: the list narrows the choice, and only `allowPrivateProviders` opens the relay's own network. A name
 * whose address changes after the check gets past it only with `fetch`, which resolves the name again.
 */
export function createGuard(
  configuration: AddressRules,
  resolve: ResolveDns = resolveDns,
  clock: Clock = systemClock,
): Guard {
  const { providerHosts, allowPrivateProviders } = configuration;
  const lookUp = createLookup(resolve, clock);

  async function addressesOf({ hostname }: URL): Promise<string[]> {
    const literal = literalAddress(hostname);
    // The runtime resolves a private name, because it may stand in a hosts file.
    if (allowPrivateProviders) return hostname === "localhost" ? LOOPBACK : [literal ?? hostname];
    const isPublic = literal === null ? isPublicName(hostname) : isPublicAddress(literal);
    if (!isPublic) throw refusal(NOT_PUBLIC);
    const addresses = literal === null ? await lookUp(hostname) : [literal];
    if (addresses.length === 0) throw refusal(NOT_PUBLIC);
    return addresses;
  }

  return {
    async check(accessPath) {
      const url = parse(accessPath, allowPrivateProviders);
      if (providerHosts !== null && !providerHosts.includes(url.hostname)) {
        throw refusal("its host is not on the list of allowed hosts");
      }
      await addressesOf(url);
      return url;
    },
    addressesOf,
  };
}

/** Never quotes the URL: people paste keys into it. */
function parse(accessPath: string, allowHttp: boolean): URL {
  if (!URL.canParse(accessPath)) throw refusal("its base URL is not a URL");
  const url = new URL(accessPath);
  if (url.protocol !== "https:" && !(allowHttp && url.protocol === "http:")) {
    throw refusal(`its base URL does not begin with "https://"`);
  }
  if (url.port === "0") throw refusal("its base URL has port 0");
  if (url.username !== "" || url.password !== "") {
    throw refusal("its base URL has a user name or a password");
  }
  if (url.hash !== "" || url.href.endsWith("#")) {
    throw refusal("its base URL has a fragment");
  }
  const host = url.hostname.replace(/\.$/, "");
  url.hostname = host;
  // The setter ignores what it cannot use, and an address with a dot after it becomes an address.
  if (host.endsWith(".") || url.hostname !== host) throw refusal(NOT_PUBLIC);
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

function refusal(state: string, cause?: unknown): RelayError {
  return new RelayError("provider_not_allowed", `Cannot call the provider of this bot: ${state}`, { cause });
}

/** The URL parser has turned every spelling of an IPv4 address into four numbers, and IPv6 stands in brackets. */
function literalAddress(host: string): string | null {
  if (host.startsWith("[")) return host.slice(1, -1);
  return /^[\d.]+$/.test(host) ? host : null;
}

/** Names that are valid on one network alone. */
function isPublicName(host: string): boolean {
  return host.includes(".") && !/\.(?:localhost|local|internal)$/.test(host);
}

/** The addresses of a name if all are public, else none. Requests that ask at the same time share one lookup. */
function createLookup(resolve: ResolveDns, clock: Clock): (host: string) => Promise<string[]> {
  const cache = new Map<string, { until: number; answer: Promise<string[]> }>();

  /** Rejects after the time limit, even if the resolver ignores the signal. */
  async function ask(host: string): Promise<string[]> {
    const abort = new AbortController();
    let stop = () => {};
    const late = new Promise<never>((_, reject) => {
      stop = clock.after(LOOKUP_TIMEOUT_MS, () => {
        const reason = new DOMException("The lookup took too long", "TimeoutError");
        reject(reason);
        abort.abort(reason);
      });
    });
    try {
      const found = await Promise.race([resolve(host, abort.signal), late]);
      const isPublic = found.length <= MAX_CHECKED_ADDRESSES && found.every(isPublicAddress);
      return isPublic ? found.slice(0, MAX_ADDRESSES) : [];
    } finally {
      stop();
    }
  }

  function remember(host: string): Promise<string[]> {
    const entry = { until: clock.now() + LOOKUP_CACHE_MS, answer: ask(host) };
    cache.delete(host);
    for (const oldest of cache.keys()) {
      if (cache.size < LOOKUP_CACHE_HOSTS) break;
      cache.delete(oldest);
    }
    cache.set(host, entry);
    // A failure is not kept: the next request asks again.
    entry.answer.catch(() => {
      if (cache.get(host) === entry) cache.delete(host);
    });
    return entry.answer;
  }

  return async (host) => {
    const known = cache.get(host);
    const fresh = known !== undefined && clock.now() < known.until;
    try {
      return await (fresh ? known.answer : remember(host));
    } catch (cause) {
      throw refusal(NOT_PUBLIC, cause);
    }
  };
}
