import assert from "node:assert/strict";
import type { Log } from "../platform/log.ts";
import { VERSION } from "../platform/version.ts";
import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_LINE_BYTES } from "../protocol/limits.ts";
import { createManualClock, type ManualClock, turns } from "../testing/platform.ts";
import { makeCall as makeAnyCall } from "../testing/provider.ts";
import type { Delta, ProviderCall, ProviderEnd } from "./provider.ts";
import { createProvider } from "./client.ts";
import { MAX_GIVEN_UNITS } from "./deltas.ts";

const encoder = new TextEncoder();

/** The event of one chunk. */
function event(delta: unknown, finish_reason: string | null = null): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
}

const HELLO = event({ content: "Hello" });
const WORLD = event({ content: " world" });
const STOP = event({}, "stop");
const DONE = "data: [DONE]\n\n";
const STOPPED = { finishReason: "stop", usage: null };
const EVENT_STREAM = { "content-type": "text/event-stream" };
const text = (text: string): Delta => ({ kind: "text", text });

const makeCall = (overrides: Partial<ProviderCall> = {}) =>
  makeAnyCall({ accessKey: "sk-test", messages: [{ role: "user", content: "Hi" }], ...overrides });

/** Moves time until a promise is settled: what is read in turns needs it. */
async function runUntil<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  void promise.catch(() => {}).finally(() => isSettled = true);
  while (!isSettled) await clock.run(1);
  return await promise;
}

/** Starts a request; `calls` are what was called back, call by call. */
function run(
  fetchAny: typeof fetch,
  call: Partial<ProviderCall> = {},
  signal: AbortSignal = new AbortController().signal,
  onDeltas: (deltas: Delta[]) => void = () => {},
): { calls: Delta[][]; end: Promise<ProviderEnd> } {
  const clock = createManualClock();
  const provider = createProvider(clock, { fetch: fetchAny });
  const calls: Delta[][] = [];
  const end = provider.stream(makeCall(call), signal, (deltas) => {
    if (deltas.length > 0) calls.push(deltas);
    onDeltas(deltas);
  }).finally(() => assert.equal(clock.pending, 0));
  return { calls, end };
}

const textOf = (calls: Delta[][]) => calls.flat().map((delta) => delta.text).join("");

/** A provider whose one answer gives a read for each part, and ends unless it is to hang; an error breaks it off. */
function makeAnswer(
  parts: (string | Uint8Array | Error)[],
  { hangs = false, headers = EVENT_STREAM as HeadersInit, status = 200 } = {},
) {
  const left = [...parts];
  const cancelled: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = left.shift();
      if (part instanceof Error) throw part;
      if (part !== undefined) controller.enqueue(typeof part === "string" ? encoder.encode(part) : part);
      else if (hangs) return new Promise<void>(() => {});
      else controller.close();
    },
    cancel: (reason) => void cancelled.push(reason),
  }, { highWaterMark: 0 });
  const requests: Request[] = [];
  return {
    cancelled,
    requests,
    fetch: ((input, init) => {
      requests.push(new Request(input, init));
      return Promise.resolve(new Response(body, { status, headers }));
    }) as typeof fetch,
    /** The body was cancelled, and nothing holds it. */
    assertLetGo(...reasons: unknown[]) {
      assert.equal(cancelled.length, 1);
      assert.deepEqual(cancelled.slice(0, reasons.length), reasons);
      assert.equal(body.locked, false);
    },
  };
}

async function assertFails(end: Promise<unknown>, code: string, message?: string): Promise<RelayError> {
  const error = await end.then(() => assert.fail("It did not fail"), (error) => error);
  assert.ok(error instanceof RelayError, String(error));
  assert.deepEqual([error.code, error.message], [code, message ?? error.message]);
  return error;
}

/** What reaches a provider of this call. */
async function requestOf(call: Partial<ProviderCall> = {}) {
  const { fetch, requests } = makeAnswer([STOP]);
  await run(fetch, call).end;
  const [request] = requests;
  return { url: request.url, headers: Object.fromEntries(request.headers), body: await request.json() };
}

