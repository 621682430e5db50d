import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { MAX_REFUSAL_LINES, REFUSAL_FLUSH_MS } from "../protocol/limits.ts";
import { makePlatform, type PlatformOverrides } from "../testing/platform.ts";
import { makeRefusals } from "../testing/refusals.ts";
import { createEndpoint, type Handler } from "./endpoint.ts";

const URL_OF_STREAM = "http://edge.internal/stream";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function make(handler: Handler = () => new Response("fine"), overrides: PlatformOverrides = {}) {
  const platform = makePlatform(overrides);
  const refusals = makeRefusals();
  const endpoint = createEndpoint({ platform, refusals }, "stream", ["GET", "POST"], handler);
  return {
    ...platform,
    refusals,
    endpoint,
    get: (path = "", init: RequestInit = {}) => endpoint(new Request(`${URL_OF_STREAM}${path}`, init)),
    at: (url: string) => endpoint(new Request(url)),
  };
}

/** A handler that throws this. */
const throwing = (thrown: unknown): Handler => () => {
  throw thrown;
};

Deno.test("a handler gets the request, when it came, an id, and the segments after the name wherever it is mounted", async () => {
  const paths: Record<string, string[]> = {
    "/stream": [],
    "/stream/": [],
    "/stream/a": ["a"],
    "/stream/a/b/": ["a", "b"],
    "/stream//a": ["a"],
    "/stream/a?last_event_id=7#x": ["a"],
    "/functions/v1/stream": [],
    "/behind/a/proxy/functions/v1/stream/a": ["a"],
    "/stream/stream": ["stream"],
    "/stream/a%3Ab": ["a:b"],
    "/stream/a%2Fb": ["a/b"],
    "/stream/%F0%9F%90%89": ["🐉"],
    "/streams/a": [],
    "/": [],
  };
  for (const [path, rest] of Object.entries(paths)) {
    const { at, clock } = make((request, context) => {
      assert.equal(new URL(request.url).pathname, new URL(path, URL_OF_STREAM).pathname);
      assert.deepEqual(context.rest, rest, path);
      assert.equal(context.startedAt, clock.now());
      assert.match(context.requestId, UUID);
      return new Response("fine");
    });
    assert.equal(await (await at(`http://edge.internal${path}`)).text(), "fine");
  }
});

Deno.test("percent encoding that cannot be decoded is refused", async () => {
  for (const path of ["%", "%zz", "%ff", "a/%E0%A4"]) {
    const response = await make().get(`/${path}`);
    assert.equal(response.status, 400);
    const message = "Cannot read the path: its percent encoding is not valid";
    const issues = [{ path: "", message: "The path is not valid percent encoding" }];
    assert.deepEqual(await response.json(), { error: { code: "invalid_request", message, issues } });
  }
});

Deno.test("HEAD has the status and the headers of GET, a refusal's too, and no body", async () => {
  for (const handler of [() => Response.json({ status: "ok" }), throwing(new RelayError("rate_limited"))]) {
    const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => {
      return make(handler).get("", { method, headers: { "x-request-id": "r1" } });
    }));
    assert.deepEqual([head.status, [...head.headers], head.body], [get.status, [...get.headers], null]);
  }
});

const opaque = { code: "internal", message: "The relay failed: its log has the cause" };

/** What a handler throws, with the answer and the line of the log. */
const THROWN: [thrown: unknown, status: number, error: object, level: string, event: string, cause?: string][] = [
  [
    new RelayError("rate_limited", "Cannot start: wait", { retryAfter: 12 }),
    429,
    { code: "rate_limited", message: "Cannot start: wait" },
    "info",
    "request_refused",
  ],
  [
    new RelayError("unavailable", "Cannot read", { cause: new Error("refused") }),
    503,
    { code: "unavailable", message: "Cannot read" },
    "warn",
    "request_refused",
    "Error: refused",
  ],
  [new TypeError("secret"), 500, opaque, "error", "request_failed", "TypeError: secret"],
  ["secret", 500, opaque, "error", "request_failed", "secret"],
  [undefined, 500, opaque, "error", "request_failed"],
];

