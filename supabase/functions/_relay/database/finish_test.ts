import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeRpc, type RpcCall } from "../testing/rpc.ts";
import { type Ending, finish } from "./finish.ts";
import { createRpc, type Rpc } from "./rpc.ts";

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  usage: { prompt_tokens: 3, completion_tokens: null, total_tokens: 5 },
  firstTokenMs: 120,
  overheadMs: 8,
};

const STORED = {
  status: "completed",
  finish_reason: "stop",
  error_code: null,
  message_id: "message-1",
  is_complete: true,
};

/** A text of which the database is believed to have the beginning. */
function makeText(content: string, storedUnits = 0) {
  return { storedUnits, from: (offset: number) => content.slice(offset) };
}

/** Answers each call by what this makes of its `start_at`; `starts` are those of all calls. */
function makeMoving(answer: (start: number, calls: number) => unknown) {
  const calls: RpcCall[] = [];
  const rpc = (name: string, args: Record<string, unknown>) => {
    calls.push({ name, args });
    return Promise.resolve(answer(args.start_at as number, calls.length));
  };
  return { rpc: rpc as Rpc, sent: () => calls.map(({ args }) => [args.start_at, args.content]) };
}

Deno.test("a finish gives the ending in scalars, and nulls for what is missing", async () => {
  const failed: Ending = {
    ...ENDING,
    status: "failed",
    finishReason: "error",
    errorCode: "provider_auth",
    usage: null,
  };
  const cases: [Ending, string, Record<string, unknown>][] = [
    [ENDING, "Once 🐉", {
      status: "completed",
      finish_reason: "stop",
      error_code: null,
      prompt_tokens: 3,
      completion_tokens: null,
      total_tokens: 5,
      first_token_ms: 120,
      overhead_ms: 8,
    }],
    [{ ...failed, firstTokenMs: null, overheadMs: null }, "", {
      status: "failed",
      finish_reason: "error",
      error_code: "provider_auth",
      prompt_tokens: null,
      completion_tokens: null,
      total_tokens: null,
      first_token_ms: null,
      overhead_ms: null,
    }],
  ];
  for (const [ending, content, args] of cases) {
    const { rpc, calls } = makeRpc(STORED);
    assert.deepEqual(await finish(rpc, "stream-1", "fence-1", ending, makeText(content)), STORED);
    const common = { stream_id: "stream-1", fence: "fence-1", content, start_at: 0 };
    assert.deepEqual(calls, [{ name: "relay_finish", args: { ...common, ...args } }]);
  }
});

/** A database whose constraint knows these codes alone. */
function makeOlder(codes: (string | null)[], code = "23514") {
  const sent: unknown[] = [];
  const rpc = createRpc(makePlatform(), {
    fetch: async (input, init) => {
      const { error_code } = await new Request(input, init).json();
      sent.push(error_code);
      const refused = { code, message: "violates check constraint", details: null, hint: null };
      return codes.includes(error_code) ? Response.json(STORED) : Response.json(refused, { status: 400 });
    },
  });
  const store = (errorCode: Ending["errorCode"]) =>
    finish(rpc, "stream-1", "fence-1", { ...ENDING, status: "failed", errorCode }, makeText("Once"));
  return { sent, store };
}

Deno.test("a code that an older database refuses is stored as internal, after one try", async () => {
  const { sent, store } = makeOlder(["internal"]);
  assert.deepEqual(await store("provider_auth"), STORED);
  assert.deepEqual(sent, ["provider_auth", "internal"]);
});

Deno.test("another refusal, or one of internal or no code, is not tried again", async () => {
  for (
    const [errorCode, code, tries] of [
      ["provider_auth", "22P02", ["provider_auth"]],
      ["provider_auth", "23514", ["provider_auth", "internal"]],
      ["internal", "23514", ["internal"]],
      [null, "23514", [null]],
    ] as const
  ) {
    const { sent, store } = makeOlder([], code);
    await assert.rejects(store(errorCode), { code: "internal" });
    assert.deepEqual(sent, tries);
  }
});

Deno.test("a finish sends only what the database lacks", async () => {
  const { rpc, sent } = makeMoving(() => STORED);
  await finish(rpc, "stream-1", "fence-1", ENDING, makeText("Once upon", 4));
  assert.deepEqual(sent(), [[4, " upon"]]);
});

Deno.test("a finish begins again where the database wants it, with the text from there on", async () => {
  for (const wanted of [0, 6, 9]) {
    const { rpc, sent } = makeMoving((start) => start === wanted ? STORED : { expected_start: wanted });
    assert.deepEqual(await finish(rpc, "stream-1", "fence-1", ENDING, makeText("Once upon", 4)), STORED);
    assert.deepEqual(sent(), [[4, " upon"], [wanted, "Once upon".slice(wanted)]]);
  }
});

Deno.test("a finish whose beginning moves with every call is given up after five", async () => {
  const { rpc, sent } = makeMoving((start) => ({ expected_start: start + 1 }));
  await assert.rejects(
    finish(rpc, "stream-1", "fence-1", ENDING, makeText("Once upon")),
    (error) => {
      assert.ok(error instanceof RelayError);
      assert.deepEqual([error.code, error.message, error.retryAfter], [
        "unavailable",
        "Cannot store the message: its start moves",
        1,
      ]);
      return true;
    },
  );
  assert.deepEqual(sent().map(([start]) => start), [0, 1, 2, 3, 4]);
});

Deno.test("a finish whose beginning comes to rest in time is stored", async () => {
  const { rpc, sent } = makeMoving((start, calls) => calls === 5 ? STORED : { expected_start: start + 1 });
  assert.deepEqual(await finish(rpc, "stream-1", "fence-1", ENDING, makeText("Once upon")), STORED);
  assert.deepEqual(sent().at(-1), [4, " upon"]);
});

Deno.test("whose fence is not the one that runs is told nothing", async () => {
  const { rpc, calls } = makeRpc({
    status: "running",
    finish_reason: null,
    error_code: null,
    message_id: null,
    is_complete: false,
  });
  assert.equal(await finish(rpc, "stream-1", "fence-2", ENDING, makeText("Once")), null);
  assert.equal(calls.length, 1);
});

Deno.test("a failure of the second call goes on as it is", async () => {
  const failure = new RelayError("unavailable", "Cannot reach the database");
  let calls = 0;
  const rpc = () => ++calls === 1 ? Promise.resolve({ expected_start: 2 }) : Promise.reject(failure);
  await assert.rejects(
    finish(rpc as Rpc, "stream-1", "fence-1", ENDING, makeText("Once")),
    (error) => error === failure,
  );
  assert.equal(calls, 2);
});
