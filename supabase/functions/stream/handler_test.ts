import assert from "node:assert/strict";
import type { Caller } from "../_relay/auth/verify.ts";
import { createGenerations } from "../_relay/generation/generations.ts";
import { createWatchers } from "../_relay/generation/remote_readers.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_BODY_BYTES } from "../_relay/protocol/limits.ts";
import { away, makeDatabase } from "../_relay/testing/database.ts";
import { watch } from "../_relay/testing/events.ts";
import { makePlatform } from "../_relay/testing/platform.ts";
import { makeProvider } from "../_relay/testing/provider.ts";
import { makeRefusals } from "../_relay/testing/refusals.ts";
import { createStreamHandler } from "./handler.ts";

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Who has which token. */
const USERS: Record<string, string> = { "Bearer good": "user-1", "Bearer stranger": "user-2" };

/** A handler whose parts note, in order, that they were asked. */
function make() {
  const platform = makePlatform();
  const database = makeDatabase();
  const provider = makeProvider();
  const generations = createGenerations(platform, database, provider);
  const asked: string[] = [];
  const refusals = makeRefusals();
  const dependencies = {
    platform,
    refusals,
    database: {
      ...database,
      begin: (...args: Parameters<typeof database.begin>) => {
        asked.push("begin");
        return database.begin(...args);
      },
    },
    generations,
    watchers: createWatchers(platform, database),
    verify: (request: Request): Promise<Caller> => {
      asked.push("verify");
      const userId = USERS[request.headers.get("authorization") ?? ""];
      return userId ? Promise.resolve({ userId, isAnonymous: false, role: "authenticated" }) : Promise.reject(
        new RelayError("unauthenticated", "Cannot authenticate"),
      );
    },
    checkAddress: (accessPath: string): Promise<URL> => {
      asked.push(`checkAddress ${accessPath}`);
      return Promise.resolve(new URL(accessPath));
    },
  };
  let made: ReturnType<typeof createStreamHandler> | undefined;
  /** One for all requests, made with the first, so that a test may change the parts before. */
  const handler = (request: Request) => (made ??= createStreamHandler(dependencies))(request);
  return {
    ...platform,
    refusals,
    asked,
    database,
    provider,
    dependencies,
    handler,
    get: (path: string, headers: Record<string, string> = {}) =>
      handler(
        new Request(`http://edge.internal${path}`, {
          headers: { "authorization": "Bearer good", "x-request-id": "request-1", ...headers },
        }),
      ),
    /** Ends all that runs and waits, however long it takes; then nothing is left of the worker. */
    async end() {
      platform.shutdown.begin("the test ends");
      await platform.clock.run(60_000);
      await platform.keepAlive.settled();
      assert.equal(platform.clock.pending, 0);
      assert.equal(provider.calls.some(({ open }) => open), false);
    },
    post: (body: unknown, init: RequestInit & { path?: string } = {}) =>
      handler(
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
  return ["limit", "remaining", "reset"].map((name) => headers.get(`ratelimit-${name}`));
}

async function errorOf(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(response.headers.get("x-request-id"), "request-1");
  return (await response.json()).error;
}

Deno.test("an admitted request is answered with its stream, before the provider has said anything", async () => {
  const { asked, clock, keepAlive, lines, post, provider } = make();
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.deepEqual(asked, ["verify", "begin", "checkAddress https://provider.test/v1"]);
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
  assert.deepEqual(client.events.map(({ event }) => event), ["start", "token", "done"]);
  assert.equal(clock.pending, 0);
  assert.deepEqual(
    lines.map(({ event, request_id, user_id }) => [event, request_id, user_id]),
    [["generation_started", "request-1", "user-1"], ["generation_finished", "request-1", "user-1"]],
  );
});

Deno.test("the database is asked for the caller, with the checked body", async () => {
  const { database, keepAlive, post, provider } = make();
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  await response.body!.cancel();
  await keepAlive.settled();
  const [name, user, stream, fence, body] = database.calls[0];
  assert.deepEqual([name, user, stream, body], ["begin", "user-1", "stream-1", {
    prompt: "Hi",
    stream_id: "stream-1",
    on_disconnect: "stop",
  }]);
  assert.match(fence as string, UUID);
  assert.equal(database.calls.at(-1)![0], "finish");
  assert.equal(database.calls.at(-1)![2], fence);
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
  const response = await post("{broken", { headers: { authorization: "Bearer bad" } });
  assert.equal(response.status, 401);
  assert.deepEqual(await errorOf(response), { code: "unauthenticated", message: "Cannot authenticate" });
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
    [{ prompt: "Hi" }, { headers: { "content-type": "text/plain" } }, 415, "unsupported_media_type"],
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
  assert.deepEqual((await errorOf(response)).issues, [{ path: "promt", message: "Unknown field" }, {
    path: "prompt",
    message: "Exactly one of prompt and reroll_of is wanted: neither is there",
  }]);
});

Deno.test("a refusal carries the rate limit, and when to try again", async () => {
  const { asked, database, post, provider } = make();
  database.refusal = new RelayError("rate_limited", "Too many", { retryAfter: 17 });
  const response = await post({ prompt: "Hi" });
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "17");
  assert.deepEqual(rateOf(response), ["5", "0", "60"]);
  assert.deepEqual(await errorOf(response), { code: "rate_limited", message: "Too many" });
  assert.deepEqual(asked, ["verify", "begin"]);
  assert.equal(provider.calls.length, 0);
});

Deno.test("a stream_id that is another user's starts nothing, and tells nothing of it", async () => {
  const { database, post, provider } = make();
  database.admit("stream-1", "fence-1", "user-2");
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 409);
  assert.equal((await errorOf(response)).code, "stream_id_taken");
  assert.deepEqual(rateOf(response), ["5", "0", "60"]);
  assert.equal(provider.calls.length, 0);
});

