/** Builds the answers that are no stream. */

import type { RelayError } from "../protocol/errors.ts";

/** A JSON answer; no cache may keep it, for each is one user's. */
export function json(body: unknown, status = 200, headers: HeadersInit = {}): Response {
  const all = new Headers(headers);
  all.set("content-type", "application/json; charset=utf-8");
  if (!all.has("cache-control")) all.set("cache-control", "no-store");
  return new Response(JSON.stringify(body), { status, headers: all });
}

/** An error's answer, in the one shape that all have; its cause stays here. */
export function errorResponse(error: RelayError): Response {
  const headers = new Headers();
  if (error.retryAfter !== undefined) {
    headers.set("retry-after", String(Math.ceil(error.retryAfter)));
  }
  // A 401 must name the scheme that would be accepted [RFC 9110, 11.6.1].
  if (error.status === 401) headers.set("www-authenticate", "Bearer");
  const { code, message, issues, streamId: stream_id, resetsAt: resets_at } = error;
  return json({ error: { code, message, issues, stream_id, resets_at } }, error.status, headers);
}
