import assert from "node:assert/strict";
import { type ErrorCode, ERRORS, RelayError } from "../protocol/errors.ts";
import { MAX_CONTEXT_CHARACTERS, MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import type { StreamRequest } from "../protocol/requests.ts";
import { makeAdmission } from "../testing/generation.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeRpc } from "../testing/rpc.ts";
import { type Admission, begin, preview } from "./begin.ts";

const RATE = { limit: 5, remaining: 4, reset_s: 60 };
const CALLER = { userId: "user-1", isAnonymous: false, appMetadata: '{"plan":"free"}' };
const START = { ...CALLER, streamId: "stream-1", fence: "fence-1", maxContext: 200_000, maxRoom: 4_000_000 };
const platform = makePlatform({ configuration: { rateLimitPerMinute: 5, maxConcurrent: 3, leaseMs: 15_000 } });

/** What comes of this answer of relay_begin. */
async function answerTo(answer: Record<string, unknown>, request: Partial<StreamRequest> = {}) {
  const { rpc } = makeRpc({ rate: RATE, ...answer });
  const asked = { prompt: "Hi", on_disconnect: "stop", ...request } as const;
  return await begin(rpc, platform, { ...START, request: asked });
}

Deno.test("a request is asked for with the limits of the configuration; of system its bytes go, and on_disconnect stays here", async () => {
  const common = {
    ...{ user_id: "user-1", stream_id: "stream-1", fence: "fence-1", worker_id: platform.workerId },
    ...{ is_anonymous: false, app_metadata: '{"plan":"free"}' },
    ...{ rate_limit: 5, max_concurrent: 3, lease_ms: 15_000, max_context: 200_000, max_room: 4_000_000 },
    ...{ prompt: null, reroll_of: null, continue_of: null, answer_to: null, parent_id: null, parent_is_given: false },
    ...{ conversation_id: null, bot_id: null, context_is_given: false, given_bytes: null, system_bytes: 0 },
  };
  const reroll = { reroll_of: "message-1", conversation_id: "conversation-1", bot_id: "bot-1" };
  const cases: [Partial<StreamRequest>, Record<string, unknown>][] = [
    [{ prompt: "Hi", messages: [] }, { prompt: "Hi", context_is_given: true, given_bytes: [] }],
    [{ ...reroll, system: "sécret🐉", on_disconnect: "continue" }, { ...reroll, system_bytes: 11 }],
    [{ prompt: "Hi", conversation_id: 1, bot_id: "2", parent_id: 0 }, {
      ...{ prompt: "Hi", conversation_id: "1", bot_id: "2", parent_id: "0", parent_is_given: true },
    }],
    [{ continue_of: 7 }, { continue_of: "7" }],
    [{ answer_to: "message-1" }, { answer_to: "message-1" }],
    [{ prompt: "Hi", parent_id: null }, { prompt: "Hi", parent_is_given: true }],
  ];
  for (const [request, args] of cases) {
    const { rpc, calls } = makeRpc({ outcome: "admitted", ...makeAdmission() });
    await begin(rpc, platform, { ...START, request: { on_disconnect: "stop", ...request } });
    assert.deepEqual(calls, [{ name: "relay_begin", args: { ...common, ...args } }]);
  }
});

Deno.test("an admission is given as the database has it, but for a context that came with the request", async () => {
  const admission = { outcome: "admitted", ...makeAdmission({ rate: RATE }) };
  assert.deepEqual(await answerTo(admission), { admission, rate: RATE });
  const messages = [{ role: "user", content: "Hi" } as const];
  const answer = await answerTo({ ...admission, context: null }, { messages });
  assert.deepEqual(answer, { admission: { ...admission, context: messages }, rate: RATE });
});

Deno.test("what is continued stands at the end of the context, and is taken out of it", async () => {
  const context = [{ role: "user", content: "Hi" }, { role: "assistant", content: "Once" }];
  const answer = await answerTo({ outcome: "admitted", ...makeAdmission(), context }, { continue_of: 1 });
  const { admission } = answer as { admission: Admission };
  assert.deepEqual([admission.context, admission.continued], [[{ role: "user", content: "Hi" }], "Once"]);
});

Deno.test("what cannot be continued is refused by field, with why", async () => {
  const cases: [units: number | null, message: string][] = [
    [null, "Must be an answer with a text; a user's message cannot be continued"],
    [0, "Must be an answer with a text; a user's message cannot be continued"],
    [
      MAX_MESSAGE_UNITS,
      `Must be an answer of less than ${MAX_MESSAGE_UNITS} UTF-16 units; this one has ${MAX_MESSAGE_UNITS}`,
    ],
  ];
  for (const [units, message] of cases) {
    const answer = await answerTo({ outcome: "refused", code: "invalid_request", field: "continue_of", units });
    const { refusal } = answer as { refusal: RelayError };
    assert.equal(refusal.message, "Cannot accept the request: see issues for continue_of");
    assert.deepEqual(refusal.issues, [{ path: "continue_of", message }]);
  }
});

Deno.test("a client's own context is cut where a message of the user's begins, so each goes by its bytes to such a place", async () => {
  const messages = [
    ...["assistant", "user", "assistant", "assistant", "user"].map((role, index) => ({
      role,
      content: "é".repeat(index),
    })),
  ] as NonNullable<StreamRequest["messages"]>;
  const admission = { outcome: "admitted", ...makeAdmission({ left_out: 1 }), context: null };
  const { rpc, calls } = makeRpc(admission);
  const request = { messages, prompt: "éééé", on_disconnect: "stop" } as const;
  const answer = await begin(rpc, platform, { ...START, request });
  assert.deepEqual(calls[0].args.given_bytes, [12, 48, 0, 0, 20]);
  assert.ok("admission" in answer);
  assert.deepEqual(answer.admission.context, messages.slice(1));
});

Deno.test("a preview asks for the same, and only for a look", async () => {
  const { rpc, calls } = makeRpc({ outcome: "previewed", bot_id: "bot-1", rate: RATE });
  const request = { prompt: "Hi", on_disconnect: "stop" } as const;
  const answer = await preview(rpc, platform, { ...START, request });
  assert.deepEqual(answer, { preview: { outcome: "previewed", bot_id: "bot-1", rate: RATE }, rate: RATE });
  const begun = makeRpc({ outcome: "admitted", ...makeAdmission() });
  await begin(begun.rpc, platform, { ...START, request });
  assert.deepEqual(calls[0].args, { ...begun.calls[0].args, preview: true });
  const refused = await preview(makeRpc({ outcome: "refused", code: "bot_not_found", rate: RATE }).rpc, platform, {
    ...START,
    request,
  });
  assert.deepEqual(refused, { refusal: new RelayError("bot_not_found"), rate: RATE });
});

Deno.test("each refusal has its code and its words", async () => {
  const cases: [ErrorCode, string][] = [
    ["stream_id_taken", ERRORS.stream_id_taken.message],
    ["rate_limited", "Cannot start the generation: the limit is 5 in a minute"],
    ["too_many_streams", "Cannot start the generation: the limit is 3 at once"],
    ["not_admitted", "Not before eight"],
    ["internal", ERRORS.internal.message],
    ["overloaded", "Cannot start the generation: other starts of this user are not through yet"],
    ["bot_not_found", ERRORS.bot_not_found.message],
    [
      "context_exceeded",
      "Cannot send the prompt: with the bot's instructions it has about 9000 tokens, and the model reads 8192 at once",
    ],
    [
      "payload_too_large",
      `Cannot send the conversation: its path has 4000001 characters, the limit is ${MAX_CONTEXT_CHARACTERS}`,
    ],
  ];
  for (const [code, message] of cases) {
    const characters = code === "payload_too_large" ? 4_000_001 : undefined;
    const numbers = { characters, tokens: 9_000, context_tokens: 8_192, limit: 3, retry_after_s: 17 };
    const answer = await answerTo({ outcome: "refused", code, ...numbers, words: "Not before eight", cause: "Why" });
    const refusal = new RelayError(code, message, { retryAfter: 17, cause: "Why" });
    assert.deepEqual(answer, { refusal, characters, endsSoon: undefined, rate: RATE });
  }
});

Deno.test("the refusal of a context says what no window leaves out", async () => {
  const cases: [Partial<StreamRequest>, string][] = [
    [{ reroll_of: 1 }, "the message that is answered"],
    [{ answer_to: 1 }, "the message that is answered"],
    [{ continue_of: 1 }, "the answer that is continued, and its prompt"],
  ];
  for (const [request, what] of cases) {
    const numbers = { tokens: 9_000, context_tokens: 8_192 };
    const answer = await answerTo({ outcome: "refused", code: "context_exceeded", ...numbers }, {
      prompt: undefined,
      ...request,
    });
    const { message } = (answer as { refusal: RelayError }).refusal;
    assert.ok(message.startsWith(`Cannot send ${what}: with the bot's instructions it has about 9000 tokens`), message);
  }
});

Deno.test("the refusal of a conversation that is busy names the generation, and says whether that ends soon", async () => {
  const busy = { outcome: "refused", code: "conversation_busy", stream_id: "stream-2", retry_after_s: 3 };
  for (const endsSoon of [true, false]) {
    const answer = await answerTo({ ...busy, ends_soon: endsSoon });
    const refusal = new RelayError("conversation_busy", undefined, { retryAfter: 3, streamId: "stream-2" });
    assert.deepEqual(answer, { refusal, characters: undefined, endsSoon, rate: RATE });
  }
});

Deno.test("where only the app itself can make a conversation, the field that is missing is named", async () => {
  const { refusal } = await answerTo({ outcome: "refused", code: "invalid_request" }) as { refusal: RelayError };
  assert.equal(refusal.message, "Cannot accept the request: see issues for conversation_id");
  assert.deepEqual(refusal.issues?.map(({ path }) => path), ["conversation_id"]);
});

Deno.test("the user's own stream_id again exists, and is no refusal", async () => {
  assert.deepEqual(await answerTo({ outcome: "exists", code: "stream_id_taken" }), { exists: true, rate: RATE });
});
