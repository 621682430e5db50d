import assert from "node:assert/strict";
import { systemClock } from "../platform/clock.ts";
import { createNetwork } from "../platform/network.ts";
import { TEST_CA } from "../testing/certificates.ts";
import { createManualClock } from "../testing/platform.ts";
import { startRawServer } from "../testing/raw_server.ts";
import { createTransportFetch } from "../transport/fetch.ts";
import { KEPT_SILENT_MS } from "../transport/keep.ts";
import { createTransport } from "../transport/transport.ts";
import { createProvider } from "./client.ts";

const CALL = {
  accessKey: "sk-secret",
  model: "m",
  temperature: null,
  params: {},
  messages: [{ role: "user" as const, content: "Hi" }],
};
const EVENT = 'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n';
const STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

/** What a provider does, and what becomes of it. */
const ENDS: Record<string, [string, string]> = {
  "an answer": [`${STREAM}\r\n${EVENT}data: [DONE]\n\n`, "stop"],
  "an answer of a length": [`${STREAM}Content-Length: ${EVENT.length + 14}\r\n\r\n${EVENT}data: [DONE]\n\n`, "stop"],
  "no answer": ["", "provider_error"],
  "half a head": ["HTTP/1.1 200 OK\r\nContent-", "provider_error"],
  "no HTTP": ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "provider_error"],
  "half a body": [`${STREAM}Content-Length: 1000\r\n\r\n${EVENT}`, "provider_bad_response"],
  "half a chunk": [`${STREAM}Transfer-Encoding: chunked\r\n\r\nff\r\n${EVENT}`, "provider_bad_response"],
  "a bad chunk": [`${STREAM}Transfer-Encoding: chunked\r\n\r\nx\r\n`, "provider_bad_response"],
  "no content": ["HTTP/1.1 204 No Content\r\n\r\n", "provider_bad_response"],
  "a redirect": ["HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "provider_error"],
  "not modified": ["HTTP/1.1 304 Not Modified\r\n\r\n", "provider_error"],
  "a refused key": ["HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nNo", "provider_auth"],
  "a rate limit": ["HTTP/1.1 429 No\r\nContent-Length: 2\r\n\r\nNo", "provider_rate_limited"],
  "a refusal that breaks off": ["HTTP/1.1 429 No\r\nContent-Length: 9\r\n\r\nNo", "provider_rate_limited"],
};

async function outcome(fetchAny: typeof fetch, baseUrl: URL): Promise<string> {
  const provider = createProvider(systemClock, { fetch: fetchAny });
  const call = { ...CALL, baseUrl, messages: [...CALL.messages] };
  return await provider.stream(call, new AbortController().signal, () => {})
    .then(({ finishReason }) => finishReason, ({ code }) => code);
}

Deno.test("a provider's end has the same code over a connection and over fetch", async () => {
  const transport = createTransport(() => ["127.0.0.1"], systemClock, createNetwork([TEST_CA]));
  const over = { connection: createTransportFetch(transport.post), fetch };
  for (const [name, [answer, code]] of Object.entries(ENDS)) {
    for (const [way, fetchAny] of Object.entries(over)) {
      await using server = startRawServer(async (peer) => {
        await peer.request();
        await peer.send(answer);
      });
      assert.equal(await outcome(fetchAny, server.url), code, `${name} over ${way}`);
      assert.equal(server.requests.length, 1, `${name} over ${way}`);
    }
  }
  await using foreign = startRawServer((peer) => peer.closed(), "foreign");
  const port = Deno.listen({ port: 0 });
  const nothing = new URL(`http://127.0.0.1:${port.addr.port}`);
  port.close();
  for (const fetchAny of Object.values(over)) {
    assert.equal(await outcome(fetchAny, foreign.url), "provider_error");
    assert.equal(await outcome(fetchAny, nothing), "provider_error");
  }
  transport.close();
});

Deno.test("a connection serves the next request although what ends the answer comes after its last event", async () => {
  const clock = createManualClock();
  const transport = createTransport(() => ["127.0.0.1"], clock);
  await using server = startRawServer(async (peer) => {
    while (await peer.request() !== null) {
      const events = `${EVENT}data: [DONE]\n\n`;
      await peer.send(`${STREAM}Transfer-Encoding: chunked\r\n\r\n${events.length.toString(16)}\r\n${events}\r\n`);
      await ended.promise;
      await peer.send("0\r\n\r\n");
    }
  });
  let ended = Promise.withResolvers<void>();
  for (let asked = 0; asked < 3; asked++) {
    assert.equal(await outcome(createTransportFetch(transport.post), server.url), "stop");
    ended.resolve();
    while (transport.kept() === 0) await new Promise((resolve) => setTimeout(resolve));
    clock.advance(KEPT_SILENT_MS);
    ended = Promise.withResolvers();
  }
  assert.deepEqual([server.requests.length, server.accepted], [3, 1]);
  transport.close();
});
