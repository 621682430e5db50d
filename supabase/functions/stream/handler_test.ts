import assert from "node:assert/strict";
import type { Admission, BeginAnswer, Rate } from "../_relay/database/begin.ts";
import { createCalls } from "../_relay/database/calls.ts";
import type { Reading } from "../_relay/database/database.ts";
import { type ErrorCode, ERRORS, RelayError } from "../_relay/protocol/errors.ts";
import {
  BUSY_PAUSE_MS,
  BUSY_WAIT_MS,
  DATABASE_WAIT_MS,
  FIRST_CONTEXT_CHARACTERS,
  MAX_CONTEXT_CHARACTERS,
  MAX_DATABASE_CALLS,
  MAX_DATABASE_CALLS_OF_USER,
  MAX_READ_STREAMS,
  MAX_WAITING_CALLS,
} from "../_relay/protocol/limits.ts";
import {
  CONTEXT_CHARACTER_BYTES,
  CONTROL_CHARACTER_BYTES,
  GENERATION_BYTES,
  PARAMS_CHARACTER_BYTES,
  READER_BYTES,
  TEXT_UNIT_BYTES,
} from "../_relay/platform/memory.ts";
import { away } from "../_relay/testing/database.ts";
import { readEvents } from "../_relay/testing/events.ts";
import { makeCaller, makeView } from "../_relay/testing/generation.ts";
import { fillMemory } from "../_relay/testing/platform.ts";
import { makeDependencies, makeWorker } from "../_relay/testing/worker.ts";
import { createStreamHandler } from "./handler.ts";

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const RATE = { limit: 5, remaining: 4, reset_s: 60 };
const ASK = { prompt: "Hi", stream_id: "stream-1" };

/** A handler whose parts note, in order, that they were asked. */
function make(checkAddress = (accessPath: string) => Promise.resolve(new URL(accessPath))) {
  const worker = makeWorker();
  const { clock, database, keepAlive, memory, provider, shutdown } = worker;
  const asked: string[] = [];
  const { begin } = database;
  database.begin = (...args) => {
    asked.push("begin");
    return begin(...args);
  };
  const dependencies = makeDependencies(worker, {
    verify(request) {
      asked.push("verify");
      return request.headers.get("authorization") === "Bearer good"
        ? Promise.resolve(makeCaller("user-1"))
        : Promise.reject(new RelayError("unauthenticated"));
    },
    checkAddress(accessPath) {
      asked.push(`checkAddress ${accessPath}`);
      return checkAddress(accessPath);
    },
  });
  const handler = createStreamHandler(dependencies);
  const send = (path: string, init: RequestInit) => {
    const headers = { "authorization": "Bearer good", "content-type": "application/json", "x-request-id": "request-1" };
    return handler(new Request(`http://edge.internal${path}`, { ...init, headers: { ...headers, ...init.headers } }));
  };
  const admit = database.answers.begin;
  return {
    ...worker,
    calls: dependencies.calls,
    asked,
    get: (path: string, headers: Record<string, string> = {}) => send(path, { headers }),
    head: (path: string, headers: Record<string, string> = {}) => send(path, { method: "HEAD", headers }),
    post: (body: unknown, { path = "/stream", ...init }: RequestInit & { path?: string } = {}) =>
      send(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), ...init }),
    /** What the database would admit, with these changes. */
    admission(more: Partial<Admission>, ...asked: Parameters<typeof admit>) {
      const answer = admit(...asked) as { admission: Admission; rate: Rate };
      return { ...answer, admission: { ...answer.admission, ...more } };
    },
    /** The client leaves, and nothing is held any more. */
    async leave({ body }: Response) {
      await body!.cancel();
      await keepAlive.settled();
      assert.equal(memory.heldBytes, 0);
    },
    /** Ends all that runs; then nothing is left of the worker. */
    async end() {
      shutdown.begin("the test ends");
      await clock.run(60_000);
      await keepAlive.settled();
      assert.equal(clock.pending, 0);
      assert.equal(provider.calls.some(({ open }) => open), false);
    },
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

async function assertRefused(response: Response, code: ErrorCode) {
  const { status, message } = ERRORS[code];
  assert.equal(response.status, status);
  assert.deepEqual(await errorOf(response), { code, message });
}

/** What is the same in every event stream's answer. */
function assertEventStream({ headers, status }: Response, streamId = "stream-1") {
  assert.equal(status, 200);
  assert.deepEqual(
    ["content-type", "cache-control", "x-accel-buffering", "x-stream-id"].map((name) => headers.get(name)),
    ["text/event-stream; charset=utf-8", "no-cache, no-transform", "no", streamId],
  );
}

