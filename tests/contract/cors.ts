/** CORS: a page of any origin can call the relay and read every answer of it, an error's too. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { signUp, type Target } from "../../testkit/target.ts";
import { post } from "../../testkit/reader.ts";
import { givenAuthor, type Scenario } from "./scenario.ts";

const ORIGIN = "https://storytellr.example";

/** What supabase-js sends by itself, and what a client of the relay needs beside that. */
const SENT = [
  "authorization",
  "x-client-info",
  "apikey",
  "content-type",
  "x-retry-count",
  "traceparent",
  "tracestate",
  "baggage",
  "x-region",
  "last-event-id",
];

const READ = [
  "x-stream-id",
  "x-request-id",
  "retry-after",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
];

function listed(response: Response, header: string): string[] {
  return response.headers.get(header)?.toLowerCase().split(/ *, */) ?? [];
}

function checkReadable(response: Response) {
  const at = `status ${response.status}`;
  equal(response.headers.get("access-control-allow-origin"), "*", at);
  equal(response.headers.get("access-control-allow-credentials"), null, at);
  const exposed = listed(response, "access-control-expose-headers");
  equal(READ.filter((name) => !exposed.includes(name)), [], at);
}

async function preflight(target: Target, path: string, method: string) {
  const response = await fetch(`${target.workers[0]}${path}`, {
    method: "OPTIONS",
    headers: {
      origin: ORIGIN,
      "access-control-request-method": method,
      "access-control-request-headers": SENT.join(","),
    },
  });
  equal(await response.text(), "");
  return response;
}

export const cors: Scenario[] = [{
  title: "a preflight of each function allows its method and every header that clients send",
  async run(target) {
    for (
      const [path, method] of [
        ["/stream", "POST"],
        ["/stream/some-id", "GET"],
        ["/cancel", "POST"],
        ["/cancel/some-id", "POST"],
        ["/healthz", "GET"],
        ["/metrics", "GET"],
      ]
    ) {
      const response = await preflight(target, path, method);
      equal(response.status, 204);
      checkReadable(response);
      ok(listed(response, "access-control-allow-methods").includes(method.toLowerCase()), path);
      const allowed = listed(response, "access-control-allow-headers");
      equal(SENT.filter((name) => !allowed.includes(name)), []);
      ok(Number(response.headers.get("access-control-max-age")) > 0);
    }
  },
}, {
  title: "the stream and every kind of refusal can be read by a page of another origin",
  async run(target, provider) {
    const { user } = await givenAuthor(target, provider);
    const stream = `${target.workers[0]}/stream`;
    const good = { prompt: "x" };
    const send = async (wanted: number, url: string, token: string | null, body: unknown, headers = {}) => {
      const response = await post(url, token, body, { origin: ORIGIN, ...headers });
      await response.text();
      equal(response.status, wanted);
      checkReadable(response);
    };
    const stream_id = crypto.randomUUID();
    await send(200, stream, user.token, { ...good, stream_id });
    await send(400, stream, user.token, "{");
    await send(401, stream, null, good);
    await send(404, stream, user.token, { ...good, bot_id: crypto.randomUUID() });
    // Again, as who lost the answer does; another user's is refused.
    await send(200, stream, user.token, { ...good, stream_id });
    const other = await givenAuthor(target, provider);
    await send(409, stream, other.user.token, { ...good, stream_id });
    const read = async (wanted: number, id: string, headers = {}) => {
      const response = await fetch(`${stream}/${id}`, {
        headers: { origin: ORIGIN, authorization: `Bearer ${user.token}`, ...headers },
      });
      await response.text();
      equal(response.status, wanted);
      checkReadable(response);
    };
    await read(200, stream_id, { "last-event-id": "4" });
    await read(400, stream_id, { "last-event-id": "four" });
    await read(401, stream_id, { authorization: "" });
    await read(404, crypto.randomUUID());
    await send(413, stream, user.token, " ".repeat(256 * 1024 + 1));
    await send(415, stream, user.token, good, { "content-type": "text/plain" });
    await send(404, `${stream}/of/nothing`, user.token, good);
    for (let left = 4; left > 0; left--) {
      await send(200, stream, user.token, good);
    }
    await send(429, stream, user.token, good);
    await send(200, `${target.workers[0]}/cancel`, user.token, { stream_id });
    await send(405, `${target.workers[0]}/healthz`, null, {});
    const response = await fetch(stream, { method: "PUT", headers: { origin: ORIGIN } });
    await response.text();
    equal(response.status, 405);
    checkReadable(response);
  },
}, {
  title: "an answer without an Origin has the same headers, for a cache may give it to a page",
  async run(target) {
    const user = await signUp(target);
    const response = await post(`${target.workers[0]}/stream`, user.token, {});
    await response.text();
    checkReadable(response);
  },
}];