Deno.test("a database that is away is unavailable, with nothing about the cause", async () => {
  const { database, end, lines, post } = make();
  database.failure = away();
  const response = await post({ prompt: "Hi" });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "5");
  assert.deepEqual(await errorOf(response), { code: "unavailable", message: "Cannot reach the database" });
  assert.deepEqual([lines[0].level, lines[0].cause], ["warn", "relay_x was answered with status 0, no code: refused"]);
  await end();
});

Deno.test("a provider that may not be called ends the generation and answers so", async () => {
  const { clock, database, dependencies, keepAlive, lines, post, provider } = make();
  dependencies.checkAddress = () => Promise.reject(new RelayError("provider_not_allowed", "Cannot call the provider"));
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 403);
  assert.deepEqual(await errorOf(response), { code: "provider_not_allowed", message: "Cannot call the provider" });
  assert.deepEqual(rateOf(response), ["5", "4", "60"]);
  await keepAlive.settled();
  assert.deepEqual(database.rows.get("stream-1")!.ending, {
    status: "failed",
    finishReason: "error",
    errorCode: "provider_not_allowed",
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
  });
  assert.equal(database.contentOf("stream-1"), null);
  assert.equal(provider.calls.length, 0);
  assert.equal(clock.pending, 0);
  assert.deepEqual(lines.map(({ event, stream_id }) => [event, stream_id]), [[
    "request_refused",
    undefined,
  ], ["generation_finished", "stream-1"]]);
});

Deno.test("a check of the address that fails by itself ends the generation too", async () => {
  const { database, dependencies, keepAlive, post } = make();
  dependencies.checkAddress = () => Promise.reject(new TypeError("secret"));
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 500);
  assert.deepEqual(await errorOf(response), { code: "internal", message: "The relay failed: its log has the cause" });
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
  const preflight = await make().handler(new Request("http://edge.internal/stream", { method: "OPTIONS" }));
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("access-control-allow-headers")!, /\blast-event-id\b/);
  assert.deepEqual(asked, []);
});

/** What is the same in every event stream's answer. */
function assertEventStream(response: Response, streamId = "stream-1") {
  assert.equal(response.status, 200);
  assert.deepEqual(
    ["content-type", "cache-control", "x-accel-buffering", "x-stream-id"].map((name) => response.headers.get(name)),
    ["text/event-stream; charset=utf-8", "no-cache, no-transform", "no", streamId],
  );
}

