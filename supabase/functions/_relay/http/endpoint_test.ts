import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { makePlatform, type PlatformOverrides } from "../testing/platform.ts";
import { makeRefusals } from "../testing/refusals.ts";
import { createEndpoint, type Handler, type RequestContext } from "./endpoint.ts";

const URL_OF_STREAM = "http://edge.internal/stream";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function make(handler: Handler, overrides: PlatformOverrides = {}) {
  const platform = makePlatform(overrides);
  const refusals = makeRefusals();
  return {
    ...platform,
    refusals,
    endpoint: createEndpoint({ platform, refusals }, "stream", ["GET", "POST"], handler),
  };
}

const fine: Handler = () => new Response("fine");

/** What the handler was told about a request for this path. */
async function contextOf(path: string): Promise<RequestContext> {
  let seen: RequestContext | undefined;
  const { endpoint } = make((_, context) => {
    seen = context;
    return new Response();
  });
  const response = await endpoint(new Request(`http://edge.internal${path}`));
  assert.equal(response.status, 200);
  return seen!;
}

Deno.test("an endpoint gives the handler the request, its time and an id", async () => {
  const request = new Request(URL_OF_STREAM);
  const { endpoint, clock } = make((given, context) => {
    assert.equal(given, request);
    assert.equal(context.startedAt, clock.now());
    assert.match(context.requestId, UUID);
    return new Response("fine");
  });
  const response = await endpoint(request);
  assert.equal(await response.text(), "fine");
});

Deno.test("an endpoint gives the segments after its name, wherever it is mounted", async () => {
  const paths: [string, string[]][] = [
    ["/stream", []],
    ["/stream/", []],
    ["/stream/a", ["a"]],
    ["/stream/a/b/", ["a", "b"]],
    ["/stream//a", ["a"]],
    ["/stream/a?last_event_id=7#x", ["a"]],
    ["/functions/v1/stream", []],
    ["/functions/v1/stream/a", ["a"]],
    ["/behind/a/proxy/functions/v1/stream/a", ["a"]],
    ["/proxy/stream/a", ["a"]],
    ["/stream/stream", ["stream"]],
    ["/stream/a%3Ab", ["a:b"]],
    ["/stream/a%2Fb", ["a/b"]],
    ["/stream/%F0%9F%90%89", ["🐉"]],
    ["/streams/a", []],
    ["/", []],
  ];
  for (const [path, rest] of paths) {
    assert.deepEqual((await contextOf(path)).rest, rest, path);
  }
});

Deno.test("an endpoint refuses percent encoding that cannot be decoded", async () => {
  const { endpoint } = make(fine);
  for (const path of ["%", "%zz", "%ff", "a/%E0%A4"]) {
    const response = await endpoint(new Request(`${URL_OF_STREAM}/${path}`));
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), {
      error: {
        code: "invalid_request",
        message: "Cannot read the path: its percent encoding is not valid",
        issues: [{ path: "", message: "The path is not valid percent encoding" }],
      },
    });
  }
});

Deno.test("an endpoint answers a preflight itself", async () => {
  const { endpoint, lines } = make(() => {
    throw new Error("the handler was asked");
  });
  const response = await endpoint(new Request(URL_OF_STREAM, { method: "OPTIONS" }));
  assert.equal(response.status, 204);
  assert.equal(response.body, null);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(response.headers.get("access-control-allow-methods"), "GET, POST, OPTIONS");
  assert.match(response.headers.get("access-control-allow-headers")!, /\blast-event-id\b/);
  assert.equal(response.headers.get("access-control-max-age"), "86400");
  assert.deepEqual(lines, []);
});

Deno.test("an endpoint refuses other methods and names its own", async () => {
  const { endpoint } = make(fine);
  for (const method of ["PUT", "DELETE", "PATCH", "HEAD"]) {
    const response = await endpoint(new Request(URL_OF_STREAM, { method }));
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, POST, OPTIONS");
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.deepEqual(await response.json(), {
      error: {
        code: "method_not_allowed",
        message: `Cannot answer: the method is ${method}, not one of GET, POST, OPTIONS`,
      },
    });
  }
});

Deno.test("an endpoint turns a RelayError into its status, code and message, with CORS and an id", async () => {
  const { endpoint } = make(() => {
    throw new RelayError("rate_limited", "Cannot start: wait", { retryAfter: 12 });
  });
  const response = await endpoint(new Request(URL_OF_STREAM));
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "12");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.match(response.headers.get("x-request-id")!, UUID);
  assert.deepEqual(await response.json(), { error: { code: "rate_limited", message: "Cannot start: wait" } });
});

Deno.test("an endpoint hides what nobody expected and logs its cause", async () => {
  const surprises: unknown[] = [new TypeError("secret"), "secret", undefined];
  for (const surprise of surprises) {
    const { endpoint, lines } = make(() => {
      throw surprise;
    });
    const response = await endpoint(new Request(URL_OF_STREAM, { headers: { "x-request-id": "r1" } }));
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.deepEqual(await response.json(), {
      error: { code: "internal", message: "The relay failed: its log has the cause" },
    });
    assert.equal(lines.length, 1);
    assert.equal(lines[0].level, "error");
    assert.equal(lines[0].event, "request_failed");
    assert.equal(lines[0].request_id, "r1");
    if (surprise !== undefined) assert.match(String(lines[0].cause), /secret/);
  }
});