Deno.test("an admitted request is answered with its stream, before the provider has said anything", async () => {
  const { asked, clock, database, keepAlive, lines, post, provider } = make();
  const response = await post(ASK);
  assert.deepEqual(asked, ["verify", "begin", "checkAddress https://provider.test/v1"]);
  const [, user, stream, fence, request] = database.calls[0];
  assert.deepEqual([user, stream, request], ["user-1", "stream-1", { ...ASK, on_disconnect: "stop" }]);
  assert.match(fence as string, UUID);
  assertEventStream(response);
  assert.deepEqual(rateOf(response), ["5", "4", "60"]);
  assert.equal(response.headers.get("x-request-id"), "request-1");
  const client = readEvents(response.body!);
  await clock.run(0);
  assert.deepEqual(client.events.map(({ event }) => event), ["start"]);
  provider.calls[0].send("Hello");
  provider.calls[0].finish();
  await keepAlive.settled();
  await clock.run(0);
  assert.deepEqual(client.events.map(({ event }) => event), ["start", "token", "done"]);
  assert.deepEqual(database.calls.at(-1)!.slice(0, 3), ["finish", "stream-1", fence]);
  assert.equal(clock.pending, 0);
  assert.deepEqual(
    lines.map(({ event, request_id, user_id }) => [event, request_id, user_id]),
    [["generation_started", "request-1", "user-1"], ["generation_finished", "request-1", "user-1"]],
  );
});

Deno.test("without a good token neither the body is read nor the database asked", async () => {
  const { asked, database, get, lines, post } = make();
  const headers = { authorization: "Bearer bad", "last-event-id": "garbage" };
  for (const response of [await post("{broken", { headers }), await get("/stream/stream-1", headers)]) {
    await assertRefused(response, "unauthenticated");
    assert.deepEqual(rateOf(response), [null, null, null]);
  }
  assert.deepEqual([asked, database.calls], [["verify", "verify"], []]);
  const line = ["info", "request_refused", "unauthenticated", 401];
  assert.deepEqual(lines.map(({ level, event, code, status }) => [level, event, code, status]), [line, line]);
});

Deno.test("a database that is away is unavailable; what it may have admitted is ended", async () => {
  const { clock, database, ended, end, get, lines, post, provider } = make();
  database.failure = away();
  for (const response of [await post(ASK), await get("/stream/stream-1")]) {
    assert.equal(response.headers.get("retry-after"), "5");
    await assertRefused(response, "unavailable");
  }
  assert.deepEqual([lines[0].level, lines[0].cause], ["warn", "relay_x got no answer"]);
  database.failure = null;
  await clock.run(1_000);
  const [[, , , fence], ...later] = database.calls;
  assert.equal(ended()?.status, "interrupted");
  assert.equal(later.at(-1)![2], fence);
  assert.equal(provider.calls.length, 0);
  await end();
});

Deno.test("a provider that may not be called, or a check that fails, ends the generation and answers so", async () => {
  const cases: [Error, ErrorCode][] = [
    [new RelayError("provider_not_allowed"), "provider_not_allowed"],
    [new TypeError("secret"), "internal"],
  ];
  for (const [failure, code] of cases) {
    const { clock, ended, keepAlive, lines, post, provider } = make(() => Promise.reject(failure));
    const response = await post(ASK);
    assert.deepEqual(rateOf(response), ["5", "4", "60"]);
    await assertRefused(response, code);
    await keepAlive.settled();
    const { status, finishReason, errorCode, overheadMs, text } = ended()!;
    assert.deepEqual([status, finishReason, errorCode, overheadMs, text], ["failed", "error", code, null, ""]);
    assert.equal(provider.calls.length, 0);
    assert.equal(clock.pending, 0);
    const events = ["generation_finished", code === "internal" ? "request_failed" : "request_refused"];
    assert.deepEqual(lines.map(({ event }) => event), events);
  }
});

