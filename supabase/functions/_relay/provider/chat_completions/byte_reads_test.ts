import assert from "node:assert/strict";
import { type ByteReads, readBytes } from "./byte_reads.ts";

/** A body whose source gives a chunk for each pull, and what became of it. */
interface Source {
  body: ReadableStream<Uint8Array>;
  pulls: number;
  cancelled: unknown[];
}

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

type Pull = (controller: ReadableByteStreamController | ReadableStreamDefaultController) => void | Promise<void>;

/** Ends after the last chunk; `undefined` as a chunk leaves the read waiting. */
function makeSource(kind: typeof KINDS[number], chunks: (Uint8Array | undefined)[]): Source {
  const source: Source = { body: null!, pulls: 0, cancelled: [] };
  const pull: Pull = (controller) => {
    if (source.pulls === chunks.length) {
      controller.close();
      (controller as Partial<ReadableByteStreamController>).byobRequest
        ?.respond(0);
      return;
    }
    const chunk = chunks[source.pulls++];
    if (chunk === undefined) return new Promise<void>(() => {});
    controller.enqueue(chunk.slice());
  };
  const cancel = (reason: unknown) => void source.cancelled.push(reason);
  source.body = makeBody(kind, { pull, cancel });
  return source;
}

async function readAll(reads: ByteReads): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (
    let read = await reads.next();
    read !== undefined;
    read = await reads.next()
  ) all.push(read.slice());
  return all;
}

function join(chunks: Uint8Array[]): Uint8Array {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

for (const kind of KINDS) {
  Deno.test(`many reads give the very bytes: ${kind}`, async () => {
    const chunks = Array.from({ length: 50 }, (_, index) => new Uint8Array(1 + index * 7).fill(index));
    const { body } = makeSource(kind, chunks);
    assert.deepEqual(await readAll(readBytes(body)), chunks);
  });

  Deno.test(`a chunk larger than the buffer loses nothing: ${kind}`, async () => {
    const large = Uint8Array.from({ length: 200_001 }, (_, at) => at % 251);
    const { body } = makeSource(kind, [large, new Uint8Array([1, 2, 3])]);
    const all = await readAll(readBytes(body));
    assert.deepEqual(join(all), join([large, new Uint8Array([1, 2, 3])]));
  });

  Deno.test(`a body without bytes has no read: ${kind}`, async () => {
    const { body } = makeSource(kind, []);
    assert.deepEqual(await readAll(readBytes(body)), []);
  });

  Deno.test(`nothing is read ahead: ${kind}`, async () => {
    const source = makeSource(kind, [new Uint8Array([1]), new Uint8Array([2])]);
    const reads = readBytes(source.body);
    assert.equal(source.pulls, 0);
    assert.deepEqual(await reads.next(), new Uint8Array([1]));
    assert.equal(source.pulls, 1);
    reads.cancel("enough");
  });

  Deno.test(`a cancel ends the source, the read that waits and the lock: ${kind}`, async () => {
    const source = makeSource(kind, [new Uint8Array([1]), undefined]);
    const reads = readBytes(source.body);
    await reads.next();
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

  Deno.test(`a source that fails fails its read, and a cancel then is silent: ${kind}`, async () => {
    const failure = new TypeError("broken");
    const pull = () => {
      throw failure;
    };
    const body = makeBody(kind, { pull });
    const reads = readBytes(body);
    await assert.rejects(reads.next(), failure);
    reads.cancel("too late");
    assert.equal(body.locked, false);
  });

  Deno.test(`a cancel that the source cannot do is nobody's failure: ${kind}`, async () => {
    const cancel = () => Promise.reject(new Error("no"));
    const body = makeBody(kind, { cancel });
    const reads = readBytes(body);
    reads.cancel("left");
    assert.equal(body.locked, false);
    await assert.rejects(reads.next());
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
  for (const size of gives) {
    assert.equal((await reads.next())?.byteLength, size);
  }
  reads.cancel("read");
  assert.deepEqual(sizes, [1_024, 4_096, 16_384, 65_536, 65_536, 65_536, 65_536, 16_384, 4_096, 1_024]);
});
