import assert from "node:assert/strict";
import type { Caller } from "../_shared/auth/verify.ts";
import { createGenerations } from "../_shared/generation/generations.ts";
import { RelayError } from "../_shared/protocol/errors.ts";
import { MAX_BODY_BYTES } from "../_shared/protocol/limits.ts";
import { away, makeDatabase } from "../_shared/testing/database.ts";
import { watch } from "../_shared/testing/events.ts";
import { makePlatform } from "../_shared/testing/platform.ts";
import { makeProvider } from "../_shared/testing/provider.ts";
import { createStreamHandler } from "./handler.ts";

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A handler whose parts note, in order, that they were asked. */
function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  const provider = makeProvider();
  const generations = createGenerations(platform, database, provider);
  const asked: string[] = [];
  const dependencies = {
    platform,
    database: {
      ...database,
      begin: (...args: Parameters<typeof database.begin>) => {
        asked.push("begin");
        return database.begin(...args);
      },
    },
    generations,
    verify: (request: Request): Promise<Caller> => {
      asked.push("verify");
      return request.headers.get("authorization") === "Bearer good"
        ? Promise.resolve({
          userId: "user-1",
          isAnonymous: false,
          role: "authenticated",
        })
        : Promise.reject(
          new RelayError("unauthenticated", "Cannot authenticate"),
        );
    },
    checkAddress: (accessPath: string): Promise<URL> => {
      asked.push(`checkAddress ${accessPath}`);
      return Promise.resolve(new URL(accessPath));
    },
  };
  return {
    ...platform,
    asked,
    database,
    provider,
    dependencies,
    post: (body: unknown, init: RequestInit & { path?: string } = {}) =>
      createStreamHandler(dependencies)(
        new Request(`http://edge.internal${init.path ?? "/stream"}`, {
          method: "POST",
          body: typeof body === "string" ? body : JSON.stringify(body),
          ...init,
          headers: {
            "authorization": "Bearer good",
            "content-type": "application/json",
            "x-request-id": "request-1",
            ...init.headers,
          },
        }),
      ),
  };
}

/** The headers of the rate limit. */
function rateOf({ headers }: Response): (string | null)[] {
  return ["limit", "remaining", "reset"].map((name) =>
    headers.get(`ratelimit-${name}`)
  );
}

async function errorOf(response: Response): Promise<Record<string, unknown>> {
  assert.equal(
    response.headers.get("content-type"),
    "application/json; charset=utf-8",
  );
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(response.headers.get("x-request-id"), "request-1");
  return (await response.json()).error;
}

Deno.test("an admitted request is answered with its stream, before the provider has said anything", async () => {
  const { asked, clock, keepAlive, lines, post, provider } = make();
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.deepEqual(asked, [
    "verify",
    "begin",
    "checkAddress https://provider.test/v1",
  ]);
  assert.equal(response.status, 200);
  const headers = Object.fromEntries(response.headers);
  const expose = headers["access-control-expose-headers"];
  assert.deepEqual(headers, {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": expose,
    "cache-control": "no-cache, no-transform",
    "content-type": "text/event-stream; charset=utf-8",
    "ratelimit-limit": "5",
    "ratelimit-remaining": "4",
    "ratelimit-reset": "60",
    "x-accel-buffering": "no",
    "x-request-id": "request-1",
    "x-stream-id": "stream-1",
  });
  const client = watch(response.body!);
  await clock.run(0);
  assert.deepEqual(client.events.map(({ event }) => event), ["start"]);
  provider.calls[0].send("Hello");
  provider.calls[0].finish();
  await keepAlive.settled();
  await clock.run(0);
  assert.deepEqual(
    client.events.map(({ event }) => event),
    ["start", "token", "done"],
  );
  assert.equal(clock.pending, 0);
  assert.deepEqual(
    lines.map(({ event, request_id, user_id }) => [event, request_id, user_id]),
    [
      ["generation_started", "request-1", "user-1"],
      ["generation_finished", "request-1", "user-1"],
    ],
  );
});

Deno.test("the database is asked for the caller, with the checked body", async () => {
  const { database, keepAlive, post, provider } = make();
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  await response.body!.cancel();
  await keepAlive.settled();
  assert.deepEqual(database.calls[0], ["begin", "user-1", "stream-1", {
    prompt: "Hi",
    stream_id: "stream-1",
    on_disconnect: "stop",
  }]);
  assert.equal(provider.calls.every(({ open }) => !open), true);
});

Deno.test("without a stream_id the relay makes one, new each time", async () => {
  const { keepAlive, post } = make();
  const ids: string[] = [];
  for (let round = 0; round < 2; round++) {
    const response = await post({ prompt: "Hi" });
    const id = response.headers.get("x-stream-id")!;
    assert.match(id, UUID);
    ids.push(id);
    await response.body!.cancel();
  }
  assert.notEqual(ids[0], ids[1]);
  await keepAlive.settled();
});

Deno.test("without a good token neither the body is read nor the database asked", async () => {
  const { asked, lines, post } = make();
  const response = await post("{broken", {
    headers: { authorization: "Bearer bad" },
  });
  assert.equal(response.status, 401);
  assert.deepEqual(await errorOf(response), {
    code: "unauthenticated",
    message: "Cannot authenticate",
  });
  assert.deepEqual(asked, ["verify"]);
  assert.deepEqual(rateOf(response), [null, null, null]);
  assert.deepEqual(
    lines.map(({ level, event, code, status }) => [level, event, code, status]),
    [["info", "request_refused", "unauthenticated", 401]],
  );
});