Deno.test("HEAD has the status and headers of GET, reads no text, and takes no reader's seat", async () => {
  const { database, get, head, end } = make();
  database.views.set("elsewhere", makeView("Once"));
  for (let readers = 0; readers <= MAX_READ_STREAMS; readers++) {
    const response = await head("/stream/elsewhere");
    assertEventStream(response, "elsewhere");
    assert.equal(response.body, null);
  }
  assert.equal((database.calls[0][1] as Reading[])[0].from, 999_999_999);
  assertEventStream(await get("/stream/elsewhere"), "elsewhere");
  const headers = { authorization: "Bearer bad" };
  for (const [path, options, status] of [["/stream/unknown", {}, 404], ["/stream/elsewhere", headers, 401]] as const) {
    assert.equal((await head(path, options)).status, status);
  }
  await end();
});

Deno.test("an unknown stream, an invalid id and a path below POST /stream get the same answer, and only the first reaches the database", async () => {
  const { database, get, post } = make();
  await assertRefused(await get("/stream/unknown"), "stream_not_found");
  assert.equal(database.calls.length, 1);
  for (const rest of ["", "/", "/a/b", "/a%2Fb", "/a%20b", "/%00", "/é", `/${"x".repeat(129)}`]) {
    await assertRefused(await get(`/stream${rest}`), "stream_not_found");
  }
  await assertRefused(await post(ASK, { path: "/stream/stream-1" }), "stream_not_found");
  assert.equal(database.calls.length, 1);
});

Deno.test("a path that is longer than most is held before it is asked for again, and given back once it was sent", async () => {
  const characters = 1_000_000;
  const held: number[] = [];
  const { admission, clock, database, end, leave, memory, post, provider } = make((accessPath) => {
    held.push(memory.heldBytes);
    return Promise.resolve(new URL(accessPath));
  });
  database.answers.begin = (...asked) => {
    held.push(memory.heldBytes);
    if (asked[3] < characters) return { refusal: new RelayError("payload_too_large"), characters, rate: RATE };
    return admission({ context: [{ role: "user", content: "x".repeat(characters / 2) }] }, ...asked);
  };
  const response = await post(ASK);
  assert.equal(response.status, 200);
  const calls = database.calls.map(([, , , fence, , maxContext]) => [fence, maxContext]);
  assert.deepEqual(calls, [[calls[0][0], FIRST_CONTEXT_CHARACTERS], [calls[0][0], characters]]);
  assert.ok(held[0] >= FIRST_CONTEXT_CHARACTERS * CONTEXT_CHARACTER_BYTES);
  assert.ok(held[0] < characters * CONTEXT_CHARACTER_BYTES && held[1] >= characters * CONTEXT_CHARACTER_BYTES);
  await clock.run(0);
  // It had become shorter, so less is held, also while the provider's address is looked up.
  for (const bytes of [held[2], memory.heldBytes]) {
    assert.ok(bytes >= characters / 2 * CONTEXT_CHARACTER_BYTES && bytes < held[1], `${bytes}`);
  }
  provider.calls[0].send("Hello");
  assert.ok(memory.heldBytes <= 2 * (GENERATION_BYTES + READER_BYTES), `${memory.heldBytes}`);
  await leave(response);
  await end();
});

Deno.test("a text that is continued is held twice until it was sent: as a message of the request, and as the beginning of the answer", async () => {
  const { admission, clock, database, end, leave, memory, post, provider } = make();
  const units = FIRST_CONTEXT_CHARACTERS;
  const held: number[] = [];
  database.answers.begin = (...asked) => {
    held.push(memory.heldBytes);
    return admission({ context: [], continued: "x".repeat(units) }, ...asked);
  };
  const response = await post({ ...ASK, prompt: undefined, continue_of: "message-1" });
  await clock.run(0);
  for (const bytes of [held[0], memory.heldBytes]) {
    assert.ok(bytes >= units * (CONTEXT_CHARACTER_BYTES + TEXT_UNIT_BYTES), `${bytes}`);
  }
  provider.calls[0].send("Hello");
  assert.ok(memory.heldBytes >= units * TEXT_UNIT_BYTES && memory.heldBytes < units * CONTEXT_CHARACTER_BYTES);
  await leave(response);
  await end();
});