Deno.test("an admission whose answer got lost is ended, so that its stream_id finds an end", async () => {
  const { asked, clock, database, dependencies, end, get, post, provider } = make();
  const { begin } = dependencies.database;
  dependencies.database.begin = async (...args) => {
    await begin(...args);
    throw away();
  };
  const response = await post({ prompt: "Hi", stream_id: "stream-1" });
  assert.equal(response.status, 503);
  assert.equal((await errorOf(response)).code, "unavailable");
  await clock.run(0);
  assert.equal(database.rows.get("stream-1")!.status, "interrupted");
  const client = watch((await get("/stream/stream-1")).body!);
  await clock.run(0);
  assert.deepEqual(client.events.map(({ event }) => event), ["start", "error"]);
  assert.equal(provider.calls.length, 0);
  assert.deepEqual(asked, ["verify", "begin", "verify"]);
  await end();
});

Deno.test("a stream_id that runs here lets its user in again, and asks no provider a second time", async () => {
  const { clock, end, post, provider } = make();
  const body = { prompt: "Hi", stream_id: "stream-1" };
  const first = watch((await post(body)).body!);
  await clock.run(0);
  provider.calls[0].send("Once");
  const response = await post(body);
  assertEventStream(response);
  assert.deepEqual(rateOf(response), ["5", "4", "60"]);
  const second = watch(response.body!);
  const third = watch((await post(body, { headers: { "last-event-id": "2" } })).body!);
  provider.calls[0].send(" upon");
  provider.calls[0].finish();
  await clock.run(0);
  assert.equal(first.text, "Once upon");
  assert.equal(second.text, "Once upon");
  assert.deepEqual(second.events[0], first.events[0]);
  assert.equal(third.text, "ce upon");
  for (const { events } of [second, third]) {
    assert.deepEqual(events.at(-1), first.events.at(-1));
  }
  assert.equal(provider.calls.length, 1);
  await end();
});

Deno.test("a stream_id that runs elsewhere, or has ended, is read there, and asks no provider", async () => {
  const { clock, database, end, post, provider } = make();
  database.admit("stream-1");
  const piece = { start: 0, end: 4, text: "Once" };
  await database.beat([{ streamId: "stream-1", fence: "fence-1", piece }]);
  const body = { prompt: "Something else", stream_id: "stream-1" };
  const response = await post(body);
  assertEventStream(response);
  const watcher = watch(response.body!);
  await clock.run(0);
  assert.equal(watcher.text, "Once");
  assert.equal(watcher.ended, false);
  database.expire("stream-1");
  await clock.run(1_000);
  assert.equal(watcher.ended, true);
  for (let round = 0; round < 3; round++) {
    const replayed = watch((await post(body)).body!);
    await clock.run(0);
    assert.deepEqual(replayed.events, watcher.events);
    assert.equal(replayed.ended, true);
  }
  assert.equal(provider.calls.length, 0);
  assert.equal(database.messages.size, 1);
  await end();
});

Deno.test("GET is the same stream, from the offset that header or query name", async () => {
  const { clock, database, end, get, post, provider } = make();
  await post({ prompt: "Hi", stream_id: "stream-1", on_disconnect: "continue" });
  await clock.run(0);
  provider.calls[0].send("Once upon");
  database.admit("elsewhere");
  const piece = { start: 0, end: 9, text: "Once upon" };
  await database.beat([{ streamId: "elsewhere", fence: "fence-1", piece }]);
  for (const id of ["stream-1", "elsewhere"]) {
    const cases: [string, Record<string, string>, string][] = [
      [`/stream/${id}`, {}, "Once upon"],
      [`/stream/${id}`, { "last-event-id": "" }, "Once upon"],
      [`/stream/${id}`, { "last-event-id": "4" }, " upon"],
      [`/stream/${id}?last_event_id=5`, {}, "upon"],
      [`/stream/${id}?last_event_id=5`, { "last-event-id": "8" }, "n"],
      [`/functions/v1/stream/${id}`, { "last-event-id": "9" }, ""],
    ];
    for (const [path, headers, text] of cases) {
      const response = await get(path, headers);
      assertEventStream(response, id);
      assert.deepEqual(rateOf(response), [null, null, null]);
      const client = watch(response.body!);
      await clock.run(0);
      assert.equal(client.text, text);
      assert.equal(client.events.some(({ event }) => event === "start"), text === "Once upon");
      await client.leave();
    }
  }
  assert.equal(provider.calls.length, 1);
  await end();
});

