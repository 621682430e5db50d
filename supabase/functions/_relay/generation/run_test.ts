import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { GENERATION_BYTES, READER_BYTES, TEXT_UNIT_BYTES } from "../platform/memory.ts";
import { events } from "../protocol/events.ts";
import { MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import { GO_ON } from "../provider/provider.ts";
import { type AdmittedOverrides, makeAdmitted, makeGeneration } from "../testing/generation.ts";
import { fillMemory, makePlatform } from "../testing/platform.ts";
import { makeProvider } from "../testing/provider.ts";
import { BASE_URL } from "../testing/worker.ts";
import type { LocalReaders } from "./local_readers.ts";
import { CONTINUE, providerCall, runGeneration } from "./run.ts";

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const NOW = Date.UTC(2026, 0, 1);

/** A run that has asked its provider, unless it has to look an address up first; `written` is what readers got, write by write, with the transcript's length. */
async function make(
  overrides: AdmittedOverrides = {},
  checkAddress = (path: string) => Promise.resolve(new URL(path)),
) {
  const platform = makePlatform();
  const provider = makeProvider();
  const written: [string, number][] = [];
  const write = (text: string) => written.push([text, generation.transcript.length]);
  // A run does nothing else with them.
  const readers = { write } as unknown as LocalReaders;
  const generation = { ...makeGeneration(platform, "", overrides), readers };
  const run = runGeneration(platform, { provider, checkAddress }, generation, BASE_URL);
  await platform.clock.run(0);
  return { ...platform, call: provider.calls[0], generation, provider, run, written };
}

Deno.test("a run asks the provider, appends before it writes, and writes once for each read", async () => {
  const asked = { request: { system: "Be brief." } };
  const { call, clock, generation, run, written } = await make(asked);
  assert.deepEqual(call.call, providerCall(makeAdmitted(asked), BASE_URL));
  const { admission, request } = generation;
  assert.deepEqual([admission.context, admission.system_prompt, admission.params, request.system], [
    ...[[], null, {}, undefined],
  ]);
  await clock.run(30);
  call.send();
  await clock.run(0);
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
    answerer: { bot_id: "bot-1", model: "model-1" },
    tries: 1,
  });
  assert.deepEqual(written, [
    [events.token("Once", 4) + events.reasoning("hm") + events.token(" 🐉", 7), 7],
    [events.token("!", 8), 8],
  ]);
  assert.equal(generation.transcript.from(0), "Once 🐉!");
  assert.equal(clock.pending, 0);
});

Deno.test("a read that goes over the limit ends the run with what fitted; reasoning does not count as text", async () => {
  const { call, generation, run, written } = await make();
  call.send("x".repeat(MAX_MESSAGE_UNITS - 1), { kind: "reasoning", text: "x".repeat(MAX_MESSAGE_UNITS) });
  call.send("y", "z", "never");
  const { ending, error } = await run;
  const message = `The provider sent a text of more than ${MAX_MESSAGE_UNITS} UTF-16 units, the limit`;
  assert.deepEqual([ending.errorCode, error?.message], ["provider_bad_response", message]);
  assert.deepEqual(written.at(-1), [events.token("y", MAX_MESSAGE_UNITS), generation.transcript.length]);
});

Deno.test("the times count from the request, however the run ends, and are never negative", async () => {
  const cases: [startedAt: number, fails: boolean, firstTokenMs: number, overheadMs: number][] = [
    [NOW - 45, false, 745, 45],
    [NOW - 45, true, 745, 45],
    // The clock was set back.
    [NOW + 5_000, false, 0, 0],
  ];
  for (const [startedAt, fails, ...wanted] of cases) {
    const { call, clock, run } = await make({ startedAt });
    await clock.run(700);
    call.send("a");
    if (fails) call.fail(new RelayError("provider_error"));
    else call.finish();
    const { firstTokenMs, overheadMs } = (await run).ending;
    assert.deepEqual([firstTokenMs, overheadMs], wanted);
  }
});

Deno.test("the call is the bot's, with the context after its instructions; an empty key is none", () => {
  const context = [{ role: "assistant", content: "Hello" }, { role: "user", content: "Hi" }] as const;
  const call = (access_key: string | null) =>
    providerCall(
      makeAdmitted({ admission: { access_key, params: { max_tokens: 9 }, context: [...context] } }),
      BASE_URL,
    );
  assert.deepEqual(call("sk-secret"), {
    api: "chat_completions",
    conversationId: "conversation-1",
    userId: "user-1",
    baseUrl: BASE_URL,
    accessKey: "sk-secret",
    model: "model-1",
    temperature: 0.7,
    params: { max_tokens: 9 },
    headers: {},
    takesSystem: true,
    firstTurnIsUser: false,
    thinksFirst: null,
    isPrefilled: false,
    replyTokens: null,
    messages: [{ role: "system", content: "A secret instruction" }, ...context],
  });
  assert.deepEqual([call(null).accessKey, call("").accessKey], [null, null]);
});

