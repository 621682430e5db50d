import assert from "node:assert/strict";
import { RelayError } from "../../protocol/errors.ts";
import { createManualClock } from "../../testing/platform.ts";
import { splitEverywhere } from "../../testing/split.ts";
import { createChatCompletions } from "./client.ts";
import type { Delta, ProviderCall, ProviderEnd } from "../provider.ts";

const encoder = new TextEncoder();

/** The event of one chunk. */
function event(delta: unknown, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason }];
  return `data: ${JSON.stringify({ choices })}\n\n`;
}

const HELLO = event({ content: "Hello" });
const WORLD = event({ content: " world" });
const STOP = event({}, "stop");
const DONE = "data: [DONE]\n\n";

function makeCall(overrides: Partial<ProviderCall> = {}): ProviderCall {
  return {
    baseUrl: new URL("https://provider.test/v1"),
    accessKey: "sk-test",
    model: "model-1",
    temperature: 0.7,
    params: {},
    messages: [{ role: "user", content: "Hi" }],
    ...overrides,
  };
}

interface Run {
  calls: Delta[][];
  end: Promise<ProviderEnd>;
}

/** Starts a request; what is called back is kept, call by call. */
function run(
  fetchAny: typeof fetch | undefined,
  call: ProviderCall = makeCall(),
  signal: AbortSignal = new AbortController().signal,
  onDeltas: (deltas: Delta[]) => void = () => {},
): Run {
  const clock = createManualClock();
  const provider = createChatCompletions(clock, { timeoutMs: 60_000, fetch: fetchAny });
  const calls: Delta[][] = [];
  const end = provider.stream(call, signal, (deltas) => {
    calls.push(deltas);
    onDeltas(deltas);
  }).finally(() => assert.equal(clock.pending, 0));
  return { calls, end };
}

/** A provider whose one answer gives a read for each piece of text, and ends unless it is to hang. */
function makeAnswer(
  pieces: (string | Uint8Array)[],
  { hangs = false, headers = { "content-type": "text/event-stream" } } = {},
) {
  const answer = {
    cancelled: [] as unknown[],
    requests: 0,
    body: null as ReadableStream<Uint8Array> | null,
    fetch: (() => {
      answer.requests++;
      return Promise.resolve(new Response(answer.body, { headers }));
    }) as typeof fetch,
  };
  const left = [...pieces];
  answer.body = new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) {
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      } else if (hangs) return new Promise<void>(() => {});
      else controller.close();
    },
    cancel: (reason) => void answer.cancelled.push(reason),
  }, { highWaterMark: 0 });
  return answer;
}

async function failureOf(end: Promise<unknown>): Promise<RelayError> {
  try {
    await end;
  } catch (error) {
    assert.ok(error instanceof RelayError, String(error));
    assert.match(error.message, /^[A-Z].*[^.]$/s);
    return error;
  }
  assert.fail("It did not fail");
}

