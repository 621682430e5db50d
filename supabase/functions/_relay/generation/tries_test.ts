import assert from "node:assert/strict";
import type { CalledBot } from "../database/begin.ts";
import { GENERATION_BYTES, READER_BYTES } from "../platform/memory.ts";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";
import { events } from "../protocol/events.ts";
import { type AdmittedOverrides, LOG_FIELDS, makeAdmission, makeGeneration } from "../testing/generation.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeProvider } from "../testing/provider.ts";
import { EndReason } from "./ending.ts";
import type { LocalReaders } from "./local_readers.ts";
import { CONTINUE, runGeneration } from "./run.ts";

const LIMIT_MS = 60_000;

/** A fallback with an address, a key and a model of its own. */
function makeBot(name: string, overrides: Partial<CalledBot> = {}): CalledBot {
  const { access_key: _, ...bot } = makeAdmission();
  return {
    ...bot,
    ...{ bot_id: name, model: `model of ${name}`, access_path: `https://${name}.test/v1`, access_key: `sk-${name}` },
    ...overrides,
  };
}

/** A run with two fallbacks; addresses with "closed" are not allowed. */
async function make(overrides: AdmittedOverrides = {}, fallbacks = [makeBot("second"), makeBot("third")]) {
  const platform = makePlatform({ configuration: { firstTokenTimeoutMs: LIMIT_MS, idleTimeoutMs: 30_000 } });
  const provider = makeProvider();
  const written: string[] = [];
  const readers = { write: (text: string) => written.push(text) } as unknown as LocalReaders;
  const admission = { fallbacks, ...overrides.admission };
  const generation = { ...makeGeneration(platform, "", { ...overrides, admission }), readers };
  const { signal } = generation;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  const checked: string[] = [];
  const checkAddress = (path: string) => {
    checked.push(path);
    const refusal = new RelayError("provider_not_allowed");
    return path.includes("closed") ? Promise.reject(refusal) : Promise.resolve(new URL(path));
  };
  const run = runGeneration(platform, { provider, checkAddress }, generation, null);
  await platform.clock.run(0);
  return {
    ...{ ...platform, checked, generation, listeners, provider, run },
    /** The request that is open now. */
    async current() {
      await platform.clock.run(0);
      const open = provider.calls.filter((call) => call.open);
      assert.ok(open.length <= 1, "two requests are open at once");
      return open[0];
    },
    /** What readers have. */
    text: () => written.join(""),
    /** Who was asked, in order. */
    asked: () => provider.calls.map(({ call }) => call.model),
  };
}

const FAILURES: ErrorCode[] = [
  "provider_error",
  "provider_timeout",
  "provider_rate_limited",
  "provider_auth",
  "provider_bad_response",
];

Deno.test("before the first text each failure of a provider leads to the next bot, which answers alone", async () => {
  for (const code of FAILURES) {
    const { asked, clock, current, listeners, logged, run, text } = await make();
    (await current()).fail(new RelayError(code, "It failed"));
    const next = await current();
    assert.deepEqual([next.call.baseUrl.host, next.call.accessKey], ["second.test", "sk-second"]);
    next.send("Once");
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    next.finish({ usage });
    const { ending, answerer, tries } = await run;
    assert.deepEqual([ending.status, ending.usage, ending.answeredBy, tries], ["completed", usage, "second", 2]);
    assert.deepEqual(answerer, { bot_id: "second", model: "model of second" });
    assert.deepEqual(ending.tries, [
      { botId: "bot-1", model: "model-1", code },
      { botId: "second", model: "model of second", code: "answered" },
    ]);
    assert.deepEqual([asked(), text()], [["model-1", "model of second"], events.token("Once", 4)]);
    assert.deepEqual(logged(), [{
      ...{ level: "warn", event: "try_failed", ...LOG_FIELDS, latency_ms: 0, tries: 1, code },
      cause: "RelayError: It failed",
    }]);
    assert.deepEqual([clock.pending, listeners.size], [0, 0]);
  }
});