Deno.test("what control characters, the bot's instructions and params take more is held before the request is made", async () => {
  const { admission, clock, database, end, keepAlive, leave, memory, post, provider } = make();
  const characters = FIRST_CONTEXT_CHARACTERS;
  const context = (character: string) => [{ role: "user" as const, content: character.repeat(characters) }];
  const cases: [Partial<Admission>, number][] = [
    [{ context: context("\u0001") }, characters * (CONTEXT_CHARACTER_BYTES + CONTROL_CHARACTER_BYTES)],
    [{ context: context("x"), system_prompt: "x".repeat(100_000) }, 3_600_000],
    [{ params: { a: "x".repeat(65_000) } }, 65_000 * PARAMS_CHARACTER_BYTES],
  ];
  for (const [index, [more, bytes]] of cases.entries()) {
    database.answers.begin = (...asked) => admission(more, ...asked);
    const response = await post({ ...ASK, stream_id: `stream-${index}` });
    await clock.run(0);
    assert.ok(memory.heldBytes >= bytes, `${memory.heldBytes}, ${bytes}`);
    provider.calls.at(-1)!.send("Hello");
    assert.ok(memory.heldBytes <= 2 * (GENERATION_BYTES + READER_BYTES), `${memory.heldBytes}`);
    await leave(response);
  }
  // There is room for the characters, and none for their escapes.
  const calls = provider.calls.length;
  const other = memory.open("user-1", memory.userBytes - characters * (CONTEXT_CHARACTER_BYTES + 4));
  database.answers.begin = (...asked) => admission(cases[0][0], ...asked);
  const client = readEvents((await post(ASK)).body!);
  await keepAlive.settled();
  await clock.run(0);
  assert.equal(JSON.parse(client.events.at(-1)!.data).code, "overloaded");
  assert.equal(provider.calls.length, calls);
  assert.equal(database.endings.get("stream-1")!.errorCode, "overloaded");
  other.end();
  assert.equal(memory.heldBytes, 0);
  await end();
});

Deno.test("a path that is too long, or longer than a user's share has room for, is refused once and for all", async () => {
  const { database, memory, post, provider } = make();
  const cases: [number, number][] = [[MAX_CONTEXT_CHARACTERS + 1, 1], [FIRST_CONTEXT_CHARACTERS, 1], [300_000, 2]];
  for (const [characters, calls] of cases) {
    database.calls.length = 0;
    database.answers.begin = () => ({ refusal: new RelayError("payload_too_large"), characters, rate: RATE });
    await assertRefused(await post(ASK), "payload_too_large");
    assert.equal(database.calls.length, calls, `${characters}`);
    assert.equal(memory.heldBytes, 0);
  }
  const other = memory.open("user-1", memory.userBytes - 1_000_000);
  database.answers.begin = () => assert.fail("The database was asked");
  const response = await post(ASK);
  assert.deepEqual([response.status, (await errorOf(response)).code], [429, "too_many_streams"]);
  other.end();
  assert.equal(memory.heldBytes, 0);
  assert.equal(provider.calls.length, 0);
});

Deno.test("a worker without room is overloaded: for a start, a body and a reader, and the database is not asked", async () => {
  const { database, get, memory, post } = make();
  const empty = fillMemory({ memory });
  for (const response of [await post(ASK), await get("/stream/stream-1")]) {
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
    assert.equal((await errorOf(response)).code, "overloaded");
  }
  assert.deepEqual(database.calls, []);
  empty();
  assert.equal(memory.heldBytes, 0);
});

Deno.test("a start that fails, is refused, only previews or reads what exists gives back all that it held", async () => {
  const { database, get, memory, post } = make(() => Promise.reject(new RelayError("provider_not_allowed")));
  await assertRefused(await post(ASK), "provider_not_allowed");
  assert.equal((await post("{broken")).status, 400);
  await assertRefused(await post({ ...ASK, preview: true }), "bot_not_found");
  database.answers.begin = () => ({ exists: true, rate: RATE });
  await assertRefused(await post(ASK), "stream_not_found");
  await assertRefused(await get("/stream/stream-1"), "stream_not_found");
  database.failure = away();
  await assertRefused(await post(ASK), "unavailable");
  assert.equal(memory.heldBytes, 0);
});

Deno.test("calls that wait for the database too long are overloaded within a second; what waits is not begun", async () => {
  const { calls, clock, database, keepAlive, post } = make();
  const gate = Promise.withResolvers<void>();
  const held = Array.from({ length: MAX_DATABASE_CALLS }, (_, index) => calls.run(`user-${index}`, () => gate.promise));
  const late = post(ASK);
  assert.ok(DATABASE_WAIT_MS < 1_000);
  await clock.run(DATABASE_WAIT_MS);
  const response = await late;
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "2"]);
  assert.equal((await errorOf(response)).code, "overloaded");
  gate.resolve();
  await Promise.all(held);
  // There is nothing to end of a start that the database was not asked for.
  await keepAlive.settled();
  assert.deepEqual(database.calls, []);
});

