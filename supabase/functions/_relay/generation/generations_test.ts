import assert from "node:assert/strict";
import { type ErrorCode, ERRORS, RelayError } from "../protocol/errors.ts";
import { READER_BYTES, TEXT_UNIT_BYTES } from "../platform/memory.ts";
import { DONE_WAITS_FOR_STORAGE_MS, MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import { away, makeStored } from "../testing/database.ts";
import { readEvents, type Seen } from "../testing/events.ts";
import { LOG_FIELDS, makeAdmitted, makeSeat, START_DATA } from "../testing/generation.ts";
import { makeWorker, reasonOf } from "../testing/worker.ts";
import { endingOf, EndReason } from "./ending.ts";

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const START = { event: "start", id: "0", data: JSON.stringify(START_DATA) };
const DONE = {
  stream_id: "stream-1",
  message_id: "message-of-stream-1",
  bot_id: "bot-1",
  model: "model-1",
  is_complete: true,
  finish_reason: "stop",
  usage: null,
};

Deno.test("a generation goes from start over its tokens to done, and is stored before done", async () => {
  const { clock, database, ended, logged, settle, withClient } = makeWorker();
  const { client, call } = await withClient();
  assert.deepEqual(client.events, [START]);
  assert.deepEqual(call.call.messages.at(-1), { role: "user", content: "A secret prompt" });

  await clock.run(250);
  call.send("A secret", { kind: "reasoning", text: "hm" }, " text\n🐉");
  await clock.run(150);
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  call.finish({ finishReason: "length", usage: USAGE });
  await clock.run(50);
  assert.equal(client.events.length, 4);
  resolve();
  await settle(client);

  assert.deepEqual(client.events, [
    START,
    { event: "token", id: "8", data: "A secret" },
    { event: "reasoning", data: "hm" },
    { event: "token", id: "16", data: " text\n🐉" },
    { event: "done", data: JSON.stringify({ ...DONE, finish_reason: "length", usage: USAGE }) },
  ]);
  assert.deepEqual(ended(), {
    status: "completed",
    finishReason: "length",
    errorCode: null,
    usage: USAGE,
    firstTokenMs: 250,
    overheadMs: 0,
    text: client.text,
  });
  assert.deepEqual(database.calls.map(([name]) => name), ["finish"]);
  assert.deepEqual(logged().slice(0, 2), [{
    level: "info",
    event: "generation_started",
    ...LOG_FIELDS,
    latency_ms: 0,
  }, {
    level: "info",
    event: "generation_finished",
    ...LOG_FIELDS,
    latency_ms: 450,
    first_token_ms: 250,
    ...USAGE,
    outcome: "completed",
    finish_reason: "length",
  }]);
});

Deno.test("what a report cost stands in done and in the log, and without a report nothing does", async () => {
  for (const usage of [USAGE, null]) {
    const { database, logged, settle, withClient } = makeWorker();
    database.answers.finish = (...ended) => ({ ...makeStored(...ended), cost: 0.0015 });
    const { client, call } = await withClient();
    call.send("Once");
    call.finish({ usage });
    await settle(client);
    const wanted = usage === null ? null : { ...usage, cost: 0.0015 };
    assert.deepEqual(JSON.parse(client.events.at(-1)!.data).usage, wanted);
    const { cost, total_tokens } = logged().find(({ event }) => event === "generation_finished") ?? {};
    assert.deepEqual([cost, total_tokens], [wanted?.cost, wanted?.total_tokens]);
  }
});

Deno.test("a text is held for as long as a reader still catches up, and given back once", async () => {
  const text = "x".repeat(MAX_MESSAGE_UNITS);
  for (const leaves of [false, true]) {
    const { generations, keepAlive, memory, clock, withClient } = makeWorker();
    const { client, call } = await withClient();
    call.send(text);
    const body = generations.attach("user-1", "stream-1", null, memory.open("user-1", READER_BYTES))!;
    call.finish();
    await keepAlive.settled();
    await clock.run(0);
    assert.deepEqual([client.text.length, client.ended], [text.length, true]);
    assert.ok(memory.heldBytes >= text.length * TEXT_UNIT_BYTES);
    if (leaves) await body.cancel();
    else assert.equal((await new Response(body).text()).includes("event: done"), true);
    assert.deepEqual([memory.heldBytes, clock.pending], [0, 0]);
  }
});

/** What stops a generation that has said "So far", and what follows: the aborted call's reason, the stored status. */
const STOPS: [title: string, stop: (worker: Worker, client: Seen) => unknown, reason: string, status: string][] = [
  ["a cancel", (worker) => beatWith(worker, worker.database.cancelled), "cancelled", "cancelled"],
  ["the loss of its lease", (worker) => beatWith(worker, worker.database.lost), "lost", "interrupted"],
  ["the leaving of its client", (_, client) => client.leave(), "disconnected", "disconnected"],
  ["a shutdown", ({ shutdown }) => shutdown.begin("early_drop"), "shutdown", "interrupted"],
  ["silence since the last delta", fallSilent, "timeout", "failed"],
];

type Worker = ReturnType<typeof makeWorker>;

async function beatWith({ clock }: Worker, streams: Set<string>) {
  streams.add("stream-1");
  await clock.run(1_000);
}

async function fallSilent({ clock, provider: { calls } }: Worker) {
  await clock.run(29_000);
  calls[0].send({ kind: "reasoning", text: "hm" });
  await clock.run(29_999);
  assert.equal(calls[0].open, true);
  await clock.run(1);
}

for (const [title, stop, reason, status] of STOPS) {
  Deno.test(`a generation is stopped by ${title}; the text so far is stored`, async () => {
    const worker = makeWorker();
    const { clock, ended, keepAlive, logged, withClient } = worker;
    const { client, call } = await withClient();
    call.send("So far");
    await clock.run(0);
    await stop(worker, client);
    assert.equal(call.open, false);
    assert.equal(reasonOf(call), reason);
    // What comes after the first reason changes nothing.
    call.send("more");
    call.finish();
    worker.shutdown.begin("too late");
    await keepAlive.settled();
    await clock.run(0);
    assert.equal(clock.pending, 0);
    const { finishReason, errorCode, text } = ended()!;
    assert.deepEqual([ended()!.status, text], [status, "So far"]);
    const line = logged().find(({ event }) => event === "generation_finished")!;
    assert.deepEqual([line.outcome, line.finish_reason, line.code], [status, finishReason, errorCode ?? undefined]);
    if (reason === "disconnected") return;
    assert.equal(client.ended, true);
    if (errorCode === null) {
      assert.deepEqual(client.json("done"), { ...DONE, is_complete: false, finish_reason: status });
    } else {
      const { code, message_id } = client.json("error") as Record<string, unknown>;
      assert.deepEqual([code, message_id], [errorCode, DONE.message_id]);
    }
  });
}

Deno.test("the ending that the database answers is the one that readers get", async () => {
  const cancelled = { ...DONE, message_id: "message-1", is_complete: false, finish_reason: "cancelled" };
  for (const fails of [false, true]) {
    const { database, logged, settle, withClient } = makeWorker();
    const { client, call } = await withClient();
    // A cancel had reached it before.
    database.answers.finish = () => ({ status: "cancelled", error_code: null, ...cancelled });
    if (fails) call.fail(new RelayError("provider_error"));
    else call.finish();
    await settle(client);
    assert.deepEqual(client.json("done"), cancelled);
    assert.equal(logged()[1].outcome, "cancelled");
  }
});

Deno.test("a failure is an error event, with the text before it; what was not expected is opaque and logged", async () => {
  const cases: [thrown: Error, code: ErrorCode, message: string, level: string, cause: string][] = [
    [
      new RelayError("provider_rate_limited", "The provider refused", { cause: "status 429" }),
      "provider_rate_limited",
      "The provider refused",
      "info",
      "RelayError: The provider refused; caused by status 429",
    ],
    [
      new TypeError("x is not a function"),
      "internal",
      ERRORS.internal.message,
      "error",
      `RelayError: ${ERRORS.internal.message}; caused by TypeError: x is not a function`,
    ],
    [
      new RelayError("unavailable"),
      "internal",
      ERRORS.internal.message,
      "error",
      `RelayError: ${ERRORS.unavailable.message}`,
    ],
  ];
  for (const [thrown, code, message, level, cause] of cases) {
    const { ended, logged, settle, withClient } = makeWorker();
    const { client, call } = await withClient();
    call.send("So far");
    call.fail(thrown);
    await settle(client);
    const { stream_id, message_id } = DONE;
    assert.deepEqual(client.json("error"), { code, message, retryable: true, stream_id, message_id });
    assert.deepEqual([ended()?.status, ended()?.errorCode, ended()?.text], ["failed", code, "So far"]);
    const times = { latency_ms: 0, first_token_ms: 0 };
    assert.deepEqual(logged()[1], {
      level,
      event: "generation_finished",
      ...LOG_FIELDS,
      ...times,
      outcome: "failed",
      finish_reason: "error",
      code,
      cause,
    });
  }
});

Deno.test("generations of one worker share the beat and the shutdown, and nothing else", async () => {
  const { clock, database, ended, keepAlive, logged, shutdown, withClient } = makeWorker();
  const one = await withClient();
  const two = await withClient({ streamId: "stream-2" });
  const three = await withClient({ streamId: "stream-3" });
  one.call.send("one");
  two.call.send("two");
  database.cancelled.add("stream-2");
  await clock.run(1_000);
  assert.deepEqual([one, two, three].map(({ call }) => call.open), [true, false, true]);
  assert.deepEqual(database.calls[0], ["beat", [
    { streamId: "stream-3", fence: "fence-1", chunk: { start: 0, end: 0, text: "" } },
    { streamId: "stream-1", fence: "fence-1", chunk: { start: 0, end: 3, text: "one" } },
    { streamId: "stream-2", fence: "fence-1", chunk: { start: 0, end: 3, text: "two" } },
  ]]);
  shutdown.begin("early_drop");
  await keepAlive.settled();
  assert.equal(clock.pending, 0);
  const endings = [1, 2, 3].map((n) => ended(`stream-${n}`)!).map(({ status, text }) => [status, text]);
  assert.deepEqual(endings, [["interrupted", "one"], ["cancelled", "two"], ["interrupted", ""]]);
  assert.equal((three.client.json("error") as { message_id: null }).message_id, null);
  assert.equal(logged().find(({ event }) => event === "worker_shutdown")!.generations, 2);
});

Deno.test("a refused generation is ended as failed, and no provider is asked", async () => {
  const { ended, generations, logged, provider, settle } = makeWorker();
  const error = new RelayError("provider_not_allowed");
  generations.refuse(makeAdmitted(), error);
  await settle();
  assert.equal(provider.calls.length, 0);
  assert.deepEqual(ended(), { ...endingOf(new EndReason("failed", error)), text: "" });
  const { event, outcome, code, cause } = logged()[0];
  const wanted = ["generation_finished", "failed", error.code, `RelayError: ${error.message}`];
  assert.deepEqual([event, outcome, code, cause], wanted);
});

/** A worker that runs stream-1 of user-1, with the client that started it. */
async function makeAttachable(on_disconnect: "stop" | "continue" = "stop") {
  const worker = makeWorker();
  const { client, call } = await worker.withClient({ request: { on_disconnect } });
  const ends: string[] = [];
  function attach(name: string, from: number | null = null, userId = "user-1", streamId = "stream-1") {
    const body = worker.generations.attach(userId, streamId, from, makeSeat(() => ends.push(name)));
    return body && readEvents(body);
  }
  return { ...worker, client, call, ends, attach };
}

Deno.test("another user is not attached, nor anyone to what does not run here", async () => {
  const { attach, call, client, ends, settle } = await makeAttachable();
  assert.equal(attach("stranger", null, "user-2"), null);
  for (const id of ["stream-2", "", "toString"]) assert.equal(attach("unknown", null, "user-1", id), null);
  call.finish();
  await settle(client);
  assert.equal(attach("late"), null);
  assert.deepEqual(ends, []);
});

Deno.test("a reader is attached until the last event leaves, also while the ending waits to be stored", async () => {
  const { attach, call, client, clock, database, settle } = await makeAttachable();
  call.send("Once");
  database.failure = away();
  call.fail(new Error("broken"));
  await clock.run(1_000);
  const waiting = attach("waiting")!;
  await clock.run(DONE_WAITS_FOR_STORAGE_MS);
  // The lease is renewed as long as the storing takes.
  assert.equal(database.calls.filter(([name]) => name === "beat").length, 6);
  assert.equal(waiting.events.at(-1)?.event, "error");
  assert.equal(attach("late"), null);
  database.failure = null;
  await clock.run(2_000);
  await settle(client, waiting);
});