Deno.test("GET of what is unknown, another user's or no id is one and the same answer", async () => {
  const { clock, database, end, get, post } = make();
  await post({ prompt: "Hi", stream_id: "stream-1" });
  await clock.run(0);
  database.admit("elsewhere");
  database.admit("ended");
  database.sweep("ended");
  const asked = database.calls.length;
  const stranger = { authorization: "Bearer stranger" };
  const notFound = { code: "stream_not_found", message: "Cannot find the stream" };
  for (const id of ["stream-1", "elsewhere", "ended", "unknown"]) {
    const response = await get(`/stream/${id}`, stranger);
    assert.equal(response.status, 404);
    assert.deepEqual(await errorOf(response), notFound);
  }
  assert.equal(database.calls.length, asked + 4);
  const impossible = ["", "/", "/a/b", "/a%2Fb", "/a%20b", "/%00", "/é"];
  for (const rest of [...impossible, `/${"x".repeat(129)}`]) {
    const response = await get(`/stream${rest}`);
    assert.equal(response.status, 404, rest);
    assert.deepEqual(await errorOf(response), notFound);
  }
  // What cannot be an id never reaches the database.
  assert.equal(database.calls.length, asked + 4);
  await end();
});

Deno.test("GET without a good token, or with a garbled offset, asks nobody", async () => {
  const { asked, database, get } = make();
  database.admit("stream-1");
  const refused = await get("/stream/stream-1", { authorization: "Bearer bad", "last-event-id": "garbage" });
  assert.equal(refused.status, 401);
  assert.equal((await errorOf(refused)).code, "unauthenticated");
  for (
    const response of [
      await get("/stream/stream-1", { "last-event-id": "garbage" }),
      await get("/stream/stream-1?last_event_id=-1"),
    ]
  ) {
    assert.equal(response.status, 400);
    const { code, issues } = await errorOf(response);
    assert.equal(code, "invalid_request");
    assert.deepEqual(issues, [{
      path: "last_event_id",
      message: "Must be the id of an event, a number of at most 9 digits",
    }]);
  }
  assert.deepEqual(asked, ["verify", "verify", "verify"]);
  assert.deepEqual(database.calls, []);
});

Deno.test("POST with a garbled offset starts nothing", async () => {
  const { database, post } = make();
  const response = await post({ prompt: "Hi" }, { headers: { "last-event-id": "1.5" } });
  assert.equal(response.status, 400);
  assert.equal((await errorOf(response)).code, "invalid_request");
  assert.deepEqual(database.calls, []);
});

Deno.test("GET while the database is away is unavailable", async () => {
  const { database, end, get } = make();
  database.failure = away();
  const response = await get("/stream/stream-1");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "5");
  assert.equal((await errorOf(response)).code, "unavailable");
  await end();
});

Deno.test("under stop two readers keep a generation until the last of them has left, under continue none is needed", async () => {
  for (const on_disconnect of ["stop", "continue"] as const) {
    const { clock, database, end, get, post, provider } = make();
    const body = { prompt: "Hi", stream_id: "stream-1", on_disconnect };
    const poster = watch((await post(body)).body!);
    const reader = watch((await get("/stream/stream-1")).body!);
    await clock.run(0);
    const [call] = provider.calls;
    call.send("So far");
    await clock.run(0);
    await poster.leave();
    await clock.run(2_000);
    assert.equal(call.open, true);
    await reader.leave();
    await clock.run(2_000);
    assert.equal(call.open, on_disconnect === "continue");
    call.send(", and on");
    call.finish();
    await clock.run(0);
    assert.equal(database.rows.get("stream-1")!.status, on_disconnect === "continue" ? "completed" : "disconnected");
    assert.equal(database.contentOf("stream-1"), on_disconnect === "continue" ? "So far, and on" : "So far");
    await end();
  }
});