Deno.test("the context is the bot's, and how it is asked is the fallback's own", async () => {
  const fallback = makeBot("second", {
    ...{ temperature: 0.1, params: { top_k: 1 }, headers: { "x-a": "b" }, reply_tokens: 9 },
    ...{ takes_system: false, first_turn_is_user: true, thinks_first: true },
  });
  const { current, provider } = await make({ request: { system: "Be brief" } }, [fallback]);
  const first = provider.calls[0].call;
  (await current()).fail(new RelayError("provider_error"));
  const next = await current();
  assert.deepEqual(next.call, {
    ...first,
    ...{ baseUrl: new URL("https://second.test/v1"), accessKey: "sk-second", model: "model of second" },
    ...{ temperature: 0.1, params: { top_k: 1 }, headers: { "x-a": "b" }, replyTokens: 9 },
    ...{ takesSystem: false, firstTurnIsUser: true, thinksFirst: true },
  });
  assert.deepEqual(next.call.messages.map(({ content }) => content), [
    "A secret instruction\n\nBe brief",
    "A secret prompt",
  ]);
  next.finish();
});

Deno.test("what no other provider can do better, and what the relay lacks, ends the generation", async () => {
  const codes: ErrorCode[] = ["provider_refused", "context_exceeded", "overloaded", "internal"];
  for (const code of codes) {
    const { asked, current, run } = await make();
    (await current()).fail(new RelayError(code));
    const { ending } = await run;
    assert.deepEqual([ending.errorCode, ending.tries?.map((tried) => tried.code), asked().length], [code, [code], 1]);
  }
});

Deno.test("after the first text or reasoning nothing else is asked, whatever fails", async () => {
  for (const kind of ["text", "reasoning"] as const) {
    for (const code of FAILURES) {
      const { asked, current, run, generation } = await make();
      const call = await current();
      call.send({ kind, text: "Once" });
      call.fail(new RelayError(code));
      const { ending } = await run;
      assert.deepEqual([ending.errorCode, ending.answeredBy, asked().length], [code, undefined, 1]);
      assert.equal(ending.tries?.[0].code, "answered");
      assert.equal(generation.transcript.from(0), kind === "text" ? "Once" : "");
    }
  }
});

Deno.test("an end without text leads on; that of the last bot is the end, as that of a bot alone", async () => {
  const { asked, current, run } = await make({}, [makeBot("second")]);
  const usage = { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 };
  (await current()).finish({ usage, finishReason: "length" });
  (await current()).finish({ finishReason: "stop" });
  const { ending } = await run;
  assert.deepEqual([ending.status, ending.finishReason, ending.usage], ["completed", "stop", null]);
  assert.deepEqual(ending.tries?.map(({ code }) => code), ["provider_bad_response", "provider_bad_response"]);
  assert.equal(asked().length, 2);

  const alone = await make({}, []);
  (await alone.current()).finish();
  assert.deepEqual([(await alone.run).ending.status, alone.asked().length], ["completed", 1]);
});

Deno.test("the limit of the first token is shared: each bot has an equal part of what is left", async () => {
  // Each with when its bots fail, from the beginning, and what is left for the last of them.
  const { asked, clock, current, run } = await make();
  await clock.run(19_999);
  assert.equal(asked().length, 1);
  await clock.run(1);
  assert.equal(asked().length, 2);
  // The second fails at once, so the third has the rest.
  (await current()).fail(new RelayError("provider_error"));
  await current();
  await clock.run(39_999);
  assert.equal(asked().length, 3);
  assert.ok(await current());
  await clock.run(1);
  const { ending, error } = await run;
  assert.deepEqual(ending.tries?.map(({ code }) => code), ["provider_timeout", "provider_error", "provider_timeout"]);
  assert.deepEqual([ending.finishReason, error?.message], [
    "timeout",
    "The provider sent no first token within 40000 ms",
  ]);
});