Deno.test("an endpoint takes a handler's rejection like its throw", async () => {
  const { endpoint } = make(() => Promise.reject(new Error("late")));
  assert.equal((await endpoint(new Request(URL_OF_STREAM))).status, 500);
});

Deno.test("an endpoint logs a refusal without ids or query", async () => {
  const { endpoint, clock, lines } = make(() => {
    clock.advance(7);
    throw new RelayError("stream_not_found", "Cannot find the stream");
  });
  await endpoint(new Request(`${URL_OF_STREAM}/my-id?token=secret`, { headers: { "x-request-id": "r1" } }));
  assert.deepEqual(lines, [{
    timestamp: "2026-01-01T00:00:00.007Z",
    level: "info",
    event: "request_refused",
    request_id: "r1",
    method: "GET",
    path: "stream",
    code: "stream_not_found",
    status: 404,
    latency_ms: 7,
  }]);
});

Deno.test("an endpoint warns where the relay could not do its part, with the cause", async () => {
  const { endpoint, lines } = make(() => {
    throw new RelayError("unavailable", "Cannot read", { cause: new Error("refused") });
  });
  await endpoint(new Request(URL_OF_STREAM));
  assert.equal(lines[0].level, "warn");
  assert.equal(lines[0].event, "request_refused");
  assert.equal(lines[0].cause, "Error: refused");
});

Deno.test("an endpoint says nothing about an answer that went well", async () => {
  const { endpoint, lines, refusals } = make(fine);
  await endpoint(new Request(URL_OF_STREAM));
  await endpoint(new Request(URL_OF_STREAM, { method: "OPTIONS" }));
  assert.deepEqual(lines, []);
  assert.deepEqual(refusals.codes, []);
});

Deno.test("an endpoint counts each error that it answers with, once and by its code", async () => {
  const thrown: unknown[] = [
    new RelayError("rate_limited", "Cannot start"),
    new TypeError("secret"),
    new RelayError("unavailable", "Cannot read"),
  ];
  const { endpoint, refusals } = make(() => {
    throw thrown.shift();
  });
  for (const method of ["GET", "POST", "PUT", "GET"]) {
    await endpoint(new Request(URL_OF_STREAM, { method }));
  }
  assert.deepEqual(refusals.codes, ["rate_limited", "internal", "method_not_allowed", "unavailable"]);
});

Deno.test("an endpoint puts the context's headers on an answer and on an error", async () => {
  for (const fails of [false, true]) {
    const { endpoint } = make((_, context) => {
      context.headers.set("ratelimit-remaining", "4");
      if (fails) throw new RelayError("rate_limited", "Cannot start");
      return new Response("fine", { headers: { "x-stream-id": "s" } });
    });
    const response = await endpoint(new Request(URL_OF_STREAM));
    assert.equal(response.headers.get("ratelimit-remaining"), "4");
    assert.equal(response.headers.get("x-stream-id"), fails ? null : "s");
  }
});

Deno.test("an endpoint takes over a plain request id and replaces any other", async () => {
  const { endpoint } = make(fine);
  const idFor = async (id: string) =>
    (await endpoint(new Request(URL_OF_STREAM, { headers: { "x-request-id": id } }))).headers.get("x-request-id")!;
  for (const id of ["a", "01J.x_y:z-9", "x".repeat(64)]) {
    assert.equal(await idFor(id), id);
  }
  for (const id of ["", "x".repeat(65), "a b", 'a"b', "a,b", "<script>"]) {
    assert.match(await idFor(id), UUID);
  }
});

Deno.test("an endpoint gives two requests two ids", async () => {
  const { endpoint } = make(fine);
  const first = await endpoint(new Request(URL_OF_STREAM));
  const second = await endpoint(new Request(URL_OF_STREAM));
  assert.notEqual(first.headers.get("x-request-id"), second.headers.get("x-request-id"));
});

Deno.test("an endpoint lets a stream through untouched, with CORS", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("data: x\n\n"));
      controller.close();
    },
  });
  const own = new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  const { endpoint } = make(() => own, { configuration: { allowedOrigins: ["https://a.example"] } });
  const response = await endpoint(new Request(URL_OF_STREAM, { headers: { origin: "https://a.example" } }));
  assert.equal(response, own);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(response.headers.get("access-control-allow-origin"), "https://a.example");
  assert.equal(response.headers.get("vary"), "Origin");
  assert.equal(await response.text(), "data: x\n\n");
});

Deno.test("an endpoint lets an error of a page that is not listed leave without an origin", async () => {
  const { endpoint } = make(() => {
    throw new RelayError("forbidden", "Cannot use the relay");
  }, { configuration: { allowedOrigins: ["https://a.example"] } });
  const response = await endpoint(new Request(URL_OF_STREAM, { headers: { origin: "https://b.example" } }));
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  assert.equal(response.headers.get("vary"), "Origin");
});

Deno.test("an endpoint answers 500 where a handler's headers cannot be written to", async () => {
  const { endpoint, lines } = make(() => Response.error());
  const response = await endpoint(new Request(URL_OF_STREAM));
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(lines[0].event, "request_failed");
});
