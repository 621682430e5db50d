import assert from "node:assert/strict";
import type { RelayError } from "../protocol/errors.ts";
import { MAX_BODY_BYTES } from "../protocol/limits.ts";
import { readJson } from "./body.ts";

const TYPE = "application/json";

function post(body: BodyInit | null, type: string | null = TYPE): Request {
  const request = new Request("http://relay.test/stream", { method: "POST", body });
  request.headers.delete("content-type");
  if (type !== null) request.headers.set("content-type", type);
  return request;
}

async function refusalOf(request: Request): Promise<RelayError> {
  try {
    await readJson(request);
  } catch (error) {
    return error as RelayError;
  }
  throw new Error("the body was accepted");
}

/** A body whose chunks are made when they are asked for; `pulls` and `cancelled` tell what became of it. */
function source(chunk: (index: number) => Uint8Array | null) {
  const seen = { pulls: 0, cancelled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = chunk(seen.pulls++);
      if (bytes === null) controller.close();
      else controller.enqueue(bytes);
    },
    cancel() {
      seen.cancelled++;
    },
  }, { highWaterMark: 0 });
  return { seen, stream };
}

Deno.test("readJson() gives back what was sent", async () => {
  const body = { prompt: "Es war einmal … 🐉", parent_id: null, n: [1, 2] };
  assert.deepEqual(await readJson(post(JSON.stringify(body))), body);
});

Deno.test("readJson() takes a body that is split at every byte", async () => {
  const bytes = new TextEncoder().encode('{"prompt":"é 🐉"}');
  const { stream } = source((index) => index < bytes.length ? bytes.slice(index, index + 1) : null);
  const request = post(stream);
  assert.deepEqual(await readJson(request), { prompt: "é 🐉" });
  assert.equal(request.body!.locked, false);
});

Deno.test("readJson() takes parameters and any case of the media type", async () => {
  for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/json;"]) {
    assert.deepEqual(await readJson(post("{}", type)), {});
  }
});

Deno.test("readJson() refuses another media type by its name", async () => {
  for (
    const type of [
      "text/plain;charset=UTF-8",
      "application/jsonp",
      "application/json, text/plain",
      "application/x-www-form-urlencoded",
    ]
  ) {
    const error = await refusalOf(post("{}", type));
    assert.equal(error.code, "unsupported_media_type");
    assert.equal(error.message, `Cannot read the body: it has the Content-Type "${type}", not "application/json"`);
  }
});

Deno.test("readJson() refuses a body without a media type", async () => {
  const error = await refusalOf(post("{}", null));
  assert.equal(error.code, "unsupported_media_type");
  assert.equal(error.message, 'Cannot read the body: it has no Content-Type, not "application/json"');
});

Deno.test("readJson() quotes at most 100 characters of a media type", async () => {
  const error = await refusalOf(post("{}", "x".repeat(5_000)));
  assert.ok(error.message.includes(`"${"x".repeat(100)}"`));
});

Deno.test("readJson() takes a body of exactly the limit", async () => {
  const body = JSON.stringify("x".repeat(MAX_BODY_BYTES - 2));
  assert.equal(await readJson(post(body)), "x".repeat(MAX_BODY_BYTES - 2));
});

Deno.test("readJson() refuses a body of one byte more", async () => {
  const error = await refusalOf(post(JSON.stringify("x".repeat(MAX_BODY_BYTES - 1))));
  assert.equal(error.code, "payload_too_large");
  assert.equal(error.status, 413);
  assert.equal(error.message, "Cannot read the body: it is longer than the limit of 262144 bytes");
});

Deno.test("readJson() counts bytes, not characters", async () => {
  const error = await refusalOf(post(JSON.stringify("é".repeat(MAX_BODY_BYTES / 2))));
  assert.equal(error.code, "payload_too_large");
});

Deno.test("readJson() stops an endless body at the limit, whatever its Content-Length says", async () => {
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  const { seen, stream } = source(() => chunk);
  const request = post(stream);
  request.headers.set("content-length", "2");
  const error = await refusalOf(request);
  assert.equal(error.code, "payload_too_large");
  assert.deepEqual(seen, { pulls: 5, cancelled: 1 });
  assert.equal(request.body!.locked, false);
});

Deno.test("readJson() refuses what is no JSON, and does not quote it", async () => {
  for (const body of ["", "secret", '{"prompt":"secret"', "{} {}", "{'a':1}"]) {
    const error = await refusalOf(post(body));
    assert.equal(error.code, "invalid_request");
    assert.deepEqual(error.issues, [{ path: "", message: "The body is not valid JSON" }]);
    assert.equal(error.cause, undefined);
    assert.ok(!error.message.includes("secret"));
  }
});

Deno.test("readJson() refuses a missing body as no JSON", async () => {
  const error = await refusalOf(post(null));
  assert.equal(error.code, "invalid_request");
  assert.deepEqual(error.issues, [{ path: "", message: "The body is not valid JSON" }]);
});

Deno.test("readJson() refuses bytes that are no UTF-8, amid the text and cut off at its end", async () => {
  for (const bytes of [[0x22, 0xff, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0x22, 0xf0, 0x9f]]) {
    const { stream } = source((index) => index < bytes.length ? new Uint8Array([bytes[index]]) : null);
    const error = await refusalOf(post(stream));
    assert.equal(error.code, "invalid_request");
    assert.deepEqual(error.issues, [{ path: "", message: "The body is not valid UTF-8" }]);
  }
});

Deno.test("readJson() takes a byte order mark for none", async () => {
  assert.deepEqual(await readJson(post("\uFEFF{}")), {});
});

Deno.test("readJson() does not make a failure of the relay out of a client that is gone", async () => {
  const gone = new Error("connection reset");
  const { stream } = source((index) => {
    if (index === 0) return new TextEncoder().encode('{"prompt":');
    throw gone;
  });
  const request = post(stream);
  const error = await refusalOf(request);
  assert.equal(error.code, "invalid_request");
  assert.equal(error.message, "Cannot read the body: the connection ended before it did");
  assert.equal(error.cause, gone);
  assert.equal(request.body!.locked, false);
});