Deno.test("nothing is asked after a cancel, a client that left, a shutdown, or the limit in all", async () => {
  for (const kind of ["cancelled", "disconnected", "shutdown", "lost", "timeout"] as const) {
    const { asked, clock, current, generation, provider, run } = await make();
    (await current()).fail(new RelayError("provider_error"));
    await current();
    generation.stop(new EndReason(kind, kind === "timeout" ? new RelayError("timeout") : null));
    const { ending } = await run;
    assert.equal(asked().length, 2);
    assert.deepEqual(provider.calls.map(({ open }) => open), [false, false]);
    assert.deepEqual(ending.tries?.map(({ code }) => code), ["provider_error", kind === "timeout" ? "timeout" : null]);
    // Nothing of its own was stopped.
    assert.equal(ending.answeredBy, kind === "timeout" ? "second" : undefined);
    assert.equal(clock.pending, 0);
    // A reader that catches up keeps the generation, and not what was sent.
    assert.deepEqual(generation.admission.context, []);
  }
});

Deno.test("an address that is not allowed leads on, and is checked in its bot's turn alone", async () => {
  const { asked, checked, current, run } = await make({ admission: { access_path: "https://closed.test" } });
  assert.deepEqual(checked, ["https://closed.test", "https://second.test/v1"]);
  (await current()).send("Once");
  (await current()).finish();
  const { ending } = await run;
  assert.deepEqual([asked(), ending.tries?.[0].code], [["model of second"], "provider_not_allowed"]);
  const alone = await make({ admission: { access_path: "https://closed.test" } }, []);
  const ended = (await alone.run).ending;
  assert.deepEqual([ended.errorCode, ended.overheadMs], ["provider_not_allowed", null]);
});

const limited = (retryAfter?: number) => new RelayError("provider_rate_limited", "Slow down", { retryAfter });