/** A provider on loopback, and the requests that reached it. */
function serve(handler: (request: Request) => Response | Promise<Response>) {
  const requests: { target: string; headers: Headers; body: unknown }[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push({
        target: `${request.method} ${pathname}${search}`,
        headers: request.headers,
        body: await request.json(),
      });
      return await handler(request);
    },
  );
  return {
    requests,
    url: (path = "/v1") => new URL(path, `http://127.0.0.1:${server.addr.port}`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const complete = () => new Response(HELLO + WORLD + STOP + DONE, { headers: { "content-type": "text/event-stream" } });

Deno.test("the request is the bot's, and asks for a stream with usage", async () => {
  await using provider = serve(complete);
  const { calls, end } = run(
    undefined,
    makeCall({
      baseUrl: provider.url(),
      params: { max_tokens: 100, logit_bias: { "7": -1 } },
      messages: [{ role: "system", content: "Be brief" }, { role: "user", content: "Hi 🐉" }],
    }),
  );
  assert.deepEqual(await end, { finishReason: "stop", usage: null });
  assert.equal(calls.flat().map(({ text }) => text).join(""), "Hello world");
  const [{ target, headers, body }] = provider.requests;
  assert.equal(target, "POST /v1/chat/completions");
  assert.equal(headers.get("authorization"), "Bearer sk-test");
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("accept"), "application/json");
  assert.deepEqual(body, {
    temperature: 0.7,
    stream_options: { include_usage: true },
    max_tokens: 100,
    logit_bias: { "7": -1 },
    model: "model-1",
    messages: [{ role: "system", content: "Be brief" }, { role: "user", content: "Hi 🐉" }],
    stream: true,
  });
});

Deno.test("the path and the query of the base URL are kept", async () => {
  await using provider = serve(complete);
  const paths = {
    "/": "/chat/completions",
    "/v1/": "/v1/chat/completions",
    "/a/b%20c": "/a/b%20c/chat/completions",
    "/v1?api-version=2024-10-21&x=a%26b": "/v1/chat/completions?api-version=2024-10-21&x=a%26b",
  };
  for (const path of Object.keys(paths)) {
    await run(undefined, makeCall({ baseUrl: provider.url(path) })).end;
  }
  assert.deepEqual(provider.requests.map(({ target }) => target), Object.values(paths).map((path) => `POST ${path}`));
});

/** What reaches a provider of this call, without a server. */
async function requestOf(call: ProviderCall) {
  const answer = makeAnswer([STOP]);
  let sent: Request | undefined;
  await run((input, init) => {
    sent = new Request(input, init);
    return answer.fetch(input, init);
  }, call).end;
  return { url: sent!.url, headers: Object.fromEntries(sent!.headers), body: await sent!.json() };
}

Deno.test("a bot's params cannot set what is the relay's, and can set the rest", async () => {
  const { body } = await requestOf(
    makeCall({
      params: {
        model: "dearer",
        messages: [],
        stream: false,
        n: 9,
        temperature: 1.5,
        stream_options: { include_usage: false },
      },
    }),
  );
  assert.deepEqual(body, {
    temperature: 1.5,
    stream_options: { include_usage: false },
    model: "model-1",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
});

Deno.test("a temperature of 0 is sent, and none is left out", async () => {
  assert.equal((await requestOf(makeCall({ temperature: 0 }))).body.temperature, 0);
  const { body } = await requestOf(makeCall({ temperature: null }));
  assert.equal("temperature" in body, false);
});

Deno.test("without a key there is no Authorization header", async () => {
  for (const accessKey of [null, "", "  "]) {
    const { headers } = await requestOf(makeCall({ accessKey }));
    assert.deepEqual(headers, { accept: "application/json", "content-type": "application/json" });
  }
});

Deno.test("white space around a key is not part of it", async () => {
  const { headers } = await requestOf(makeCall({ accessKey: " sk-test\r\n" }));
  assert.equal(headers.authorization, "Bearer sk-test");
});

Deno.test("a key that no header can hold is refused without a request, and never quoted", async () => {
  for (const accessKey of ["sk\nsecret", "sk secret", "ключ", "sk\0secret"]) {
    const answer = makeAnswer([STOP]);
    const error = await failureOf(run(answer.fetch, makeCall({ accessKey })).end);
    assert.deepEqual(
      [error.code, error.message, error.cause, answer.requests],
      ["provider_auth", "Cannot send the key of this bot: it has characters that no header can hold", undefined, 0],
    );
  }
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
  const requests = () => Promise.all([makeCall(), makeCall({ accessKey: null })].map((call) => requestOf(call)));
  const wanted = await requests();
  for (const [name, value] of Object.entries(variables)) {
    Deno.env.set(name, value);
  }
  try {
    assert.deepEqual(await requests(), wanted);
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(name);
  }
});

Deno.test("the deltas of one read arrive in one call", async () => {
  const { calls, end } = run(
    makeAnswer([
      HELLO + event({ reasoning_content: "hm" }) + WORLD,
      ": nothing in here\n\n",
      event({ content: "!" }) + STOP + DONE,
    ]).fetch,
  );
  assert.deepEqual(await end, { finishReason: "stop", usage: null });
  assert.deepEqual(calls, [[{ kind: "text", text: "Hello" }, {
    kind: "reasoning",
    text: "hm",
  }, { kind: "text", text: " world" }], [{ kind: "text", text: "!" }]]);
});

Deno.test("the text is the same wherever the answer was split", async () => {
  const whole = encoder.encode(
    event({ content: "é\r" }) +
      event({ content: "\n🐉" }).replaceAll("\n", "\r\n") +
      STOP + DONE,
  );
  for (const reads of splitEverywhere(whole)) {
    const { calls, end } = run(makeAnswer(reads).fetch);
    await end;
    const text = calls.flat().map((delta) => delta.text).join("");
    assert.equal(text, "é\n🐉");
  }
});

Deno.test("usage behind the finish is still read", async () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const last = `data: ${JSON.stringify({ choices: [], usage })}\n\n`;
  const { end } = run(makeAnswer([HELLO, STOP, last, DONE]).fetch);
  assert.deepEqual(await end, { finishReason: "stop", usage });
});

Deno.test("[DONE] is the end, whether or not the provider closes", async () => {
  const answer = makeAnswer([HELLO + STOP + DONE], { hangs: true });
  const { end } = run(answer.fetch);
  assert.deepEqual(await end, { finishReason: "stop", usage: null });
  assert.equal(answer.cancelled.length, 1);
  assert.equal(answer.body!.locked, false);
});

Deno.test("the end of the body is the end, also without [DONE] and a last blank line", async () => {
  const answer = makeAnswer([HELLO, STOP.trimEnd()]);
  const { calls, end } = run(answer.fetch);
  assert.deepEqual(await end, { finishReason: "stop", usage: null });
  assert.deepEqual(calls, [[{ kind: "text", text: "Hello" }]]);
  assert.equal(answer.body!.locked, false);
});

Deno.test("the good part of a bad read is delivered before the failure", async () => {
  const bad: [string, string][] = [[
    "data: {broken\n\n",
    "provider_bad_response",
  ], ['data: {"error": {"message": "over"}}\n\n', "provider_error"]];
  for (const [event, code] of bad) {
    const answer = makeAnswer([HELLO + WORLD + event + HELLO], { hangs: true });
    const { calls, end } = run(answer.fetch);
    assert.equal((await failureOf(end)).code, code);
    assert.deepEqual(calls, [[{ kind: "text", text: "Hello world" }]]);
    assert.equal(answer.cancelled.length, 1);
    assert.equal(answer.body!.locked, false);
  }
});

Deno.test("an end without a finish reason is a failure, with all text before it", async () => {
  for (const end of ["", DONE]) {
    const { calls, end: failed } = run(makeAnswer([event({ content: "half\ud83d" }) + end]).fetch);
    const error = await failureOf(failed);
    assert.deepEqual([error.code, error.message], [
      "provider_bad_response",
      "The provider closed the stream without a finish reason",
    ]);
    const text = calls.flat().map((delta) => delta.text).join("");
    assert.equal(text, "half\uFFFD");
  }
});

Deno.test("a body that breaks off is a failure, with all text before it", async () => {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  const { calls, end } = run(
    () => Promise.resolve(new Response(body)),
    makeCall(),
    undefined,
    () => controller.error(new TypeError("connection reset")),
  );
  controller.enqueue(encoder.encode(HELLO));
  const error = await failureOf(end);
  assert.deepEqual([error.code, error.message, error.cause], [
    "provider_bad_response",
    "The provider's answer broke off before it was finished",
    "TypeError: connection reset",
  ]);
  assert.deepEqual(calls, [[{ kind: "text", text: "Hello" }]]);
});

Deno.test("an answer that is plainly no event stream is refused by its type", async () => {
  const types = { "application/json": '"application/json"', "text/html; charset=utf-8": '"text/html"' };
  for (const [type, said] of Object.entries(types)) {
    const answer = makeAnswer(['{"secret": 1}'], { hangs: true, headers: { "content-type": type } });
    const error = await failureOf(run(answer.fetch).end);
    assert.deepEqual([error.code, error.message], [
      "provider_bad_response",
      `The provider answered with ${said}, not with an event stream`,
    ]);
    assert.equal(answer.cancelled.length, 1);
    assert.equal(answer.body!.locked, false);
  }
});

Deno.test("an answer without a body is refused", async () => {
  const { end } = run(() => Promise.resolve(new Response(null)));
  const error = await failureOf(end);
  assert.equal(error.message, 'The provider answered with "no body", not with an event stream');
});

Deno.test("an answer of another type is read, for some providers name theirs wrongly", async () => {
  for (const type of ["text/plain", "application/octet-stream", ""]) {
    const { end } = run(makeAnswer([HELLO + STOP], { headers: { "content-type": type } }).fetch);
    assert.equal((await end).finishReason, "stop");
  }
});

Deno.test("a refusal of the provider comes with its code, and is not tried again", async () => {
  const cases: [number, string][] = [
    [401, "provider_auth"],
    [408, "provider_error"],
    [429, "provider_rate_limited"],
    [500, "provider_error"],
    [302, "provider_error"],
  ];
  for (const [status, code] of cases) {
    await using provider = serve(() =>
      Response.json({ error: { message: "No: sk-test" } }, {
        status,
        headers: { "x-should-retry": "true", location: "/other" },
      })
    );
    const { calls, end } = run(undefined, makeCall({ baseUrl: provider.url() }));
    const error = await failureOf(end);
    assert.equal(error.code, code);
    assert.doesNotMatch(error.message, /sk-test/);
    assert.deepEqual(calls, []);
    assert.equal(provider.requests.length, 1);
  }
});

Deno.test("a provider that cannot be reached is a failure without its URL", async () => {
  let url: URL;
  {
    await using provider = serve(complete);
    url = provider.url("/v1?key=secret");
  }
  const error = await failureOf(run(undefined, makeCall({ baseUrl: url })).end);
  assert.deepEqual([error.code, error.message], ["provider_error", "Cannot reach the provider"]);
  assert.doesNotMatch(String(error.cause), /secret/);
});

Deno.test("headers that do not come in time are a timeout", async () => {
  const provider = createChatCompletions(createManualClock(), {
    timeoutMs: 1,
    fetch: (_, init) =>
      new Promise((_, reject) => {
        const signal = init!.signal!;
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const end = provider.stream(makeCall(), new AbortController().signal, () => assert.fail("nothing came"));
  const error = await failureOf(end);
  assert.deepEqual([error.code, error.message], ["provider_timeout", "The provider did not answer in time"]);
});

Deno.test("what the callback throws ends the request and is thrown", async () => {
  const answer = makeAnswer([HELLO], { hangs: true });
  const failure = new RelayError("provider_bad_response", "Too much text");
  const { end } = run(answer.fetch, makeCall(), undefined, () => {
    throw failure;
  });
  assert.equal(await failureOf(end), failure);
  assert.equal(answer.cancelled.length, 1);
  assert.equal(answer.body!.locked, false);
});

const REASON = new Error("stopped by the test");

Deno.test("a signal that was aborted before makes no request", async () => {
  const answer = makeAnswer([STOP]);
  const { end } = run(answer.fetch, makeCall(), AbortSignal.abort(REASON));
  await assert.rejects(end, (error) => error === REASON);
  assert.equal(answer.requests, 0);
});

Deno.test("an abort before the headers ends the connection and gives the very reason", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const controller = new AbortController();
  const { calls, end } = run(
    undefined,
    makeCall({ baseUrl: new URL(`http://127.0.0.1:${listener.addr.port}/v1`) }),
    controller.signal,
  );
  const rejected = assert.rejects(end, (error) => error === REASON);
  using connection = await listener.accept();
  const buffer = new Uint8Array(64 * 1024);
  assert.ok((await connection.read(buffer))! > 0);
  controller.abort(REASON);
  await rejected;
  // The end of the connection, in whichever way it is told.
  let read: number | null = 1;
  while (read !== null) read = await connection.read(buffer).catch(() => null);
  assert.deepEqual(calls, []);
});

Deno.test("an abort in the middle of the stream ends the connection and gives the very reason", async () => {
  const gone = Promise.withResolvers<void>();
  await using provider = serve(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(encoder.encode(HELLO)),
        cancel: () => gone.resolve(),
      }),
      { headers: { "content-type": "text/event-stream" } },
    )
  );
  const came = Promise.withResolvers<void>();
  const controller = new AbortController();
  const { calls, end } = run(undefined, makeCall({ baseUrl: provider.url() }), controller.signal, () => came.resolve());
  await came.promise;
  controller.abort(REASON);
  await assert.rejects(end, (error) => error === REASON);
  await gone.promise;
  assert.deepEqual(calls, [[{ kind: "text", text: "Hello" }]]);
});

Deno.test("an abort ends the read that waits, also of a fetch that does not heed the signal", async () => {
  const came = Promise.withResolvers<void>();
  const controller = new AbortController();
  const answer = makeAnswer([HELLO], { hangs: true });
  const { end } = run(answer.fetch, makeCall(), controller.signal, () => came.resolve());
  await came.promise;
  controller.abort(REASON);
  await assert.rejects(end, (error) => error === REASON);
  assert.deepEqual(answer.cancelled, [REASON]);
  assert.equal(answer.body!.locked, false);
});

Deno.test("an abort inside the callback takes no further read", async () => {
  const controller = new AbortController();
  const answer = makeAnswer([HELLO, WORLD, STOP], { hangs: true });
  const { calls, end } = run(answer.fetch, makeCall(), controller.signal, () => controller.abort(REASON));
  await assert.rejects(end, (error) => error === REASON);
  assert.deepEqual(calls, [[{ kind: "text", text: "Hello" }]]);
  assert.deepEqual(answer.cancelled, [REASON]);
  assert.equal(answer.body!.locked, false);
});

Deno.test("an abort while an error page is read gives the very reason", async () => {
  const controller = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    pull(source) {
      controller.abort(REASON);
      source.error(REASON);
    },
  }, { highWaterMark: 0 });
  const { end } = run(() => Promise.resolve(new Response(body, { status: 500 })), makeCall(), controller.signal);
  await assert.rejects(end, (error) => error === REASON);
});