Deno.test("the request is the bot's, and asks for a stream with usage", async () => {
  const messages: ProviderCall["messages"] = [{ role: "system", content: "Brief" }, { role: "user", content: "Hi 🐉" }];
  assert.deepEqual(await requestOf({ params: { max_tokens: 100, logit_bias: { "7": -1 } }, messages }), {
    url: "https://provider.test/v1/chat/completions",
    headers: {
      ...{ accept: "application/json", "content-type": "application/json", authorization: "Bearer sk-test" },
      "user-agent": `storytellr-relay/${VERSION}`,
    },
    body: {
      temperature: 0.7,
      stream_options: { include_usage: true },
      max_tokens: 100,
      logit_bias: { "7": -1 },
      model: "m",
      messages,
      stream: true,
    },
  });
});

Deno.test("what the openai package would take from the environment changes nothing", async () => {
  const variables = {
    OPENAI_API_KEY: "sk-environment",
    OPENAI_ADMIN_KEY: "sk-admin",
    OPENAI_BASE_URL: "https://elsewhere.test",
    OPENAI_ORG_ID: "org-environment",
    OPENAI_PROJECT_ID: "project-environment",
    OPENAI_WEBHOOK_SECRET: "secret",
    OPENAI_CUSTOM_HEADERS: "authorization: Bearer other\nx-environment: 1",
    OPENAI_LOG: "debug",
  };
  const requests = () => Promise.all([{}, { accessKey: null }].map(requestOf));
  const wanted = await requests();
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    assert.deepEqual(await requests(), wanted);
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(name);
  }
});

Deno.test("the messages and the params are dropped once they are sent", async () => {
  const call = makeCall({ params: { user: "u" } });
  const provider = createProvider(createManualClock(), {
    fetch: makeAnswer([HELLO, STOP]).fetch,
  });
  let waiting: unknown;
  await provider.stream(call, new AbortController().signal, () => waiting ??= [call.messages, call.params]);
  assert.deepEqual(waiting, [[], {}]);
});

Deno.test("the deltas of one read are one call; [DONE] is the end, also where the provider does not close", async () => {
  const first = HELLO + event({ reasoning_content: "hm" }) + WORLD;
  const answer = makeAnswer([first, ": nothing\n\n", event({ content: "!" }) + STOP + DONE], { hangs: true });
  const { calls, end } = run(answer.fetch);
  assert.deepEqual(await end, STOPPED);
  assert.deepEqual(calls, [[text("Hello"), { kind: "reasoning", text: "hm" }, text(" world")], [text("!")]]);
  answer.assertLetGo();
  // A break after the end changes nothing.
  assert.deepEqual(await run(makeAnswer([HELLO + STOP, new TypeError("reset")]).fetch).end, STOPPED);
});

Deno.test("an answer whose type is no event stream is refused, and its body is cancelled", async () => {
  const answer = makeAnswer(["<secret>"], { hangs: true, headers: { "content-type": "text/html; charset=utf-8" } });
  const message = (what: string) => `The provider answered with "${what}", not with an event stream`;
  await assertFails(run(answer.fetch).end, "provider_bad_response", message("text/html"));
  answer.assertLetGo();
  await assertFails(run(() => Promise.resolve(new Response(null))).end, "provider_bad_response", message("no body"));
});

Deno.test("what a refusal names is left out, up to three times, and every other refusal is the end", async () => {
  const refusal = (param: string, message = "Unsupported") =>
    Response.json({ error: { message, param } }, { status: 400 });
  const cases: [answers: Response[], temperatures: unknown[], end: string][] = [
    [[refusal("temperature"), new Response(HELLO + STOP)], [0.7, undefined], "stop"],
    [[refusal("temperature"), refusal("stop")], [0.7, undefined], "provider_refused"],
    [[refusal("top_p"), refusal("temperature"), new Response(HELLO + STOP)], [0.7, 0.7, undefined], "stop"],
    [["a", "b", "c", "temperature"].map((name) => refusal(name)), [0.7, 0.7, 0.7, 0.7], "provider_refused"],
    [[refusal("temperature", "prompt is too long: 9 tokens > 8 maximum")], [0.7], "context_exceeded"],
    [[refusal("messages")], [0.7], "provider_refused"],
  ];
  for (const [answers, temperatures, wanted] of cases) {
    const bodies: { temperature?: number; messages: unknown }[] = [];
    const { end } = run((_, init) => {
      bodies.push(JSON.parse(String(init?.body)));
      return Promise.resolve(answers.shift()!);
    }, { params: { top_p: 1, a: 1, b: 1, c: 1 } });
    assert.equal(await end.then(({ finishReason }) => finishReason, ({ code }) => code), wanted);
    assert.deepEqual(bodies.map(({ temperature }) => temperature), temperatures);
    assert.deepEqual(bodies.at(-1)!.messages, [{ role: "user", content: "Hi" }]);
  }
});

