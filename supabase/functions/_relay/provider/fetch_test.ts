import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_ERROR_BYTES, PROVIDER_ERROR_READ_MS } from "../protocol/limits.ts";
import { createManualClock } from "../testing/platform.ts";
import type { ByteReads } from "../transport/answer.ts";
import { createBoundedFetch, readBytes } from "./fetch.ts";

type Pull = (controller: ReadableByteStreamController | ReadableStreamDefaultController) => void | Promise<void>;

/** `bytes`: a body as fetch gives it; `chunks`: one made by hand, which has no BYOB reader. */
const KINDS = ["bytes", "chunks"] as const;

function makeBody(
  kind: typeof KINDS[number],
  source: Pick<UnderlyingByteSource, "cancel"> & { pull?: Pull },
): ReadableStream<Uint8Array> {
  return kind === "bytes"
    ? new ReadableStream({ type: "bytes", ...source } as UnderlyingByteSource)
    : new ReadableStream(source as UnderlyingSource<Uint8Array>, { highWaterMark: 0 });
}

/** A body that gives these chunks, one for each pull; a missing one keeps the read waiting, an error breaks it off. */
function makeSource(kind: typeof KINDS[number], chunks: (Uint8Array | Error | undefined)[]) {
  const source = { body: null! as ReadableStream<Uint8Array>, pulls: 0, cancelled: [] as unknown[] };
  source.body = makeBody(kind, {
    pull(controller) {
      if (source.pulls === chunks.length) {
        controller.close();
        return (controller as Partial<ReadableByteStreamController>).byobRequest?.respond(0);
      }
      const chunk = chunks[source.pulls++];
      if (chunk === undefined) return new Promise<void>(() => {});
      if (chunk instanceof Error) throw chunk;
      controller.enqueue(chunk.slice());
    },
    cancel: (reason) => void source.cancelled.push(reason),
  });
  return source;
}

const URL_OF_PROVIDER = "https://provider.test/v1/chat/completions";

/** A bounded fetch over one answer, with the clock that bounds it. */
function make(answer: () => Response | Promise<Response>) {
  const clock = createManualClock();
  const calls: unknown[] = [];
  const boundedFetch = createBoundedFetch(clock, (input, init) => {
    calls.push([input, init]);
    return Promise.resolve(answer());
  });
  return { clock, calls, boundedFetch };
}

Deno.test("a success is given as it came, its body untouched", async () => {
  const { body, pulls } = makeSource("chunks", [new Uint8Array([1])]);
  const response = new Response(body, { headers: { "x-a": "b" } });
  const { boundedFetch, calls, clock } = make(() => response);
  const init = { method: "POST", body: "{}", signal: new AbortController().signal };
  assert.equal(await boundedFetch(URL_OF_PROVIDER, init), response);
  assert.deepEqual(calls, [[URL_OF_PROVIDER, { ...init, redirect: "manual" }]]);
  assert.deepEqual([pulls, response.bodyUsed, clock.pending], [0, false, 0]);
});

Deno.test("the runtime's fetch asks for no encoding, and keeps the other headers", async () => {
  const asked = Promise.withResolvers<(string | null)[]>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ headers }) => {
    asked.resolve(["accept-encoding", "x-a"].map((name) => headers.get(name)));
    return new Response("Hi");
  });
  const boundedFetch = createBoundedFetch(createManualClock());
  const response = await boundedFetch(`http://127.0.0.1:${server.addr.port}`, { headers: { "X-A": "b" } });
  assert.equal(await response.text(), "Hi");
  assert.deepEqual(await asked.promise, ["identity", "b"]);
  await server.shutdown();
});

Deno.test("a body that is encoded all the same is refused by name and let go; a name of none is none", async () => {
  for (const encoding of ["gzip", "x-gzip", "BR", "deflate", "zstd", "gzip, identity", "compress"]) {
    const source = makeSource("chunks", [new Uint8Array([1])]);
    const headers = { "content-encoding": encoding };
    const { boundedFetch } = make(() => new Response(source.body, { headers }));
    const name = encoding.toLowerCase().split(",")[0];
    const message = `The provider sent a body in ${name}, which it was asked not to do`;
    await assert.rejects(boundedFetch(URL_OF_PROVIDER), new RelayError("provider_bad_response", message));
    assert.deepEqual([source.pulls, source.cancelled.length], [0, 1]);
  }
  for (const encoding of ["identity", "none", "utf-8", ""]) {
    const { boundedFetch } = make(() => new Response("Hi", { headers: { "content-encoding": encoding } }));
    assert.equal(await (await boundedFetch(URL_OF_PROVIDER)).text(), "Hi");
  }
});

Deno.test("a short error is given whole, with its status and type alone", async () => {
  const headers = { "content-type": "application/json", "retry-after": "7" };
  const { boundedFetch, clock } = make(() => new Response('{"error":{"message":"é🐉"}}', { status: 429, headers }));
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
  const answer = new Response(makeSource("chunks", [undefined]).body);
  Object.defineProperties(answer, { ok: { value: false }, status: { value: 304 } });
  const { boundedFetch, clock } = make(() => answer);
  const asked = boundedFetch(URL_OF_PROVIDER);
  await clock.run(PROVIDER_ERROR_READ_MS);
  const response = await asked;
  assert.deepEqual([response.status, response.body], [304, null]);
});

