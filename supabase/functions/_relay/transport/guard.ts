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

/** Hosts whose answers are kept; the oldest makes room. */
export const LOOKUP_CACHE_HOSTS = 1_000;

/** The settings that the rules depend on. */
export type AddressRules = Pick<
  Configuration,
  "providerHosts" | "allowPrivateProviders"
>;

/** One wording for all private addresses, so that it says nothing about the relay's own network. */
const NOT_PUBLIC = "its host does not lead to a public address";

/**
 * Gives the URL to call, without a dot after the host or a slash at the end of the path; throws `provider_not_allowed`.
 * A host on the allow list must lead to public addresses too: the list narrows the choice, and only
 * `allowPrivateProviders` opens the relay's own network. `fetch` resolves the name again, so a name whose address
 * changes in between gets past this check: where bots come from strangers, the allow list is the defence.
 */
export function createAddressCheck(
  configuration: AddressRules,
  resolve: ResolveDns = resolveDns,
  clock: Clock = systemClock,
): (accessPath: string) => Promise<URL> {
  const { providerHosts, allowPrivateProviders } = configuration;
  const leadsToPublic = createLookup(resolve, clock);
  return async (accessPath) => {
    const url = parse(accessPath, allowPrivateProviders);
    if (providerHosts !== null && !providerHosts.includes(url.hostname)) {
      throw refusal("its host is not on the list of allowed hosts");
    }
    if (allowPrivateProviders) return url;
    const literal = literalAddress(url.hostname);
    const isPublic = literal === null
      ? isPublicName(url.hostname) && await leadsToPublic(url.hostname)
      : isPublicAddress(literal);
    if (!isPublic) throw refusal(NOT_PUBLIC);
    return url;
  };
}

/** Never quotes the URL: people paste keys into it. */
function parse(accessPath: string, allowHttp: boolean): URL {
  if (!URL.canParse(accessPath)) throw refusal("its base URL is not a URL");
  const url = new URL(accessPath);
  if (url.protocol !== "https:" && !(allowHttp && url.protocol === "http:")) {
    throw refusal(`its base URL does not begin with "https://"`);
  }
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

/** Names that mean something on one network alone. */
function isPublicName(host: string): boolean {
  return host.includes(".") && !/\.(?:localhost|local|internal)$/.test(host);
}

/** Whether a name leads to public addresses alone; requests that ask at the same time share one lookup. */
function createLookup(resolve: ResolveDns, clock: Clock): (host: string) => Promise<boolean> {
  const cache = new Map<string, { until: number; answer: Promise<boolean> }>();

  /** Rejects after the time limit, also where the resolver ignores the signal. */
  async function ask(host: string): Promise<boolean> {
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
      return found.length > 0 && found.every(isPublicAddress);
    } finally {
      stop();
    }
  }

  function remember(host: string): Promise<boolean> {
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