Deno.test("a complete answer is waited for as long as its tokens may take, counted anew by text, not by pings", async () => {
  const clock = createManualClock();
  let send!: (text: string) => void;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      send = (text) => controller.enqueue(encoder.encode(text));
    },
  });
  const fetchOnce = () => Promise.resolve(new Response(body));
  let came = Promise.withResolvers<void>();
  const provider = createProvider(clock, { fetch: fetchOnce });
  let end: ProviderEnd | undefined;
  const done = provider.stream(makeCall(), new AbortController().signal, () => came.resolve())
    .then((answer) => end = answer);
  const sends = async (text: string) => {
    came = Promise.withResolvers();
    send(text);
    await came.promise;
    await clock.run(0);
  };
  await sends(HELLO + STOP);
  await clock.run(1_900);
  await sends(WORLD);
  await clock.run(1_900);
  await sends(": ping\n\n");
  assert.equal(end, undefined);
  await clock.run(100);
  assert.deepEqual(await done, STOPPED);
  assert.equal(clock.pending, 0);
});

Deno.test("a long line without text is skipped and logged, one with text is an error, wherever they are cut", async () => {
  const long = (fields: object) =>
    `data: ${JSON.stringify({ ...fields, pad: "x".repeat(MAX_PROVIDER_LINE_BYTES) })}\n\n`;
  const cases: [line: string, end: string][] = [
    [long({ choices: [] }), "stop"],
    [`: ${"x".repeat(MAX_PROVIDER_LINE_BYTES)}\n\n`, "stop"],
    [long({ choices: [{ delta: { content: "" } }] }), "stop"],
    [long({ choices: [{ delta: { content: "a" } }] }), "provider_bad_response"],
  ];
  for (const [line, wanted] of cases) {
    for (const size of [line.length * 2, 65_536, 1_000_003]) {
      const whole = encoder.encode(HELLO + line + WORLD + STOP);
      const reads = Array.from(
        { length: Math.ceil(whole.length / size) },
        (_, at) => whole.slice(at * size, (at + 1) * size),
      );
      const logged: string[] = [];
      const log: Log = (level, event) => logged.push(`${level} ${event}`);
      const clock = createManualClock();
      const provider = createProvider(clock, { fetch: makeAnswer(reads).fetch, log });
      const deltas: Delta[] = [];
      const done = provider.stream(makeCall(), new AbortController().signal, (more) => deltas.push(...more))
        .then(({ finishReason }) => finishReason, ({ code }) => code);
      const end = await runUntil(clock, done);
      assert.equal(end, wanted);
      assert.equal(textOf([deltas]), wanted === "stop" ? "Hello world" : "Hello");
      assert.deepEqual(logged, wanted === "stop" ? ["warn provider_line_skipped"] : []);
    }
  }
});

Deno.test("what comes fast is read in turns: in between everything else has its time, and an abort is heard", async () => {
  const word = event({ content: "x".repeat(50) });
  const large = encoder.encode(word.repeat(10_000));
  for (const aborts of [false, true]) {
    const clock = createManualClock();
    const controller = new AbortController();
    const answer = makeAnswer([large, STOP + DONE]);
    const provider = createProvider(clock, { fetch: answer.fetch });
    const reads: number[] = [];
    const onRead = (deltas: Delta[]) => void reads.push(textOf([deltas]).length);
    const done = provider.stream(makeCall(), controller.signal, onRead);
    // The event loop stands still: nothing but the first turn is given.
    while (reads.length === 0) await turns();
    assert.ok(reads[0] <= 16 * 1024, String(reads));
    await turns();
    assert.equal(reads.length, 1, "The next part is read before anything else has its time");
    if (aborts) {
      controller.abort(REASON);
      await assert.rejects(runUntil(clock, done), isReason);
      assert.equal(reads.length, 1);
    } else {
      assert.deepEqual(await runUntil(clock, done), STOPPED);
      assert.equal(reads.reduce((sum, length) => sum + length), 500_000);
    }
  }
});

