/** The headers by which browsers know which pages may call the relay. */

import type { Configuration } from "../platform/configuration.ts";

/** What supabase-js sends, the region pin, and what a client needs to resume and to be traced. */
const ALLOWED_HEADERS =
  "authorization, x-client-info, apikey, content-type, x-retry-count, traceparent, tracestate, baggage, " +
  "x-region, last-event-id, x-request-id";

const EXPOSED_HEADERS =
  "x-stream-id, x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, " +
  "x-sb-edge-region";

/** Seconds; browsers cap it, Chromium at two hours. */
const MAX_AGE = "86400";

/** Puts CORS headers on what leaves. */
export interface Cors {
  /** For every answer, errors and preflights too. */
  allow(headers: Headers, origin: string | null): void;
  /** For preflights, besides those. */
  preflight(headers: Headers): void;
}

/**
 * Credentials are never allowed: a caller is known by its Authorization header, not by a cookie, so `*` gives a foreign
 * page nothing that it could not ask for itself.
 */
export function createCors(allowedOrigins: Configuration["allowedOrigins"], methods: string[]): Cors {
  return {
    allow(headers, origin) {
      headers.set("access-control-expose-headers", EXPOSED_HEADERS);
      if (allowedOrigins === "*") {
        headers.set("access-control-allow-origin", "*");
        return;
      }
      // Also on the answer to an origin that is not listed: a cache must not give it to one that is.
      headers.append("vary", "Origin");
      if (origin !== null && allowedOrigins.includes(origin)) {
        headers.set("access-control-allow-origin", origin);
      }
    },
    preflight(headers) {
      headers.set("access-control-allow-methods", methods.join(", "));
      headers.set("access-control-allow-headers", ALLOWED_HEADERS);
      headers.set("access-control-max-age", MAX_AGE);
    },
  };
}
