import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import {
  DONE_WAITS_FOR_STORAGE_MS,
  MAX_CLIENT_QUEUE_BYTES,
  MAX_MESSAGE_UNITS,
  STORAGE_GIVE_UP_MS,
} from "../protocol/limits.ts";
import { away } from "../testing/database.ts";
import { watch } from "../testing/events.ts";
import { JOB_FIELDS, makeJob } from "../testing/job.ts";
import type { TestCall } from "../testing/provider.ts";
import { makeWorker, stopOf } from "../testing/worker.ts";
import { createTranscript } from "./transcript.ts";

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

const INTERRUPTED = "The generation was interrupted: its worker ended, and what was written is stored";

const START = {
  event: "start",
  id: "0",
  data: JSON.stringify({
    stream_id: "stream-1",
    conversation_id: "conversation-1",
    bot_id: "bot-1",
    model: "model-1",
    user_message_id: "message-of-user",
    parent_id: "message-of-user",
  }),
};

Deno.test("a generation goes from start over its tokens to done, and is stored before done", async () => {
  const { clock, database, logged, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  assert.deepEqual(client.events, [START]);
  assert.deepEqual(call.call.messages.at(-1), { role: "user", content: "A secret prompt" });

  await clock.run(250);
  call.send("A secret", " text\n🐉");
  await clock.run(100);
  call.send("!");
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
    { event: "token", id: "16", data: " text\n🐉" },
    { event: "token", id: "17", data: "!" },
    {
      event: "done",
      data: JSON.stringify({
        stream_id: "stream-1",
        message_id: "message-of-stream-1",
        is_complete: true,
        finish_reason: "length",
        usage: USAGE,
      }),
    },
  ]);
  assert.deepEqual(row().ending, {
    status: "completed",
    finishReason: "length",
    errorCode: null,
    usage: USAGE,
    firstTokenMs: 250,
    overheadMs: 0,
  });
  assert.equal(stored(), client.text);
  assert.deepEqual(database.calls.map(([name]) => name), ["finish"]);
  assert.deepEqual(logged().slice(0, 2), [{
    level: "info",
    event: "generation_started",
    ...JOB_FIELDS,
    latency_ms: 0,
  }, {
    level: "info",
    event: "generation_finished",
    ...JOB_FIELDS,
    latency_ms: 400,
    first_token_ms: 250,
    ...USAGE,
    outcome: "completed",
    finish_reason: "length",
  }]);
});

Deno.test("start leaves before the provider is asked", async () => {
  const { generations, database, provider, settle } = makeWorker();
  database.admit("stream-1");
  const body = generations.start(makeJob());
  assert.equal(provider.calls.length, 0);
  const client = watch(body);
  while (client.events.length === 0) await null;
  assert.deepEqual(client.events, [START]);
  while (provider.calls.length === 0) await null;
  provider.calls[0].finish();
  await settle(client);
});

Deno.test("one read of the provider is one write to the client", async () => {
  const { begin, clock, settle } = makeWorker();
  const { body, call } = await begin();
  const reader = body.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  assert.match(await next(), /^id: 0\nevent: start\n/);
  call.send("a", { kind: "reasoning", text: "hm" }, "b");
  assert.equal(
    await next(),
    "id: 1\nevent: token\ndata: a\n\n" +
      "event: reasoning\ndata: hm\n\n" +
      "id: 2\nevent: token\ndata: b\n\n",
  );
  call.finish();
  assert.match(await next(), /^event: done\n/);
  assert.equal((await reader.read()).done, true);
  await clock.run(0);
  await settle();
});

