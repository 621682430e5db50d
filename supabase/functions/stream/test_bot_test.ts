import assert from "node:assert/strict";
import { TEST_TIMEOUT_MS } from "../_relay/protocol/limits.ts";
import type { LookUp } from "../_relay/provider/models.ts";
import { makeDependencies, makeWorker } from "../_relay/testing/worker.ts";
import { createBotTest } from "./test_bot.ts";

const BOT = {
  ...{ access_key: "sk-secret", access_path: "https://provider.test/v1", api: "chat_completions", model: "model-1" },
  ...{ temperature: null, params: {}, headers: {}, takes_system: true, first_turn_is_user: false, thinks_first: null },
  ...{ context_tokens: null, learned_tokens: 8192 },
};

/** A worker whose database has one bot, and what a test of it answers. */
function make(lookUp?: LookUp) {
  const worker = makeWorker();
  worker.database.answers.ownBot = () => BOT;
  const test = createBotTest(makeDependencies(worker, lookUp && { lookUp }));
  const headers = { "content-type": "application/json" };
  const request = new Request("http://edge.internal/stream/test", { method: "POST", headers, body: '{"bot_id":"b"}' });
  return { ...worker, answer: test("user-1", request).then((response) => response.json()) };
}

/** Until the provider was asked. */
async function asked({ clock, provider }: ReturnType<typeof make>) {
  while (provider.calls.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    await clock.run(0);
  }
  return provider.calls[0];
}

Deno.test("a test ends with the first that the model sends, with the window that a refusal has taught", async () => {
  const worker = make();
  const call = await asked(worker);
  await worker.clock.run(300);
  call.send("O");
  assert.deepEqual(await worker.answer, {
    ...{ ok: true, model: "model-1", is_listed: null, context_tokens: 8192, first_token_ms: 300 },
  });
  assert.equal(call.open, false);
  assert.equal(worker.clock.pending, 0);
});

Deno.test("a model that says nothing is a timeout, and its request ends", async () => {
  const worker = make();
  const call = await asked(worker);
  await worker.clock.run(TEST_TIMEOUT_MS);
  const { ok, error } = await worker.answer;
  assert.deepEqual([ok, error.code, call.open, worker.clock.pending], [false, "provider_timeout", false, 0]);
});

Deno.test("a list of models that does not come is given up, and says nothing of the bot", async () => {
  const worker = make((_, signal) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve({ isListed: null, contextTokens: null }));
    })
  );
  const call = await asked(worker);
  call.finish();
  await worker.clock.run(TEST_TIMEOUT_MS / 4);
  assert.equal((await worker.answer).ok, true);
});