Deno.test("a bot that asks for two seconds at most is asked once more, with the same request, also alone", async () => {
  for (const fallbacks of [[], [makeBot("second")]]) {
    const { asked, clock, current, provider, run } = await make({}, fallbacks);
    (await current()).fail(limited(2));
    await clock.run(1_999);
    assert.equal(asked().length, 1);
    await clock.run(1);
    const again = await current();
    assert.equal(again.call, provider.calls[0].call);
    again.send("Once");
    again.finish();
    const { ending } = await run;
    assert.deepEqual([asked(), ending.status, ending.answeredBy], [["model-1", "model-1"], "completed", undefined]);
    assert.deepEqual(ending.tries?.map(({ code }) => code), ["provider_rate_limited", "answered"]);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("it is not asked a third time, nor where it asks for longer or for nothing", async () => {
  const twice = await make({}, []);
  (await twice.current()).fail(limited(0));
  (await twice.current()).fail(limited(0));
  assert.deepEqual([(await twice.run).ending.errorCode, twice.asked().length], ["provider_rate_limited", 2]);
  for (const error of [limited(2.1), limited(), new RelayError("provider_error")]) {
    const { asked, current, run } = await make({}, []);
    (await current()).fail(error);
    assert.deepEqual([(await run).ending.errorCode, asked().length], [error.code, 1]);
  }
});

Deno.test("a cancel ends the wait, and so does the bot's share of the time", async () => {
  const cancelled = await make();
  (await cancelled.current()).fail(limited(2));
  await cancelled.current();
  cancelled.generation.stop(new EndReason("cancelled"));
  const { ending } = await cancelled.run;
  assert.deepEqual([ending.status, cancelled.asked().length, cancelled.clock.pending], ["cancelled", 1, 0]);

  const late = await make();
  await late.clock.run(19_000);
  (await late.current()).fail(limited(2));
  await late.clock.run(1_000);
  assert.deepEqual(late.asked(), ["model-1", "model of second"]);
  (await late.current()).finish();
  (await late.current()).finish();
  await late.run;
});

Deno.test("the context is kept, and held, until one has said something or the last one is asked", async () => {
  const prompt = "x".repeat(100_000);
  const context = [{ role: "user" as const, content: prompt }];
  const answered = await make({ admission: { context } });
  const held = () => answered.memory.heldBytes;
  const atFirst = held();
  assert.ok(atFirst > 1_000_000);
  (await answered.current()).send();
  assert.deepEqual([held(), answered.generation.admission.context.length], [atFirst, 1]);
  (await answered.current()).fail(new RelayError("provider_error"));
  const next = await answered.current();
  // Reasoning is no text that would be held.
  next.send({ kind: "reasoning", text: "hm" });
  assert.ok(held() <= GENERATION_BYTES + READER_BYTES + 16 * 1024);
  const { context: left, fallbacks, params, system_prompt } = answered.generation.admission;
  assert.deepEqual([left, fallbacks, params, system_prompt], [[], [], {}, null]);
  next.finish();
  await answered.run;

  const last = await make({ admission: { context } });
  (await last.current()).fail(new RelayError("provider_error"));
  (await last.current()).fail(new RelayError("provider_error"));
  await last.current();
  assert.deepEqual(last.generation.admission.context, []);
  assert.ok(last.memory.heldBytes > 1_000_000);
  (await last.current()).send();
  assert.ok(last.memory.heldBytes <= GENERATION_BYTES + READER_BYTES + 16 * 1024);
  (await last.current()).finish();
  await last.run;
});

Deno.test("what a fallback has in params counts, too, as long as it may be asked", async () => {
  const params = { stop: Array.from({ length: 5_000 }, (_, index) => `s${index}`) };
  const alone = await make({}, [makeBot("second")]);
  const held = await make({}, [makeBot("second", { params })]);
  assert.ok(held.memory.heldBytes - alone.memory.heldBytes > 1_000_000);
  for (const { current, run } of [alone, held]) {
    (await current()).send("Once");
    (await current()).finish();
    await run;
  }
});

Deno.test("an answer is continued by prefill or by a turn as the fallback takes it, with a seam of its own", async () => {
  const continued = "Once upon a time";
  const { clock, current, generation, run, text } = await make(
    { admission: { continued, takes_prefill: true } },
    [makeBot("second", { takes_prefill: false }), makeBot("third", { takes_prefill: true })],
  );
  const first = await current();
  assert.deepEqual([first.call.isPrefilled, first.call.messages.at(-1)?.content], [true, continued]);
  // Held back as a repetition: no reader has it.
  first.send("upon a ");
  first.fail(new RelayError("provider_error"));
  const second = await current();
  assert.deepEqual([second.call.isPrefilled, second.call.messages.at(-1)?.content], [false, CONTINUE]);
  second.send("Once upon");
  second.fail(new RelayError("provider_bad_response"));
  const third = await current();
  assert.deepEqual([third.call.isPrefilled, third.call.messages.at(-1)?.content], [true, continued]);
  await clock.run(500);
  third.send("upon a ");
  third.send("time, a");
  third.send(" fox");
  third.finish();
  const { ending } = await run;
  assert.equal(generation.transcript.from(0), "Once upon a time, a fox");
  assert.equal(text(), events.token(", a", 19) + events.token(" fox", 23));
  // What came of the others before is no first token.
  assert.deepEqual([ending.answeredBy, ending.firstTokenMs], ["third", 500]);
});

Deno.test("what was held back is text at the end: then no other bot is asked", async () => {
  const { asked, current, generation, run } = await make({ admission: { continued: "Once upon a time" } });
  (await current()).send("upon a");
  (await current()).finish();
  assert.deepEqual([(await run).ending.status, asked().length], ["completed", 1]);
  assert.equal(generation.transcript.from(0), "Once upon a timeupon a");
});