Deno.test("an abort after the end changes nothing", async () => {
  const controller = new AbortController();
  const answer = makeAnswer([HELLO + STOP + DONE]);
  const { end } = run(answer.fetch, makeCall(), controller.signal);
  const ended = await end;
  controller.abort(REASON);
  assert.deepEqual(ended, { finishReason: "stop", usage: null });
  assert.equal(answer.cancelled.includes(REASON), false);
});

Deno.test("twenty streams that are aborted at once leave no connection", async () => {
  let open = 0;
  const allOpen = Promise.withResolvers<void>();
  const allGone = Promise.withResolvers<void>();
  await using provider = serve(() =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(encoder.encode(HELLO));
          open++;
        },
        cancel() {
          if (--open === 0) allGone.resolve();
        },
      }),
    )
  );
  const controller = new AbortController();
  let begun = 0;
  const ends = Array.from(
    { length: 20 },
    () =>
      run(
        undefined,
        makeCall({ baseUrl: provider.url() }),
        controller.signal,
        () => ++begun === 20 && allOpen.resolve(),
      ).end,
  );
  const settled = Promise.allSettled(ends);
  await allOpen.promise;
  controller.abort(REASON);
  for (const result of await settled) {
    assert.equal(result.status, "rejected");
    assert.equal(result.reason, REASON);
  }
  await allGone.promise;
  assert.equal(open, 0);
});

Deno.test("the story that was sent is let go of while the answer comes", async () => {
  const call = makeCall();
  const answer = makeAnswer([HELLO + STOP + DONE]);
  let waiting: unknown[] | undefined;
  await createChatCompletions(createManualClock(), {
    timeoutMs: 1_000,
    fetch: answer.fetch,
  }).stream(call, new AbortController().signal, () => waiting = call.messages);
  assert.deepEqual(waiting, []);
});