Deno.test("the user's system follows the bot's in one message, and blank ones make none", () => {
  const cases: [string | null, string | undefined, string[]][] = [
    ["Bot", "User", ["Bot\n\nUser"]],
    ["Bot", undefined, ["Bot"]],
    ["Bot", " \n", ["Bot"]],
    [null, "User", ["User"]],
    ["", "User", ["User"]],
    [" Bot ", " User ", [" Bot \n\n User "]],
    [null, undefined, []],
    [" ", "", []],
  ];
  for (const [system_prompt, system, wanted] of cases) {
    const { messages } = providerCall(makeAdmitted({ admission: { system_prompt }, request: { system } }), BASE_URL);
    assert.deepEqual(messages.slice(0, -1), wanted.map((content) => ({ role: "system", content })));
  }
});

Deno.test("a text holds memory as it grows; where there is none left, the run ends with what was written", async () => {
  const { call, generation, memory, run, written } = await make();
  const step = 10_000;
  call.send("x".repeat(step));
  assert.ok(memory.heldBytes >= GENERATION_BYTES + READER_BYTES + step * TEXT_UNIT_BYTES);
  const empty = fillMemory({ memory });
  call.send("y".repeat(step), { kind: "reasoning", text: "hm" }, "never");
  const { ending, error } = await run;
  assert.deepEqual([ending.status, ending.finishReason, ending.errorCode], ["failed", "error", "overloaded"]);
  assert.equal(error?.code, "overloaded");
  assert.equal(generation.transcript.from(0), "x".repeat(step));
  assert.equal(written.length, 2);
  empty();
});

Deno.test("a bot that answers its own message is asked to go on, and what it continues is its own", () => {
  const user = { role: "user", content: "Hi" } as const;
  const bot = { role: "assistant", content: "Hello" } as const;
  const goOn = { role: "user", content: GO_ON } as const;
  const ask = { role: "user", content: CONTINUE } as const;
  const old = { role: "assistant", content: "Once" } as const;
  type Turns = { role: string; content: string }[];
  const cases: [context: (typeof user | typeof bot)[], continued: string | null, asked: Turns, prefilled: Turns][] = [
    [[user], null, [user], [user]],
    [[user, bot], null, [user, bot, goOn], [user, bot, goOn]],
    // The white space would be taken for the end of the message, or refused.
    [[user], "Once \n", [user, old, ask], [user, old]],
    [[user, bot], "Once", [user, bot, goOn, old, ask], [user, bot, goOn, old]],
    [[], "Once", [old, ask], [old]],
    [[user], " \n", [user], [user]],
  ];
  for (const [context, continued, ...wanted] of cases) {
    for (const [takes_prefill, messages] of [[false, wanted[0]], [true, wanted[1]]] as const) {
      const admission = { context, continued, takes_prefill, system_prompt: null, thinks_first: true };
      const call = providerCall(makeAdmitted({ admission }), BASE_URL);
      const isPrefilled = messages.at(-1) === old;
      assert.deepEqual([call.messages, call.isPrefilled, call.thinksFirst], [messages, isPrefilled, !isPrefilled]);
    }
  }
});

Deno.test("what continues an answer begins behind its text, and nothing is said twice at the seam", async () => {
  const { call, generation, run, written } = await make({ admission: { continued: "Once upon a time" } });
  assert.deepEqual([generation.transcript.length, generation.transcript.storedUnits], [16, 16]);
  assert.equal(generation.admission.continued, null);
  call.send("upon a ");
  call.send({ kind: "reasoning", text: "hm" }, "time, a");
  call.send(" fox");
  call.finish();
  await run;
  assert.deepEqual(written.filter(([text]) => text !== ""), [
    [events.reasoning("hm") + events.token(", a", 19), 19],
    [events.token(" fox", 23), 23],
  ]);
  assert.equal(generation.transcript.from(0), "Once upon a time, a fox");
});

Deno.test("the old text counts for the longest message, and is held from the beginning", async () => {
  const continued = "x".repeat(MAX_MESSAGE_UNITS - 1);
  const { call, generation, memory, run } = await make({ admission: { continued } });
  call.send();
  assert.equal(memory.heldBytes, GENERATION_BYTES + READER_BYTES + MAX_MESSAGE_UNITS * TEXT_UNIT_BYTES);
  call.send("y", "z");
  const { ending } = await run;
  assert.deepEqual([ending.errorCode, generation.transcript.length], ["provider_bad_response", MAX_MESSAGE_UNITS]);
});
