import assert from "node:assert/strict";
import { makeRpc } from "../testing/rpc.ts";
import { type Ending, finish } from "./finish.ts";
import type { Rpc } from "./rpc.ts";

const ENDING: Ending = {
  status: "completed",
  finishReason: "stop",
  errorCode: null,
  usage: { prompt_tokens: 3, completion_tokens: null, total_tokens: 5, cached_tokens: 2 },
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

const SENT = { units: 7, toOthers: 4 };

/** A text whose beginning the database is believed to have. */
function makeText(content: string, storedUnits = 0) {
  return { storedUnits, from: (offset: number) => content.slice(offset) };
}

Deno.test("a finish gives the ending in scalars, and nulls for what is missing", async () => {
  const failed: Ending = {
    ...{ status: "failed", finishReason: "error", errorCode: "provider_auth", usage: null },
    ...{ firstTokenMs: null, overheadMs: null },
  };
  const cases: [Ending, string, Record<string, unknown>][] = [
    [ENDING, "Once 🐉", {
      ...{ status: "completed", finish_reason: "stop", error_code: null, first_token_ms: 120, overhead_ms: 8 },
      ...{ prompt_tokens: 3, completion_tokens: null, total_tokens: 5, cached_tokens: 2, reasoning_tokens: null },
    }],
    [failed, "", {
      ...{ status: "failed", finish_reason: "error", error_code: "provider_auth", first_token_ms: null },
      ...{ prompt_tokens: null, completion_tokens: null, total_tokens: null, cached_tokens: null },
      ...{ reasoning_tokens: null, overhead_ms: null },
    }],
  ];
  const tries: Ending["tries"] = [
    { botId: 1, model: "model-1", code: "provider_error" },
    { botId: 2, model: "model-2", code: null },
  ];
  cases.push([{ ...ENDING, tries, answeredBy: 2 }, "Once", {
    ...cases[0][2],
    ...{ answered_by: "2", tried_bots: ["1", "2"], tried_codes: ["provider_error", null] },
  }]);
  const refusedContext = { window: 8_192, tokens: null };
  const taught = { refused_window: 8_192, refused_tokens: null };
  cases.push([{ ...cases[1][0], refusedContext }, "", { ...cases[1][2], ...taught }]);
  for (const [ending, content, args] of cases) {
    const { rpc, calls } = makeRpc(STORED);
    assert.deepEqual(await finish(rpc, "stream-1", "fence-1", ending, makeText(content), SENT), STORED);
    const common = { stream_id: "stream-1", fence: "fence-1", content, start_at: 0, sent_units: 7, sent_to_others: 4 };
    assert.deepEqual(calls, [{ name: "relay_finish", args: { ...common, ...args } }]);
  }
});

/** What the database answers to a start, and the starts that follow. */
const MOVES: [title: string, answer: (start: number, calls: number) => unknown, starts: number[], fails?: true][] = [
  ["a finish sends only what the database lacks", () => STORED, [4]],
  ...[0, 6, 9].map((wanted): [string, (start: number) => unknown, number[]] => [
    `a finish goes on from where the database says: ${wanted}`,
    (start) => start === wanted ? STORED : { expected_start: wanted },
    [4, wanted],
  ]),
  [
    "a finish whose start comes to rest in time is stored",
    (start, calls) => calls === 5 ? STORED : { expected_start: start + 1 },
    [4, 5, 6, 7, 8],
  ],
  [
    "a finish whose start moves on is given up after five",
    (start) => ({ expected_start: start + 1 }),
    [4, 5, 6, 7, 8],
    true,
  ],
];

for (const [title, answer, starts, fails] of MOVES) {
  Deno.test(title, async () => {
    const sent: unknown[] = [];
    const rpc = (_: string, { start_at, content }: Record<string, unknown>) => {
      sent.push([start_at, content]);
      return Promise.resolve(answer(start_at as number, sent.length));
    };
    const stored = finish(rpc as Rpc, "stream-1", "fence-1", ENDING, makeText("Once upon", 4), SENT);
    const message = "Cannot store the message: its start moves";
    if (fails) await assert.rejects(stored, { code: "unavailable", message, retryAfter: 1 });
    else assert.deepEqual(await stored, STORED);
    assert.deepEqual(sent, starts.map((start) => [start, "Once upon".slice(start)]));
  });
}

Deno.test("a finish of a fence that is not the one that runs gets nothing", async () => {
  const running = { status: "running", finish_reason: null, error_code: null, message_id: null, is_complete: false };
  const { rpc, calls } = makeRpc(running);
  assert.equal(await finish(rpc, "stream-1", "fence-2", ENDING, makeText("Once"), SENT), null);
  assert.equal(calls.length, 1);
});
