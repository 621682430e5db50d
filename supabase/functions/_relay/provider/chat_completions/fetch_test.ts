import assert from "node:assert/strict";
import { MAX_PROVIDER_ERROR_BYTES, PROVIDER_ERROR_READ_MS } from "../../protocol/limits.ts";
import { createManualClock } from "../../testing/platform.ts";
import { createBoundedFetch } from "./fetch.ts";

/** An error page whose source counts what is asked of it; `next` gives a chunk, or undefined to keep it waiting. */
function makePage(next: () => Uint8Array | undefined) {
  const page = {
    pulls: 0,
    cancels: 0,
    body: new ReadableStream<Uint8Array>({
      pull(controller) {
        page.pulls++;
        const chunk = next();
        if (chunk === undefined) return new Promise<void>(() => {});
        controller.enqueue(chunk);
      },
      cancel: () => void page.cancels++,
    }, { highWaterMark: 0 }),
  };
  return page;
}

/** A bounded fetch over one answer, with the clock that bounds it. */
function make(answer: () => Response | Promise<Response>) {
  const clock = createManualClock();
  const calls: [unknown, RequestInit | undefined][] = [];
  const boundedFetch = createBoundedFetch(clock, (input, init) => {
    calls.push([input, init]);
    return Promise.resolve(answer());
  });
  return { clock, calls, boundedFetch };
}

const URL_OF_PROVIDER = "https://provider.test/v1/chat/completions";

Deno.test("a success is given as it came, its body untouched", async () => {
  const page = makePage(() => new Uint8Array([1]));
  const response = new Response(page.body, { headers: { "x-a": "b" } });
  const { boundedFetch, calls, clock } = make(() => response);
  const signal = new AbortController().signal;
  const init = { method: "POST", body: "{}", signal };
  assert.equal(await boundedFetch(URL_OF_PROVIDER, init), response);
  assert.deepEqual(calls, [[URL_OF_PROVIDER, { ...init, redirect: "manual" }]]);
  assert.equal(page.pulls, 0);
  assert.equal(response.bodyUsed, false);
  assert.equal(clock.pending, 0);
});

Deno.test("a redirect is not followed", async () => {
  let asked = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => {
      asked++;
      return new Response("moved", { status: 302, headers: { location: "/elsewhere", "content-type": "text/plain" } });
    },
  );
  const clock = createManualClock();
  const response = await createBoundedFetch(clock)(`http://127.0.0.1:${server.addr.port}/`, { redirect: "follow" });
  assert.equal(response.status, 302);
  assert.equal(response.headers.get("location"), null);
  await response.body?.cancel();
  await server.shutdown();
  assert.equal(asked, 1);
  assert.equal(clock.pending, 0);
});

Deno.test("a short error is given whole, with its status and type", async () => {
  const { boundedFetch, clock } = make(() =>
    new Response('{"error":{"message":"é🐉"}}', {
      status: 429,
      headers: { "content-type": "application/json", "retry-after": "7" },
    })
  );
  const response = await boundedFetch(URL_OF_PROVIDER);
  assert.equal(response.status, 429);
  assert.deepEqual([...response.headers], [["content-type", "application/json"]]);
  assert.deepEqual(await response.json(), { error: { message: "é🐉" } });
  assert.equal(clock.pending, 0);
});

Deno.test("an error without a body is given as it came", async () => {
  for (const status of [304, 400, 500]) {
    const response = new Response(null, { status });
    const { boundedFetch, clock } = make(() => response);
    assert.equal(await boundedFetch(URL_OF_PROVIDER), response);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a status that may have no body gets none", async () => {
  const page = makePage(() => undefined);
  const answer = new Response(page.body);
  Object.defineProperties(answer, { ok: { value: false }, status: { value: 304 } });
  const { boundedFetch, clock } = make(() => answer);
  const asked = boundedFetch(URL_OF_PROVIDER);
  await clock.run(PROVIDER_ERROR_READ_MS);
  const response = await asked;
  assert.deepEqual([response.status, response.body], [304, null]);
});

Deno.test("an error page that never ends is read up to its limit, and ended there", async () => {
  const chunk = new Uint8Array(10_000).fill(97);
  const page = makePage(() => chunk);
  const { boundedFetch, clock } = make(() => new Response(page.body, { status: 500 }));
  const response = await boundedFetch(URL_OF_PROVIDER);
  assert.equal(await response.text(), "a".repeat(MAX_PROVIDER_ERROR_BYTES));
  assert.equal(page.pulls, Math.ceil(MAX_PROVIDER_ERROR_BYTES / 10_000));
  assert.equal(page.cancels, 1);
  assert.equal(clock.pending, 0);
});

Deno.test("an error page that says no more is given up after its time", async () => {
  let first = true;
  const page = makePage(() => {
    if (!first) return undefined;
    first = false;
    return new TextEncoder().encode("so far");
  });
  const { boundedFetch, clock } = make(() => new Response(page.body, { status: 503 }));
  let settled = false;
  const asked = boundedFetch(URL_OF_PROVIDER).finally(() => settled = true);
  await clock.run(PROVIDER_ERROR_READ_MS - 1);
  assert.equal(settled, false);
  await clock.run(1);
  const response = await asked;
  assert.equal(await response.text(), "so far");
  assert.equal(response.status, 503);
  assert.equal(page.cancels, 1);
  assert.equal(clock.pending, 0);
});

Deno.test("of an error page that breaks off what came is kept", async () => {
  let first = true;
  const page = makePage(() => {
    if (!first) throw new TypeError("broken");
    first = false;
    return new TextEncoder().encode("half a p");
  });
  const { boundedFetch, clock } = make(() => new Response(page.body, { status: 502 }));
  const response = await boundedFetch(URL_OF_PROVIDER);
  assert.equal(await response.text(), "half a p");
  assert.equal(clock.pending, 0);
});

Deno.test("a fetch that fails fails", async () => {
  const failure = new TypeError("refused");
  const { boundedFetch } = make(() => Promise.reject(failure));
  await assert.rejects(boundedFetch(URL_OF_PROVIDER), failure);
});