Deno.test("without a good body the database is not asked", async () => {
  const cases: [unknown, RequestInit, number, string][] = [
    ["{broken", {}, 400, "invalid_request"],
    ["", {}, 400, "invalid_request"],
    [{}, {}, 400, "invalid_request"],
    [{ prompt: "Hi", x: 1 }, {}, 400, "invalid_request"],
    [
      { prompt: "Hi" },
      { headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    [`"${"x".repeat(MAX_BODY_BYTES)}"`, {}, 413, "payload_too_large"],
  ];
  for (const [body, init, status, code] of cases) {
    const { asked, post } = make();
    const response = await post(body, init);
    assert.equal(response.status, status);
    assert.equal((await errorOf(response)).code, code);
    assert.deepEqual(asked, ["verify"]);
  }
});

Deno.test("what is wrong with a body is named by field", async () => {
  const response = await make().post({ promt: "Hi" });
  assert.deepEqual((await errorOf(response)).issues, [
    { path: "promt", message: "Unknown field" },
    {
      path: "prompt",
      message:
        "Exactly one of prompt and reroll_of is wanted: neither is there",
    },
  ]);
});

Deno.test("a refusal carries the rate limit, and when to try again", async () => {
  const { asked, database, post, provider } = make();
  database.refusal = new RelayError("rate_limited", "Too many", {
    retryAfter: 17,
  });
  const response = await post({ prompt: "Hi" });
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "17");
  assert.deepEqual(rateOf(response), ["5", "0", "60"]);
  assert.deepEqual(await errorOf(response), {
    code: "rate_limited",
    message: "Too many",
  });
  assert.deepEqual(asked, ["verify", "begin"]);
  assert.equal(provider.calls.length, 0);
});

Deno.test("a stream_id that is taken starts nothing", async () => {
  const { database, post, provider } = make();
  database.admit("stream-1");
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 409);
  assert.equal((await errorOf(response)).code, "stream_id_taken");
  assert.deepEqual(rateOf(response), ["5", "0", "60"]);
  assert.equal(provider.calls.length, 0);
});

Deno.test("a database that is away is unavailable, with nothing about the cause", async () => {
  const { database, lines, post } = make();
  database.failure = away();
  const response = await post({ prompt: "Hi" });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "5");
  assert.deepEqual(await errorOf(response), {
    code: "unavailable",
    message: "Cannot reach the database",
  });
  assert.deepEqual(
    [lines[0].level, lines[0].cause],
    ["warn", "relay_x was answered with status 0, no code: refused"],
  );
});

Deno.test("a provider that may not be called ends the generation and answers so", async () => {
  const { clock, database, dependencies, keepAlive, lines, post, provider } =
    make();
  dependencies.checkAddress = () =>
    Promise.reject(
      new RelayError("provider_not_allowed", "Cannot call the provider"),
    );
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 403);
  assert.deepEqual(await errorOf(response), {
    code: "provider_not_allowed",
    message: "Cannot call the provider",
  });
  assert.deepEqual(rateOf(response), ["5", "4", "60"]);
  await keepAlive.settled();
  assert.deepEqual(database.rows.get("stream-1")!.ending, {
    status: "failed",
    finishReason: "error",
    errorCode: "provider_not_allowed",
    content: "",
    usage: null,
    firstTokenMs: null,
  });
  assert.equal(provider.calls.length, 0);
  assert.equal(clock.pending, 0);
  assert.deepEqual(
    lines.map(({ event, stream_id }) => [event, stream_id]),
    [["request_refused", undefined], ["generation_finished", "stream-1"]],
  );
});

Deno.test("a check of the address that fails by itself ends the generation too", async () => {
  const { database, dependencies, keepAlive, post } = make();
  dependencies.checkAddress = () => Promise.reject(new TypeError("secret"));
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 500);
  assert.deepEqual(await errorOf(response), {
    code: "internal",
    message: "The relay failed: its log has the cause",
  });
  await keepAlive.settled();
  assert.equal(database.rows.get("stream-1")!.ending?.errorCode, "internal");
});

Deno.test("a deeper path of POST is no stream", async () => {
  const { asked, post } = make();
  const response = await post({ prompt: "Hi" }, { path: "/stream/stream-1" });
  assert.equal(response.status, 404);
  assert.equal((await errorOf(response)).code, "stream_not_found");
  assert.deepEqual(asked, []);
});

Deno.test("another method is refused, and a preflight is answered without a token", async () => {
  const { asked, post } = make();
  const put = await post({ prompt: "Hi" }, { method: "PUT" });
  assert.equal(put.status, 405);
  await put.body?.cancel();
  const preflight = await createStreamHandler(make().dependencies)(
    new Request("http://edge.internal/stream", { method: "OPTIONS" }),
  );
  assert.equal(preflight.status, 204);
  assert.match(
    preflight.headers.get("access-control-allow-headers")!,
    /\blast-event-id\b/,
  );
  assert.deepEqual(asked, []);
});
