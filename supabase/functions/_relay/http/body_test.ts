import assert from "node:assert/strict";
import { BODY_BYTE_BYTES } from "../platform/memory.ts";
import { RelayError } from "../protocol/errors.ts";
import { BODY_TIMEOUT_MS, MAX_BODY_BYTES, MAX_BODY_ESCAPES, MAX_BODY_VALUES } from "../protocol/limits.ts";
import { createManualClock } from "../testing/platform.ts";
import { readJson } from "./body.ts";

const clock = createManualClock();

function post(body: BodyInit | null, type: string | null = "application/json"): Request {
  const request = new Request("http://relay.test/stream", { method: "POST", body });
  request.headers.delete("content-type");
  if (type !== null) request.headers.set("content-type", type);
  return request;
}

async function refusalOf(request: Request): Promise<RelayError> {
  const error = await readJson(request, clock, memory).then(
    () => assert.fail("The body was accepted"),
    (error) => error,
  );
  assert.ok(error instanceof RelayError);
  return error;
}

/** A body whose chunks are made when they are asked for, and what became of it. */
function source(chunk: (index: number) => Uint8Array | null) {
  const seen = { pulls: 0, cancelled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = chunk(seen.pulls++);
      if (bytes === null) controller.close();
      else controller.enqueue(bytes);
    },
    cancel: () => void seen.cancelled++,
  }, { highWaterMark: 0 });
  return { seen, stream };
}

/** One byte for each read. */
const byteByByte = (bytes: Uint8Array) =>
  source((index) => index < bytes.length ? bytes.slice(index, index + 1) : null).stream;

const memory = { cover() {} };

Deno.test("readJson() gives back what was sent, however it was split, with a byte order mark or without", async () => {
  const body = { prompt: "Es war einmal … 🐉", parent_id: null, n: [1, 2] };
  const text = JSON.stringify(body);
  for (const sent of [text, `\uFEFF${text}`, byteByByte(new TextEncoder().encode(text))]) {
    const request = post(sent);
    assert.deepEqual(await readJson(request, clock, memory), body);
    assert.equal(request.body!.locked, false);
  }
});

Deno.test("readJson() accepts parameters and any case of the media type, and refuses others by name", async () => {
  for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/json;"]) {
    assert.deepEqual(await readJson(post("{}", type), clock, memory), {});
  }
  const others = ["text/plain;charset=UTF-8", "application/jsonp", "application/json, text/plain", "x".repeat(5_000)];
  for (const type of [null, ...others]) {
    const state = type === null ? "no Content-Type" : `the Content-Type "${type.slice(0, 100)}"`;
    const { code, message } = await refusalOf(post("{}", type));
    assert.deepEqual([code, message], [
      "unsupported_media_type",
      `Cannot read the body: it has ${state}, not "application/json"`,
    ]);
  }
});

Deno.test("readJson() stops an endless body at the limit, whatever its Content-Length says", async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(0x20);
  const { seen, stream } = source(() => chunk);
  const request = post(stream);
  request.headers.set("content-length", "2");
  assert.equal((await refusalOf(request)).code, "payload_too_large");
  assert.deepEqual(seen, { pulls: 5, cancelled: 1 });
  assert.equal(request.body!.locked, false);
});

Deno.test("readJson() refuses what is no JSON in UTF-8, and does not quote it", async () => {
  const notJson = [null, "", "secret", '{"prompt":"secret"', "{} {}", "{'a':1}"];
  const notUtf8 = [[0x22, 0xff, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0x22, 0xf0, 0x9f]];
  const cases: [BodyInit | null, string][] = [
    ...notJson.map((body): [string | null, string] => [body, "The body is not valid JSON"]),
    ...notUtf8.map((bytes): [BodyInit, string] => [byteByByte(new Uint8Array(bytes)), "The body is not valid UTF-8"]),
  ];
  for (const [body, issue] of cases) {
    const { code, issues, cause, message } = await refusalOf(post(body));
    assert.deepEqual([code, issues, cause], ["invalid_request", [{ path: "", message: issue }], undefined]);
    assert.doesNotMatch(message, /secret/);
  }
});

Deno.test("readJson() makes no failure of the relay of a client that has left", async () => {
  const gone = new Error("connection reset");
  const { stream } = source((index) => {
    if (index === 0) return new TextEncoder().encode('{"prompt":');
    throw gone;
  });
  const request = post(stream);
  const { code, message, cause } = await refusalOf(request);
  assert.deepEqual([code, message, cause], [
    "invalid_request",
    "Cannot read the body: the connection ended before it did",
    gone,
  ]);
  assert.equal(request.body!.locked, false);
});