Deno.test("what a handler throws or rejects with is answered, counted and logged, without ids or query", async () => {
  for (const [thrown, status, error, level, event, cause] of THROWN) {
    for (const handler of [throwing(thrown), () => Promise.reject(thrown)]) {
      const { clock, get, logged, refusals } = make((request, context) => {
        clock.advance(7);
        context.headers.set("ratelimit-remaining", "4");
        return handler(request, context);
      });
      const response = await get("/my-id?token=secret", { headers: { "x-request-id": "r1" } });
      assert.equal(response.status, status);
      assert.deepEqual(await response.json(), { error });
      const headers = ["access-control-allow-origin", "x-request-id", "ratelimit-remaining", "retry-after"];
      assert.deepEqual(headers.map((name) => response.headers.get(name)), [
        "*",
        "r1",
        "4",
        status === 429 ? "12" : null,
      ]);
      const { code } = error as { code: string };
      assert.deepEqual(refusals.codes, [code]);
      const fields = { request_id: "r1", method: "GET", path: "stream", code, status, latency_ms: 7 };
      assert.deepEqual(logged(), [{ level, event, ...fields, ...(cause === undefined ? {} : { cause }) }]);
    }
  }
});

Deno.test("a plain request id is taken over, and any other is replaced by a new one", async () => {
  const { get } = make();
  const idFor = async (headers: HeadersInit) => (await get("", { headers })).headers.get("x-request-id")!;
  for (const id of ["a", "01J.x_y:z-9", "x".repeat(64)]) assert.equal(await idFor({ "x-request-id": id }), id);
  const made = new Set<string>();
  for (const id of ["", "x".repeat(65), "a b", 'a"b', "a,b", "<script>"]) made.add(await idFor({ "x-request-id": id }));
  made.add(await idFor({}));
  assert.equal(made.size, 7);
  for (const id of made) assert.match(id, UUID);
});

Deno.test("an answer passes through untouched and unlogged, with CORS and the context's headers", async () => {
  const body = ReadableStream.from([new TextEncoder().encode("data: x\n\n")]);
  const own = new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  const { get, lines, refusals } = make((_, context) => {
    context.headers.set("ratelimit-remaining", "4");
    return own;
  }, { configuration: { allowedOrigins: ["https://a.example"] } });
  const response = await get("", { headers: { origin: "https://a.example" } });
  assert.equal(response, own);
  const names = ["content-type", "access-control-allow-origin", "vary", "ratelimit-remaining"];
  const wanted = ["text/event-stream; charset=utf-8", "https://a.example", "Origin", "4"];
  assert.deepEqual(names.map((name) => response.headers.get(name)), wanted);
  assert.equal(await response.text(), "data: x\n\n");
  assert.deepEqual([lines, refusals.codes], [[], []]);
});

Deno.test("an answer whose headers cannot be written to becomes 500", async () => {
  const { get, lines } = make(() => Response.error());
  const response = await get();
  assert.deepEqual([response.status, response.headers.get("access-control-allow-origin")], [500, "*"]);
  assert.equal(lines[0].event, "request_failed");
});

Deno.test("of many refusals of one code some are logged, the next line says how many were not, and all are counted", async () => {
  const lab = make(throwing(new RelayError("unauthenticated")));
  const { clock, get, lines, refusals } = lab;
  const ask = async (count: number) => {
    for (let asked = 0; asked < count; asked++) await get();
  };
  await ask(MAX_REFUSAL_LINES + 7);
  await get("", { method: "PUT" });
  const codes = lines.map(({ code }) => code);
  assert.deepEqual([codes.length, codes.at(-1)], [MAX_REFUSAL_LINES + 1, "method_not_allowed"]);
  clock.advance(REFUSAL_FLUSH_MS - 1);
  await ask(1);
  clock.advance(1);
  await ask(2);
  assert.deepEqual(lines.slice(-2).map(({ skipped }) => skipped), [8, undefined]);
  assert.equal(lines.length, MAX_REFUSAL_LINES + 3);
  assert.equal(refusals.codes.length, MAX_REFUSAL_LINES + 11);
});

Deno.test("an address that is none is the request's failure, and a long method is cut where it is repeated", async () => {
  const { endpoint, get, lines } = make();
  const request = new Proxy(new Request("http://relay.test/stream"), {
    get: (target, name) => name === "url" ? "http://a b/stream" : Reflect.get(target, name, target),
  });
  const response = await endpoint(request);
  assert.deepEqual([response.status, (await response.json()).error.code], [400, "invalid_request"]);
  const { error } = await (await get("", { method: "X".repeat(10_000) })).json();
  assert.equal(error.message, `Cannot answer: the method is ${"X".repeat(20)}, not one of GET, HEAD, POST, OPTIONS`);
  assert.equal(lines.at(-1)!.method, "X".repeat(20));
});
