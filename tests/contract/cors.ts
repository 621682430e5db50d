/** CORS: a page of any origin can call the relay and read every answer of it; `expectRefusal` checks the refusals. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { expectReadable } from "../../testkit/reader.ts";
import type { Scenario } from "./scenario.ts";

const ORIGIN = "https://storytellr.example";

/** What supabase-js sends by itself, what a client of the relay adds, and what libraries for tracing add. */
const SENT = [
  ...["authorization", "x-client-info", "apikey", "content-type", "x-retry-count", "traceparent", "tracestate"],
  ...["baggage", "x-region", "last-event-id", "sentry-trace", "x-datadog-trace-id"],
];

function listed(response: Response, header: string): string[] {
  return response.headers.get(header)?.toLowerCase().split(/ *, */) ?? [];
}

const FUNCTIONS = [
  ["/stream", "POST"],
  ["/stream/some-id", "GET"],
  ["/cancel", "POST"],
  ["/cancel/some-id", "POST"],
  ["/healthz", "GET"],
  ["/metrics", "GET"],
];

export const cors: Scenario[] = [{
  title: "a preflight of each function allows its method and every header that clients send",
  async run(target) {
    for (const [path, method] of FUNCTIONS) {
      const headers = {
        origin: ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": SENT.join(","),
      };
      const response = await fetch(target.workers[0] + path, { method: "OPTIONS", headers });
      equal([response.status, await response.text()], [204, ""]);
      expectReadable(response);
      ok(listed(response, "access-control-allow-methods").includes(method.toLowerCase()), path);
      const allowed = listed(response, "access-control-allow-headers");
      equal(SENT.filter((name) => !allowed.includes(name)), []);
      ok(Number(response.headers.get("access-control-max-age")) > 0);
    }
  },
}, {
  title: "streams, refusals and other answers can be read by a page of another origin, and cached for one",
  async run(target, provider) {
    const { ask, get, cancel, user } = await newAuthor(target, provider);
    const authorization = `Bearer ${user.token}`;
    const [worker] = target.workers;
    const headers = { origin: ORIGIN };
    const stream_id = crypto.randomUUID();
    const answers: [number, () => Promise<Response>][] = [
      [200, () => ask({ prompt: "x", stream_id }, { headers })],
      [200, () => ask({ prompt: "x", stream_id }, { headers })],
      [200, () => get(stream_id, { from: 4, headers })],
      [409, () => ask({ prompt: "x" }, { headers: { ...headers, "last-event-id": "4" } })],
      [200, () => fetch(`${worker}/stream/${stream_id}`, { method: "HEAD", headers: { ...headers, authorization } })],
      [200, () => fetch(`${worker}/healthz`, { method: "HEAD", headers })],
      [400, () => get(stream_id, { from: "four", headers })],
      [200, () => cancel(stream_id, { headers })],
      [405, () => fetch(`${worker}/stream`, { method: "PUT", headers })],
      [200, () => fetch(`${worker}/healthz`, { headers })],
      // Without an Origin, for a cache may give the answer to a page.
      [400, () => ask({})],
    ];
    for (const [status, answer] of answers) {
      const response = await answer();
      await response.text();
      equal(response.status, status);
      expectReadable(response);
    }
  },
}];