Deno.test("reasoning is the first token, but no part of the message", async () => {
  const { clock, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  await clock.run(70);
  call.send({ kind: "reasoning", text: "Let me think" });
  await clock.run(70);
  call.send("Yes");
  call.finish();
  await settle(client);
  assert.deepEqual(client.events.slice(1, 3), [{
    event: "reasoning",
    data: "Let me think",
  }, { event: "token", id: "3", data: "Yes" }]);
  assert.equal(stored(), "Yes");
  assert.equal(row().ending?.firstTokenMs, 70);
});

Deno.test("a generation without a word is done without a message", async () => {
  const { row, settle, watched } = makeWorker();
  const { client, call } = await watched();
  call.finish();
  await settle(client);
  assert.deepEqual(client.json("done"), {
    stream_id: "stream-1",
    message_id: null,
    is_complete: true,
    finish_reason: "stop",
    usage: null,
  });
  assert.equal(row().ending?.firstTokenMs, null);
});

Deno.test("a cancel reaches the provider with the next beat, and the text so far is stored", async () => {
  const { clock, database, logged, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  await clock.run(400);
  assert.equal(await database.cancel("user-1", "stream-1"), "cancelling");
  await clock.run(599);
  assert.equal(call.open, true);
  await clock.run(1);
  assert.equal(call.open, false);
  assert.equal(stopOf(call), "cancelled");
  await settle(client);
  assert.deepEqual(client.json("done"), {
    stream_id: "stream-1",
    message_id: "message-of-stream-1",
    is_complete: false,
    finish_reason: "cancelled",
    usage: null,
  });
  assert.deepEqual(row().ending, {
    status: "cancelled",
    finishReason: "cancelled",
    errorCode: null,
    usage: null,
    firstTokenMs: 0,
    overheadMs: 0,
  });
  assert.equal(stored(), "So far");
  assert.deepEqual(logged()[1], {
    level: "info",
    event: "generation_finished",
    ...JOB_FIELDS,
    latency_ms: 1_000,
    first_token_ms: 0,
    outcome: "cancelled",
    finish_reason: "cancelled",
  });
});

Deno.test("a cancel wins over a provider that finishes, or fails, before the next beat", async () => {
  const ends = [
    (call: TestCall) => call.finish(),
    (call: TestCall) => call.fail(new RelayError("provider_error", "It failed")),
  ];
  for (const end of ends) {
    const { database, settle, watched } = makeWorker();
    const { client, call } = await watched();
    call.send("All of it");
    await database.cancel("user-1", "stream-1");
    end(call);
    await settle(client);
    assert.deepEqual(client.json("done"), {
      stream_id: "stream-1",
      message_id: "message-of-stream-1",
      is_complete: false,
      finish_reason: "cancelled",
      usage: null,
    });
  }
});

Deno.test("a client that leaves under stop ends the generation", async () => {
  const { clock, logged, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  await clock.run(0);
  await client.leave();
  assert.equal(call.open, false);
  assert.equal(stopOf(call), "disconnected");
  await settle();
  assert.deepEqual(row().ending, {
    status: "disconnected",
    finishReason: "disconnected",
    errorCode: null,
    usage: null,
    firstTokenMs: 0,
    overheadMs: 0,
  });
  assert.equal(stored(), "So far");
  assert.equal(logged()[1].outcome, "disconnected");
});

Deno.test("a client that leaves before the provider was asked costs nothing", async () => {
  const { generations, database, provider, row, settle } = makeWorker();
  database.admit("stream-1");
  await generations.start(makeJob()).cancel("left at once");
  await settle();
  assert.equal(provider.calls.every(({ signal }) => signal.aborted), true);
  assert.equal(row().ending?.status, "disconnected");
});

Deno.test("a client that leaves under continue changes nothing, and a cancel still does", async () => {
  for (const cancelled of [false, true]) {
    const { clock, database, row, settle, stored, watched } = makeWorker();
    const { client, call } = await watched({ request: { on_disconnect: "continue" } });
    call.send("One");
    await client.leave();
    await clock.run(3_000);
    assert.equal(call.open, true);
    call.send(" two");
    if (cancelled) {
      await database.cancel("user-1", "stream-1");
      await clock.run(1_000);
    } else call.finish();
    await settle();
    assert.equal(stored(), "One two");
    assert.equal(row().outcome?.is_complete, !cancelled);
  }
});

Deno.test("a client that does not read is detached, and its generation goes on to the end", async () => {
  const { begin, row, settle, stored } = makeWorker();
  const { body, call } = await begin();
  const half = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 2);
  for (let read = 0; read < 5; read++) call.send(half);
  assert.equal(call.open, true);
  call.finish();
  await settle();
  assert.equal(row().ending?.status, "completed");
  assert.equal(stored()?.length, 5 * half.length);
  const client = watch(body);
  while (!client.ended) await null;
  assert.deepEqual(client.events.map(({ event }) => event), ["start", "token"]);
});

Deno.test("a shutdown interrupts every generation, and stores what it has", async () => {
  const { clock, keepAlive, logged, row, shutdown, stored, watched } = makeWorker();
  const one = await watched();
  const two = await watched({ streamId: "stream-2" });
  one.call.send("So far");
  await clock.run(0);
  shutdown.begin("early_drop");
  assert.deepEqual([one, two].map(({ call }) => stopOf(call)), ["shutdown", "shutdown"]);
  await keepAlive.settled();
  assert.equal(clock.pending, 0);
  assert.deepEqual(one.client.json("error"), {
    code: "interrupted",
    message: INTERRUPTED,
    retryable: true,
    stream_id: "stream-1",
    message_id: "message-of-stream-1",
  });
  assert.equal((two.client.json("error") as { message_id: null }).message_id, null);
  assert.deepEqual(
    ["stream-1", "stream-2"].map((id) => {
      return [row(id).ending?.status, stored(id)];
    }),
    [["interrupted", "So far"], ["interrupted", null]],
  );
  assert.equal(logged()[2].event, "worker_shutdown");
  assert.equal(logged()[2].generations, 2);
  assert.deepEqual(
    logged().slice(3).map(({ outcome, code }) => [outcome, code]),
    [["interrupted", "interrupted"], ["interrupted", "interrupted"]],
  );
});

const LIMITS = { timeoutMs: 10_000, firstTokenTimeoutMs: 5_000, idleTimeoutMs: 3_000 };

/** What a client is told where this drive of the clock ends in a timeout. */
async function timeoutOf(drive: (call: TestCall, run: (ms: number) => Promise<void>) => Promise<void>) {
  const { clock, logged, row, settle, stored, watched } = makeWorker(LIMITS);
  const { client, call } = await watched();
  await drive(call, clock.run);
  assert.equal(stopOf(call), "timeout");
  await settle(client);
  const { code, message, message_id } = client.json("error") as Record<
    string,
    unknown
  >;
  const { status, finishReason, errorCode } = row().ending!;
  assert.deepEqual([status, finishReason, errorCode], ["failed", "timeout", code]);
  assert.equal(logged()[1].code, code);
  assert.equal(logged()[1].latency_ms, clock.now() - Date.UTC(2026, 0, 1));
  return { code, message, message_id, content: stored() };
}

Deno.test("a provider that says nothing is a timeout of the first token", async () => {
  assert.deepEqual(await timeoutOf(async (_, run) => await run(5_000)), {
    code: "provider_timeout",
    message: "The provider sent no first token within 5000 ms",
    message_id: null,
    content: null,
  });
});

Deno.test("a provider that falls silent is a timeout, with the text so far", async () => {
  const told = await timeoutOf(async (call, run) => {
    await run(4_000);
    call.send("So far");
    await run(3_000);
  });
  assert.deepEqual(told, {
    code: "provider_timeout",
    message: "The provider sent nothing for 3000 ms",
    message_id: "message-of-stream-1",
    content: "So far",
  });
});

Deno.test("a generation that takes too long is a timeout, however much it says", async () => {
  const told = await timeoutOf(async (call, run) => {
    for (let second = 0; second < 10; second++) {
      call.send("x");
      await run(1_000);
    }
  });
  assert.deepEqual(told, {
    code: "timeout",
    message: "The generation took longer than 10000 ms, the limit",
    message_id: "message-of-stream-1",
    content: "x".repeat(10),
  });
});

Deno.test("a request that was admitted too late has no time left", async () => {
  const { clock, row, settle, watched } = makeWorker(LIMITS);
  const { client } = await watched({ startedAt: clock.now() - 10_000 });
  await settle(client);
  assert.equal((client.json("error") as { code: string }).code, "timeout");
  assert.equal(row().ending?.finishReason, "timeout");
});

Deno.test("a provider's failure is an error, with the text before it", async () => {
  const { logged, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  call.fail(new RelayError("provider_rate_limited", "The provider refused", { cause: "status 429" }));
  await settle(client);
  assert.deepEqual(client.json("error"), {
    code: "provider_rate_limited",
    message: "The provider refused",
    retryable: true,
    stream_id: "stream-1",
    message_id: "message-of-stream-1",
  });
  assert.deepEqual(row().ending, {
    status: "failed",
    finishReason: "error",
    errorCode: "provider_rate_limited",
    usage: null,
    firstTokenMs: 0,
    overheadMs: 0,
  });
  assert.equal(stored(), "So far");
  assert.deepEqual(logged()[1], {
    level: "info",
    event: "generation_finished",
    ...JOB_FIELDS,
    latency_ms: 0,
    first_token_ms: 0,
    outcome: "failed",
    finish_reason: "error",
    code: "provider_rate_limited",
    cause: "RelayError: The provider refused; caused by status 429",
  });
});

Deno.test("what nobody expected is an opaque internal error, whose cause is logged", async () => {
  const { logged, settle, watched } = makeWorker();
  const { client, call } = await watched();
  call.fail(new TypeError("x is not a function"));
  await settle(client);
  assert.deepEqual(client.json("error"), {
    code: "internal",
    message: "The relay failed: its log has the cause",
    retryable: true,
    stream_id: "stream-1",
    message_id: null,
  });
  const { level, cause } = logged()[1];
  assert.equal(level, "error");
  assert.match(String(cause), /TypeError: x is not a function$/);
});

Deno.test("a message of exactly the limit is done, and one above fails with what fitted", async () => {
  const half = "x".repeat(MAX_MESSAGE_UNITS / 2);
  for (const above of [false, true]) {
    const { clock, settle, stored, watched } = makeWorker();
    const { client, call } = await watched();
    call.send(half);
    await clock.run(0);
    call.send(half);
    await clock.run(0);
    if (above) call.send("y");
    call.finish();
    await settle(client);
    assert.equal(stored()?.length, MAX_MESSAGE_UNITS);
    assert.equal(client.text, stored());
    if (!above) assert.equal(client.events.at(-1)?.event, "done");
    else {
      assert.deepEqual(client.json("error"), {
        code: "provider_bad_response",
        message: `The provider sent a text of more than ${MAX_MESSAGE_UNITS} UTF-16 units, the limit`,
        retryable: true,
        stream_id: "stream-1",
        message_id: "message-of-stream-1",
      });
    }
  }
});

Deno.test("the read that goes over the limit gives what stood before it", async () => {
  const { clock, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("x".repeat(MAX_MESSAGE_UNITS - 2));
  await clock.run(0);
  call.send("yz", { kind: "reasoning", text: "hm" }, "!");
  await settle(client);
  assert.equal(stored()?.slice(-3), "xyz");
  assert.deepEqual(client.events.slice(-3).map(({ event }) => event), ["token", "reasoning", "error"]);
});

Deno.test("done waits for the storing only so long, and the storing goes on behind it", async () => {
  const { clock, database, keepAlive, logged, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("All of it");
  database.failure = away();
  call.finish({ usage: USAGE });
  await clock.run(DONE_WAITS_FOR_STORAGE_MS - 1);
  assert.equal(client.events.length, 2);
  await clock.run(1);
  assert.deepEqual(client.json("done"), {
    stream_id: "stream-1",
    message_id: null,
    is_complete: true,
    finish_reason: "stop",
    usage: USAGE,
  });
  assert.equal(client.ended, true);
  let settled = false;
  keepAlive.settled().then(() => settled = true);
  await clock.run(20_000);
  assert.equal(settled, false);
  assert.equal(row().ending, null);

  database.failure = null;
  await clock.run(2_000);
  await settle(client);
  assert.equal(stored(), "All of it");
  assert.deepEqual(logged().map(({ event }) => event), [
    "generation_started",
    "message_not_stored_yet",
    "beats_failing",
    "message_stored_late",
    "generation_finished",
    "worker_shutdown",
  ]);
});

Deno.test("the lease is renewed as long as the storing takes", async () => {
  const { clock, database, settle, watched } = makeWorker();
  const { client, call } = await watched();
  const { finish } = database;
  database.finish = () => Promise.reject(away());
  call.send("All of it");
  call.finish();
  await clock.run(30_000);
  const beats = database.calls.filter(([name]) => name === "beat");
  assert.equal(beats.length, 30);
  database.finish = finish;
  await clock.run(2_000);
  await settle(client);
});

Deno.test("a database that never comes back leaves nothing running", async () => {
  const { clock, database, logged, settle, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("A secret text");
  database.failure = away();
  call.finish();
  await clock.run(STORAGE_GIVE_UP_MS + 2_000);
  await settle(client);
  const events = logged().map(({ event }) => event);
  assert.ok(events.includes("message_lost"));
  assert.deepEqual([events.at(-2), logged().at(-2)?.outcome], ["generation_finished", "completed"]);
});

/** An interruption of which nothing was left, as another holder of the fence would have it. */
const BY_ANOTHER = {
  status: "interrupted",
  finishReason: "interrupted",
  errorCode: "interrupted",
  usage: null,
  firstTokenMs: null,
  overheadMs: null,
} as const;

Deno.test("a generation that another has ended is an interruption, and stays as that one left it", async () => {
  const { clock, database, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  await database.finish("stream-1", "fence-1", BY_ANOTHER, createTranscript());
  await clock.run(1_000);
  assert.equal(stopOf(call), "lost");
  await settle(client);
  assert.deepEqual(client.json("error"), {
    code: "interrupted",
    message: INTERRUPTED,
    retryable: true,
    stream_id: "stream-1",
    message_id: null,
  });
  assert.equal(row().ending, BY_ANOTHER);
  assert.equal(stored(), null);
});

Deno.test("a generation that the sweep closed goes on, and its worker completes it", async () => {
  const { clock, database, row, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  await clock.run(1_000);
  database.sweep("stream-1");
  assert.equal(stored(), "So far");
  await clock.run(5_000);
  assert.equal(call.open, true);
  call.send(", and on");
  await clock.run(1_000);
  assert.equal(stored(), "So far");
  call.finish();
  await settle(client);
  assert.deepEqual(client.json("done"), {
    stream_id: "stream-1",
    message_id: "message-of-stream-1",
    is_complete: true,
    finish_reason: "stop",
    usage: null,
  });
  assert.equal(row().status, "completed");
  assert.equal(stored(), "So far, and on");
});

Deno.test("a generation that was cancelled and then swept is done as cancelled, with what was beaten in", async () => {
  const { clock, database, settle, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  await clock.run(1_000);
  call.send(", and on");
  await database.cancel("user-1", "stream-1");
  database.sweep("stream-1");
  await clock.run(1_000);
  assert.equal(stopOf(call), "lost");
  await settle(client);
  assert.equal((client.json("done") as { finish_reason: string }).finish_reason, "cancelled");
  assert.equal(stored(), "So far");
});

Deno.test("a generation that went with its user ends without a message", async () => {
  const { clock, database, settle, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  database.rows.clear();
  call.finish();
  await clock.run(0);
  await settle(client);
  assert.equal((client.json("done") as { message_id: null }).message_id, null);
});

Deno.test("the first reason wins, and what comes after it changes nothing", async () => {
  const { clock, database, keepAlive, row, shutdown, stored, watched } = makeWorker();
  const { client, call } = await watched();
  call.send("So far");
  await clock.run(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await client.leave();
  shutdown.begin("early_drop");
  call.send("more");
  call.finish();
  resolve();
  await keepAlive.settled();
  assert.equal(stopOf(call), "disconnected");
  assert.equal(row().ending?.status, "disconnected");
  assert.equal(stored(), "So far");
  assert.equal(clock.pending, 0);
});

Deno.test("a silence is filled with pings, before the first token and after", async () => {
  const { clock, settle, watched } = makeWorker();
  const { client, call } = await watched();
  await clock.run(20_000);
  call.send("a");
  await clock.run(10_000);
  call.finish();
  await settle(client);
  assert.deepEqual(client.events.map(({ event }) => event), ["start", "ping", "ping", "token", "ping", "done"]);
});

Deno.test("generations of one worker share the beat, and nothing else", async () => {
  const { clock, database, settle, watched } = makeWorker();
  const one = await watched();
  const two = await watched({ streamId: "stream-2" });
  one.call.send("one");
  two.call.send("two");
  await database.cancel("user-1", "stream-2");
  await clock.run(1_000);
  assert.equal(one.call.open, true);
  assert.equal(two.call.open, false);
  await clock.run(1_000);
  one.call.finish();
  await settle(one.client, two.client);
  assert.deepEqual(
    database.calls.filter(([name]) => name === "beat").map(([, given]) => given),
    [[{ streamId: "stream-1", fence: "fence-1", piece: { start: 0, end: 3, text: "one" } }, {
      streamId: "stream-2",
      fence: "fence-1",
      piece: { start: 0, end: 3, text: "two" },
    }], [{ streamId: "stream-1", fence: "fence-1", piece: { start: 3, end: 3, text: "" } }]],
  );
  assert.deepEqual([one.client.text, two.client.text], ["one", "two"]);
});

Deno.test("a refused generation is ended as failed, and no provider is asked", async () => {
  const { database, generations, logged, provider, row, settle, stored } = makeWorker();
  database.admit("stream-1");
  const { baseUrl: _, ...job } = makeJob();
  generations.refuse(job, new RelayError("provider_not_allowed", "Cannot call the provider"));
  await settle();
  assert.equal(provider.calls.length, 0);
  assert.deepEqual(row().ending, {
    status: "failed",
    finishReason: "error",
    errorCode: "provider_not_allowed",
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
  });
  assert.equal(stored(), null);
  assert.deepEqual(logged()[0], {
    level: "info",
    event: "generation_finished",
    ...JOB_FIELDS,
    latency_ms: 0,
    first_token_ms: null,
    outcome: "failed",
    finish_reason: "error",
    code: "provider_not_allowed",
    cause: "RelayError: Cannot call the provider",
  });
});
