import assert from "node:assert/strict";
import type { Configuration } from "../platform/configuration.ts";
import { RelayError } from "../protocol/errors.ts";
import { MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import { type JobOverrides, makeJob } from "../testing/job.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeProvider } from "../testing/provider.ts";
import { frames } from "./frames.ts";
import { providerCall } from "./job.ts";
import type { Readers } from "./local_readers.ts";
import { runGeneration } from "./run.ts";
import { interruption, Stop } from "./stop.ts";
import { createTranscript } from "./transcript.ts";

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

/** A run that has asked its provider; `written` is what its readers got, write by write. */
function make(configuration: Partial<Configuration> = {}, overrides: JobOverrides = {}) {
  const platform = makePlatform({ configuration });
  const provider = makeProvider();
  const job = makeJob(overrides);
  const controller = new AbortController();
  const transcript = createTranscript();
  const written: string[] = [];
  const readers: Readers = {
    attach: () => assert.fail("A run lets nobody in"),
    write: (frame) => written.push(frame),
    close: () => assert.fail("A run does not close what it did not open"),
  };
  const run = runGeneration(platform, provider, job, controller, transcript, readers);
  const [call] = provider.calls;
  return { ...platform, call, controller, job, run, transcript, written };
}

Deno.test("a run asks the provider for its job, and gives each read to the readers as one write", async () => {
  const { call, clock, job, run, transcript, written } = make();
  assert.deepEqual(call.call, providerCall(makeJob()));
  // Let go of: the job lives as long as the answer.
  assert.deepEqual(job.admission.context, []);
  await clock.run(30);
  call.send("Once", { kind: "reasoning", text: "hm" }, " 🐉");
  call.send("!");
  call.finish({ finishReason: "length", usage: USAGE });
  assert.deepEqual(await run, {
    ending: {
      status: "completed",
      finishReason: "length",
      errorCode: null,
      usage: USAGE,
      firstTokenMs: 30,
      overheadMs: 0,
    },
    error: null,
  });
  assert.deepEqual(written, [
    frames.token("Once", 4) + frames.reasoning("hm") + frames.token(" 🐉", 7),
    frames.token("!", 8),
  ]);
  assert.equal(transcript.from(0), "Once 🐉!");
  assert.equal(clock.pending, 0);
});

Deno.test("a run appends before it writes, so that nobody is sent what the next beat would not bring", async () => {
  const platform = makePlatform();
  const provider = makeProvider();
  const transcript = createTranscript();
  const lengths: number[] = [];
  const readers: Readers = {
    attach: () => assert.fail("A run lets nobody in"),
    write: () => lengths.push(transcript.length),
    close() {},
  };
  const run = runGeneration(platform, provider, makeJob(), new AbortController(), transcript, readers);
  provider.calls[0].send("Once", " upon");
  provider.calls[0].finish();
  await run;
  assert.deepEqual(lengths, [9]);
});

Deno.test("the controller's reason alone decides how a stopped run ends", async () => {
  const timeout = new RelayError("timeout", "Too long");
  const cases: [Stop, string, string, string | null][] = [
    [new Stop("cancelled"), "cancelled", "cancelled", null],
    [new Stop("disconnected"), "disconnected", "disconnected", null],
    [interruption("shutdown"), "interrupted", "interrupted", "interrupted"],
    [interruption("lost"), "interrupted", "interrupted", "interrupted"],
    [new Stop("timeout", timeout), "failed", "timeout", "timeout"],
  ];
  for (const [stop, status, finishReason, errorCode] of cases) {
    const { call, clock, controller, run, transcript } = make();
    call.send("So far");
    controller.abort(stop);
    controller.abort(new Stop("failed"));
    assert.deepEqual(await run, {
      ending: { status, finishReason, errorCode, usage: null, firstTokenMs: 0, overheadMs: 0 },
      error: stop.error,
    });
    assert.equal(call.open, false);
    assert.equal(transcript.from(0), "So far");
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a run that was stopped before it began asks for nothing that stays open", async () => {
  const platform = makePlatform();
  const provider = makeProvider();
  const controller = new AbortController();
  controller.abort(new Stop("disconnected"));
  const { ending } = await runGeneration(
    platform,
    provider,
    makeJob(),
    controller,
    createTranscript(),
    { attach: () => assert.fail(), write: () => assert.fail(), close() {} },
  );
  assert.deepEqual([ending.status, ending.firstTokenMs], ["disconnected", null]);
  assert.equal(provider.calls.every(({ open }) => !open), true);
  assert.equal(platform.clock.pending, 0);
});

Deno.test("what the provider fails with is the run's error, and what nobody expected is internal", async () => {
  const refused = new RelayError("provider_auth", "Refused");
  const bug = new TypeError("x is not a function");
  for (const [thrown, code] of [[refused, "provider_auth"], [bug, "internal"]]) {
    const { call, clock, run } = make();
    call.fail(thrown);
    const { ending, error } = await run;
    assert.deepEqual([ending.status, ending.finishReason, ending.errorCode], ["failed", "error", code]);
    assert.equal(error?.code, code);
    if (thrown === bug) assert.equal(error?.cause, bug);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a text over the limit ends the run with what fitted", async () => {
  const { call, clock, run, transcript, written } = make();
  call.send("x".repeat(MAX_MESSAGE_UNITS - 1));
  call.send("y", "z", "never");
  const { ending, error } = await run;
  assert.deepEqual([ending.status, ending.errorCode, error?.message], [
    "failed",
    "provider_bad_response",
    `The provider sent a text of more than ${MAX_MESSAGE_UNITS} UTF-16 units, the limit`,
  ]);
  assert.equal(transcript.length, MAX_MESSAGE_UNITS);
  assert.equal(written.at(-1), frames.token("y", MAX_MESSAGE_UNITS));
  assert.equal(clock.pending, 0);
});

Deno.test("reasoning is no part of the text, however much there is of it", async () => {
  const { call, run, transcript } = make();
  const text = "x".repeat(MAX_MESSAGE_UNITS);
  call.send({ kind: "reasoning", text }, { kind: "reasoning", text: "y" });
  call.finish();
  assert.equal((await run).ending.status, "completed");
  assert.equal(transcript.length, 0);
});

Deno.test("a run that takes too long stops itself, and its timers are gone", async () => {
  const { call, clock, controller, run } = make({ timeoutMs: 5_000, firstTokenTimeoutMs: 4_000, idleTimeoutMs: 3_000 });
  call.send("a");
  await clock.run(2_000);
  call.send("b");
  await clock.run(3_000);
  const { ending, error } = await run;
  assert.deepEqual([ending.finishReason, error?.code], ["timeout", "timeout"]);
  assert.ok(controller.signal.reason instanceof Stop);
  assert.equal(clock.pending, 0);
});

Deno.test("a clock that was set back gives no time that a row cannot hold", async () => {
  const startedAt = Date.UTC(2026, 0, 1) + 5_000;
  const { call, run } = make({}, { startedAt });
  call.send("a");
  call.finish();
  const { firstTokenMs, overheadMs } = (await run).ending;
  assert.deepEqual([firstTokenMs, overheadMs], [0, 0]);
});

Deno.test("a run tells what had passed since the request when it asked the provider, however it ends", async () => {
  const startedAt = Date.UTC(2026, 0, 1) - 45;
  for (const fails of [false, true]) {
    const { call, clock, run } = make({}, { startedAt });
    await clock.run(700);
    call.send("a");
    if (fails) {
      call.fail(new RelayError("provider_error", "The provider failed"));
    } else call.finish();
    const { firstTokenMs, overheadMs } = (await run).ending;
    assert.deepEqual([firstTokenMs, overheadMs], [745, 45]);
  }
});
