import assert from "node:assert/strict";
import { startRawServer } from "../testing/raw_server.ts";
import { requestBytes } from "./request.ts";
import { createTransportFetch, readsOf } from "./fetch.ts";
import { createTransport } from "./transport.ts";

const POST = { method: "post", body: "{}", headers: { "x-a": "b" } };

async function ask(answer: string, init: RequestInit = POST) {
  const transport = createTransport(() => ["127.0.0.1"]);
  await using server = startRawServer(async (peer) => {
    await peer.request();
    await peer.send(answer);
  });
  try {
    const response = await createTransportFetch(transport.post)(server.url, init);
    const bytes = await readsOf(response)?.next();
    const text = bytes === undefined ? null : new TextDecoder().decode(bytes);
    return [response.status, response.headers.get("content-type"), text, await response.text()];
  } finally {
    transport.close();
    await server.emptied();
  }
}

Deno.test("an answer's bytes are read by readsOf(), a refusal's body as any other", async () => {
  const head = "Content-Type: a/b\r\nContent-Length: 2\r\n\r\nHi";
  assert.deepEqual(await ask(`HTTP/1.1 200 OK\r\n${head}`), [200, "a/b", "Hi", ""]);
  assert.deepEqual(await ask(`HTTP/1.1 429 No\r\n${head}`), [429, "a/b", null, "Hi"]);
  assert.deepEqual(await ask(`HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\nHi`), [302, "", null, "Hi"]);
  for (const status of [204, 205, 304]) {
    assert.deepEqual(await ask(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`), [status, "", null, ""]);
  }
});

Deno.test("of the headers a refusal's Retry-After is passed on", async () => {
  const post = (status: number) =>
    createTransportFetch(() =>
      Promise.resolve({
        status,
        header: (name) => name === "retry-after" ? "2" : null,
        next: () => Promise.resolve(undefined),
        cancel: () => {},
      })
    )("http://a.test", POST);
  assert.deepEqual([...(await post(429)).headers], [["content-type", ""], ["retry-after", "2"]]);
  assert.deepEqual([...(await post(200)).headers], [["content-type", ""]]);
});

Deno.test("a GET goes without a body, and without a length", async () => {
  const sent: unknown[] = [];
  const get = createTransportFetch((url, headers, body) => {
    sent.push([url.href, headers, body]);
    return Promise.reject(new Error("It was sent"));
  });
  await assert.rejects(get("http://a.test/models", { method: "GET", headers: { "x-a": "b" } }), /It was sent/);
  assert.deepEqual(sent, [["http://a.test/models", { "x-a": "b" }, null]]);
  const text = new TextDecoder().decode(requestBytes(new URL("http://a.test/models?b"), { "x-a": "b" }, null));
  assert.equal(text, "GET /models?b HTTP/1.1\r\nhost: a.test\r\naccept-encoding: identity\r\nx-a: b\r\n\r\n");
});

Deno.test("what is no POST of text, and no GET, is refused", async () => {
  for (
    const init of [{}, { method: "PUT", body: "a" }, { method: "GET", body: "a" }, { method: "POST" }, {
      method: "POST",
      body: new Uint8Array(1),
    }]
  ) {
    await assert.rejects(createTransportFetch(() => assert.fail("It was sent"))("http://a.test", init), {
      name: "TypeError",
    });
  }
});