Deno.test(`${MAX_WAITING_CALLS} of a user's requests wait for the database, and one more is rate_limited`, async () => {
  const { calls, clock, configuration, get } = make();
  const gate = Promise.withResolvers<void>();
  const held = Array.from(
    { length: MAX_DATABASE_CALLS_OF_USER + MAX_WAITING_CALLS },
    () => calls.run("user-1", () => gate.promise),
  );
  const response = await get("/stream/stream-1");
  assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "1"]);
  assert.equal((await errorOf(response)).code, "rate_limited");
  // A user who may run more streams may cancel all of them at once.
  const more = createCalls({ clock, configuration: { ...configuration, maxConcurrent: 2 * MAX_WAITING_CALLS } });
  const ask = () => more.run("user-1", () => gate.promise);
  held.push(...Array.from({ length: MAX_DATABASE_CALLS_OF_USER + 2 * MAX_WAITING_CALLS }, ask));
  await assert.rejects(ask(), { code: "rate_limited" });
  gate.resolve();
  await Promise.all(held);
});

/** What the database answers while a generation runs in the conversation. */
function busy(endsSoon: boolean): BeginAnswer {
  const refusal = new RelayError("conversation_busy", undefined, { retryAfter: 7, streamId: "stream-2" });
  return { refusal, endsSoon, rate: RATE };
}

async function assertBusy(response: Response) {
  assert.deepEqual([response.status, response.headers.get("retry-after")], [409, "7"]);
  const message = ERRORS.conversation_busy.message;
  assert.deepEqual(await errorOf(response), { code: "conversation_busy", message, stream_id: "stream-2" });
}

Deno.test("a prompt waits for an answer that ends soon, asks under one fence, and is refused when it has waited long", async () => {
  const { clock, database, end, post } = make();
  const { begin } = database.answers;
  const attempts = BUSY_WAIT_MS / BUSY_PAUSE_MS + 1;
  for (const endsAfter of [1, attempts - 1, attempts]) {
    database.calls.length = 0;
    const since = clock.now();
    const askedAt: number[] = [];
    database.answers.begin = (...asked) => {
      askedAt.push(clock.now() - since);
      return askedAt.length > endsAfter ? begin(...asked) : busy(true);
    };
    const answered = post(ASK);
    await clock.run(BUSY_WAIT_MS);
    const response = await answered;
    if (endsAfter === attempts) await assertBusy(response);
    else {
      assertEventStream(response);
      await response.body!.cancel();
    }
    assert.deepEqual(
      askedAt,
      Array.from({ length: Math.min(endsAfter + 1, attempts) }, (_, index) => index * BUSY_PAUSE_MS),
    );
    assert.equal(new Set(database.calls.filter(([name]) => name === "begin").map(([, , , fence]) => fence)).size, 1);
  }
  await end();
});

Deno.test("one that was ending and goes on after all is waited for no longer", async () => {
  const { clock, database, post } = make();
  const answers = [busy(true), busy(false)];
  database.answers.begin = () => answers.shift()!;
  const answered = post(ASK);
  await clock.run(BUSY_PAUSE_MS);
  await assertBusy(await answered);
  assert.equal(clock.pending, 0);
});

Deno.test("?conversation_id reads what runs in the conversation, nothing is 204, and an id in the path comes first", async () => {
  const { database, end, get, head } = make();
  database.views.set("stream-1", makeView("Once"));
  database.answers.running = (_, id) => id === "a b" ? "stream-1" : null;
  assertEventStream(await get("/stream?conversation_id=a%20b"));
  assertEventStream(await head("/stream?conversation_id=a%20b", { "last-event-id": "0" }));
  database.calls.length = 0;
  for (const method of [get, head]) {
    const response = await method("/stream?conversation_id=2");
    assert.deepEqual([response.status, response.body, response.headers.get("x-stream-id")], [204, null, null]);
    assert.equal(response.headers.get("cache-control"), "no-store");
  }
  assert.deepEqual(database.calls, Array(2).fill(["running", "user-1", "2"]));
  // What can be no id is that of nothing.
  for (const id of ["x".repeat(201), "a%00b"]) assert.equal((await get(`/stream?conversation_id=${id}`)).status, 204);
  await assertRefused(await get("/stream?conversation_id="), "stream_not_found");
  assert.equal(database.calls.length, 2);
  await assertRefused(await get("/stream/stream-2?conversation_id=1"), "stream_not_found");
  assert.equal(database.calls.at(-1)![0], "read");
  await end();
});