Deno.test("readJson() waits for a body until its time is over, whether nothing comes or a byte now and then", async () => {
  for (const sends of [(_: number) => false, (second: number) => second % 2 === 0]) {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    let cancelled = 0;
    const stream = new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: () => void cancelled++,
    });
    const request = post(stream);
    const refused = refusalOf(request);
    for (let second = 1; second < BODY_TIMEOUT_MS / 1_000; second++) {
      if (sends(second)) controller.enqueue(new Uint8Array([0x20]));
      await clock.run(1_000);
    }
    await clock.run(999);
    assert.equal(cancelled, 0);
    await clock.run(1);
    const { code, message } = await refused;
    assert.deepEqual([code, message], [
      "invalid_request",
      "Cannot read the body: it had not come as a whole after 30000 ms",
    ]);
    assert.deepEqual([cancelled, request.body!.locked, clock.pending], [1, false, 0]);
  }
});

Deno.test("readJson() leaves no timer, whether a body is read or refused", async () => {
  await readJson(post("{}"), clock, memory);
  await refusalOf(post("{"));
  assert.equal(clock.pending, 0);
});

Deno.test("what a body says of its length is held before it is read, and more as it comes", async () => {
  const held: number[] = [];
  const holds = { cover: (bytes: number) => void held.push(bytes / BODY_BYTE_BYTES) };
  const announced = new Request("http://edge.internal/", {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": "2" },
    body: "[1,2]",
  });
  await readJson(announced, clock, holds);
  assert.deepEqual(held, [2, 5]);
});

Deno.test("a body for which there is no room, or that says it is too long, is not read", async () => {
  const full = new RelayError("overloaded");
  const lengths: [string, string][] = [["2", "overloaded"], [String(MAX_BODY_BYTES + 1), "payload_too_large"]];
  for (const [length, code] of lengths) {
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const headers = { "content-type": "application/json", "content-length": length };
    const request = new Request("http://edge.internal/", { method: "POST", headers, body });
    const refusing = {
      cover() {
        throw full;
      },
    };
    await assert.rejects(readJson(request, clock, refusing), { code });
    assert.equal(pulled, 0);
  }
});

/** What may just be, and what may not, by how much more there is. */
const COSTLY: [what: string, limit: number, body: (more: number) => string][] = [
  ["values", MAX_BODY_VALUES, (more) => `[${Array(MAX_BODY_VALUES - 1 + more).fill("1").join(",")}]`],
  [
    "values",
    MAX_BODY_VALUES,
    (more) => "[".repeat(MAX_BODY_VALUES - 1 + more) + "]".repeat(MAX_BODY_VALUES - 1 + more),
  ],
  ["escapes", MAX_BODY_ESCAPES, (more) => `"${"\\n".repeat(MAX_BODY_ESCAPES + more)}"`],
];

for (const [what, limit, body] of COSTLY) {
  Deno.test(`a body of more than ${limit} ${what} is refused before it is parsed: ${body(0).slice(0, 3)}`, async () => {
    await readJson(post(body(0)), clock, memory);
    // It need not be JSON, nor end.
    for (const text of [body(1), body(1).slice(0, -1)]) {
      const { code, issues, message } = await refusalOf(post(text));
      assert.deepEqual([code, issues], [
        "invalid_request",
        [{ path: "", message: `Must have at most ${limit} ${what} in all` }],
      ]);
      assert.equal(message, `Cannot read the body: it has more ${what} than the limit of ${limit}`);
    }
  });
}

Deno.test("commas and brackets in texts are no values, wherever the bytes of an escape are cut", async () => {
  const text = '\\"' + ",[{".repeat(MAX_BODY_VALUES);
  const bytes = new TextEncoder().encode(JSON.stringify({ text }));
  for (let cut = 1; cut < 20; cut++) {
    const { stream } = source((index) => [bytes.slice(0, cut), bytes.slice(cut), null][index]);
    assert.deepEqual(await readJson(post(stream), clock, memory), { text });
  }
});

Deno.test("a body that has the length which it has announced is not waited for", async () => {
  const { seen, stream } = source(() => new TextEncoder().encode("{}"));
  const request = post(stream);
  request.headers.set("content-length", "2");
  assert.deepEqual(await readJson(request, clock, memory), {});
  assert.deepEqual(seen, { pulls: 1, cancelled: 1 });
});

Deno.test("a body that may be shorter is refused at its own limit", async () => {
  await readJson(post("[1]"), clock, memory, 3);
  await assert.rejects(readJson(post("[10]"), clock, memory, 3), { code: "payload_too_large" });
});