Deno.test("a body that brings a long text at once is given over turns of the event loop", async () => {
  const long = "\n".repeat(4 * MAX_GIVEN_UNITS);
  const body = JSON.stringify({ choices: [{ message: { content: long }, finish_reason: "stop" }] });
  const clock = createManualClock();
  let [worked, inTurn, most, said] = [0, 0, 0, ""];
  const slow = { ...clock, now: () => clock.now() + worked, after: clock.after };
  const answer = makeAnswer([body], { headers: { "content-type": "application/json" } });
  const provider = createProvider(slow, { fetch: answer.fetch });
  const end = provider.stream(makeCall(), new AbortController().signal, (deltas) => {
    said += deltas.map(({ text }) => text).join("");
    worked += 8;
    most = Math.max(most, ++inTurn);
  });
  let isOver = false;
  void end.finally(() => isOver = true);
  while (!isOver) {
    inTurn = 0;
    clock.advance(0);
    await turns();
    // To read and to parse the body waits for no turn.
    if (said === "") inTurn = most = 0;
  }
  await end;
  assert.equal(said, long);
  assert.equal(most, 1);
});

Deno.test("what the callback throws ends the request and is thrown", async () => {
  const answer = makeAnswer([HELLO], { hangs: true });
  const failure = new RelayError("provider_bad_response", "Too much text");
  const { end } = run(answer.fetch, {}, undefined, () => {
    throw failure;
  });
  await assert.rejects(end, (error) => error === failure);
  answer.assertLetGo();
});

const REASON = new Error("stopped by the test");
const isReason = (error: unknown) => error === REASON;

Deno.test("a signal that was aborted before makes no request, and one that is aborted after the end changes nothing", async () => {
  const before = makeAnswer([STOP]);
  await assert.rejects(run(before.fetch, {}, AbortSignal.abort(REASON)).end, isReason);
  assert.deepEqual(before.requests, []);
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
  const after = makeAnswer([HELLO + STOP + DONE]);
  assert.deepEqual(await run(after.fetch, {}, signal).end, STOPPED);
  assert.equal(listeners.size, 0);
  controller.abort(REASON);
  assert.equal(after.cancelled.includes(REASON), false);
});

Deno.test("an abort ends the read that waits, also of a fetch that ignores the signal, and takes no further read", async () => {
  for (
    const [index, parts] of [[HELLO], [HELLO, WORLD, STOP], [event({ content: "Hello\ud83d" }) + STOP + DONE]].entries()
  ) {
    const controller = new AbortController();
    const answer = makeAnswer(parts, { hangs: true });
    const came = Promise.withResolvers<void>();
    const { calls, end } = run(answer.fetch, {}, controller.signal, () => {
      if (index > 0) controller.abort(REASON);
      came.resolve();
    });
    await came.promise;
    controller.abort(REASON);
    await assert.rejects(end, isReason);
    assert.deepEqual(calls, [[text("Hello")]]);
    answer.assertLetGo(REASON);
  }
});

Deno.test("an abort while an error page is read gives the very reason, and no other request is made", async () => {
  const refusal = encoder.encode(JSON.stringify({ error: { message: "Unsupported", param: "temperature" } }));
  for (const isWhole of [false, true]) {
    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      pull(source) {
        controller.abort(REASON);
        if (!isWhole) return source.error(REASON);
        source.enqueue(refusal);
        source.close();
      },
    }, { highWaterMark: 0 });
    let requests = 0;
    const refuses = () => Promise.resolve(new Response(++requests === 1 ? body : HELLO, { status: 400 }));
    await assert.rejects(run(refuses, {}, controller.signal).end, isReason);
    assert.equal(requests, 1);
  }
});
