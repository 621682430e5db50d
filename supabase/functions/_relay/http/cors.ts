/** The headers that say to browsers which pages may call the relay. */

import type { Configuration } from "../platform/configuration.ts";
import { MAX_PREFLIGHT_CHARACTERS } from "../protocol/limits.ts";

/** For a preflight that names no headers: what supabase-js sends, and what a client needs to resume and to be traced. */
const USUAL_HEADERS =
  "authorization, x-client-info, apikey, content-type, x-retry-count, traceparent, tracestate, baggage, " +
  "x-region, last-event-id, x-request-id";

const EXPOSED_HEADERS =
  "x-stream-id, x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, " +
  "x-sb-edge-region";

/** Seconds; browsers cap it, Chromium at two hours. */
const MAX_AGE = "86400";

/**
 * Sets the CORS headers of answers. Credentials are never allowed: a caller is known by its Authorization header, not by a cookie, so `*` gives a foreign
 * page nothing that it could not ask for itself.
 */
export function createCors(allowedOrigins: Configuration["allowedOrigins"], methods: string[]) {
  return {
    /** For every answer, errors and preflights too. */
    allow(headers: Headers, origin: string | null) {
      headers.set("access-control-expose-headers", EXPOSED_HEADERS);
      if (allowedOrigins === "*") {
        headers.set("access-control-allow-origin", "*");
        return;
      }
      // Also for an origin that is not listed: a cache must not give that answer to an origin that is.
      headers.append("vary", "Origin");
      if (origin !== null && allowedOrigins.includes(origin)) {
        headers.set("access-control-allow-origin", origin);
      }
    },
    /** For preflights, in addition to those; `requested` is the list of headers that the page wants to send. */
    preflight(headers: Headers, requested: string | null) {
      headers.set("access-control-allow-methods", methods.join(", "));
      headers.set("access-control-allow-headers", allowedHeaders(requested));
      headers.append("vary", "Access-Control-Request-Headers");
      headers.set("access-control-max-age", MAX_AGE);
    },
  };
}

/**
 * Tracing libraries add headers to every request of a page, and a preflight that does not allow one blocks them all.
 * The relay reads only those that it knows, so the others do no harm. An invalid header name is not repeated.
 */
function allowedHeaders(requested: string | null): string {
  if (requested === null || requested.length > MAX_PREFLIGHT_CHARACTERS) return USUAL_HEADERS;
  const names = requested.toLowerCase().split(",").map((name) => name.trim());
  return names.filter((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)).join(", ") || USUAL_HEADERS;
}