const SO_FAR = new TextEncoder().encode("so far");
const ENDLESS = Array(100).fill(new Uint8Array(10_000).fill(97));

/** Each error page, with what is read of it, and how long that takes. */
const PAGES: [title: string, chunks: (Uint8Array | Error | undefined)[], text: string, ms: number, cancels: number][] =
  [
    ["that never ends is read up to its limit, and ended there", ENDLESS, "a".repeat(MAX_PROVIDER_ERROR_BYTES), 0, 1],
    ["that says no more is given up after its time", [SO_FAR, undefined], "so far", PROVIDER_ERROR_READ_MS, 1],
    ["that breaks off is what came of it", [SO_FAR, new TypeError("broken")], "so far", 0, 0],
  ];

for (const [title, chunks, text, ms, cancels] of PAGES) {
  Deno.test(`an error page ${title}`, async () => {
    const source = makeSource("chunks", chunks);
    const { boundedFetch, clock } = make(() => new Response(source.body, { status: 503 }));
    let settled = false;
    const asked = boundedFetch(URL_OF_PROVIDER).finally(() => settled = true);
    if (ms > 0) {
      await clock.run(ms - 1);
      assert.equal(settled, false);
      await clock.run(1);
    }
    const response = await asked;
    assert.deepEqual([await response.text(), response.status, source.cancelled.length], [text, 503, cancels]);
    assert.ok(source.pulls <= Math.ceil(MAX_PROVIDER_ERROR_BYTES / 10_000));
    assert.equal(clock.pending, 0);
  });
}

async function readAll(reads: ByteReads): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (let read = await reads.next(); read !== undefined; read = await reads.next()) all.push(read.slice());
  return all;
}

for (const kind of KINDS) {
  Deno.test(`reads give the very bytes, and no chunk is too large: ${kind}`, async () => {
    const chunks = Array.from({ length: 50 }, (_, index) => new Uint8Array(1 + index * 7).fill(index));
    assert.deepEqual(await readAll(readBytes(makeSource(kind, chunks).body)), chunks);
    const large = Uint8Array.from({ length: 200_001 }, (_, at) => at % 251);
    const all = await readAll(readBytes(makeSource(kind, [large, new Uint8Array([1, 2, 3])]).body));
    assert.deepEqual(new Uint8Array(all.flatMap((read) => [...read])), new Uint8Array([...large, 1, 2, 3]));
    assert.deepEqual(await readAll(readBytes(makeSource(kind, []).body)), []);
  });

  Deno.test(`nothing is read ahead; a cancel ends the source, the read that waits and the lock: ${kind}`, async () => {
    const source = makeSource(kind, [new Uint8Array([1]), undefined]);
    const reads = readBytes(source.body);
    assert.equal(source.pulls, 0);
    assert.deepEqual(await reads.next(), new Uint8Array([1]));
    assert.equal(source.pulls, 1);
    const waiting = reads.next();
    reads.cancel("left");
    assert.equal(await waiting, undefined);
    assert.deepEqual(source.cancelled, ["left"]);
    assert.equal(source.body.locked, false);
  });

  Deno.test(`a cancel may come twice, and after the end: ${kind}`, async () => {
    const source = makeSource(kind, [new Uint8Array([1])]);
    const reads = readBytes(source.body);
    await readAll(reads);
    reads.cancel("first");
    reads.cancel("second");
    assert.deepEqual(source.cancelled, []);
    assert.equal(source.body.locked, false);
  });

  Deno.test(`a source that fails fails its read; a cancel then is silent, also one that the source cannot do: ${kind}`, async () => {
    const failure = new TypeError("broken");
    const failing = makeSource(kind, [failure]).body;
    const reads = readBytes(failing);
    await assert.rejects(reads.next(), failure);
    reads.cancel("too late");
    assert.equal(failing.locked, false);
    const stubborn = makeBody(kind, { cancel: () => Promise.reject(new Error("no")) });
    const others = readBytes(stubborn);
    others.cancel("left");
    assert.equal(stubborn.locked, false);
    await assert.rejects(others.next());
  });
}

Deno.test("a buffer grows with a stream that says much, and shrinks with one that says little", async () => {
  const sizes: number[] = [];
  const gives = [1_024, 4_096, 16_384, 65_536, 65_536, 4_096, 4_095, 1, 1, 1];
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const { byteLength } = controller.byobRequest!.view!;
      sizes.push(byteLength);
      controller.byobRequest!.respond(gives[sizes.length - 1]);
    },
  });
  const reads = readBytes(body);
  for (const size of gives) assert.equal((await reads.next())?.byteLength, size);
  reads.cancel("read");
  assert.deepEqual(sizes, [1_024, 4_096, 16_384, 65_536, 65_536, 65_536, 65_536, 16_384, 4_096, 1_024]);
});
