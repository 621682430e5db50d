import assert from "node:assert/strict";
import type { MemoryAnswer } from "../database/begin_memory.ts";
import { CONTEXT_CHARACTER_BYTES, GENERATION_BYTES } from "../platform/memory.ts";
import { RelayError } from "../protocol/errors.ts";
import { FIRST_CONTEXT_CHARACTERS, MAX_CONTEXT_CHARACTERS } from "../protocol/limits.ts";
import { AWAY, away, makeStored } from "../testing/database.ts";
import { LOG_FIELDS } from "../testing/generation.ts";
import { makeWorker } from "../testing/worker.ts";
import { MEMORY_TASK } from "./memory.ts";
import { MEMORY_HEADING } from "./run.ts";

const OLDER = { message_id: "message-0", content: "They met." };
const ADMISSION = {
  parent_id: "message-2",
  context: [{ role: "user", content: "And?" }, { role: "assistant", content: "They fell out." }],
  memory: OLDER,
  left_out: 4,
  system_prompt: "A secret instruction",
  params: { top_p: 0.5 },
} as const;

/** A worker whose next answer is followed by a memory of "message-2". */
async function withAnswer(answer: MemoryAnswer = { admission: structuredClone(ADMISSION) as never }) {
  const worker = makeWorker();
  const { database } = worker;
  database.answers.beginMemory = () => answer;
  database.answers.finish = (streamId, ending, text) => ({
    ...makeStored(streamId, ending, text),
    ...(streamId === "stream-1" ? { memory_due: "message-2" } : {}),
  });
  const { client, call } = await worker.withClient();
  call.send("So far");
  return {
    ...worker,
    client,
    call,
    asked: () => database.calls.filter(([name]) => name === "beginMemory").map(([, start]) => start as never),
    async finish() {
      call.finish();
      await worker.clock.run(0);
    },
  };
}

type Asked = { streamId: string; fence: string; maxContext: number };

Deno.test("a memory that is due is written in the background, after the client has its end", async () => {
  const { clock, client, database, ended, finish, asked, keepAlive, logged, memory, provider, settle } =
    await withAnswer();
  await finish();
  assert.equal(client.ended, true);
  const [{ streamId, fence, ...start }] = asked() as Asked[];
  assert.deepEqual(start, {
    ...{ userId: "user-1", botId: "bot-1", messageId: "message-2", kind: "memory", task: MEMORY_TASK },
    ...{ maxContext: FIRST_CONTEXT_CHARACTERS, maxRoom: (start as unknown as { maxRoom: number }).maxRoom },
  });
  const { call, send, finish: end } = provider.calls[1];
  assert.deepEqual([call.accessKey, call.model, call.params], ["sk-secret", "model-1", { top_p: 0.5 }]);
  assert.deepEqual(call.messages, [
    { role: "system", content: "A secret instruction" },
    { role: "system", content: `${MEMORY_HEADING}\n\nThey met.` },
    ...ADMISSION.context,
    { role: "user", content: MEMORY_TASK },
  ]);

  // The isolate stays for it, and its lease is renewed.
  let isSettled = false;
  const settled = keepAlive.settled().then(() => isSettled = true);
  send("They met, and fell out.");
  await clock.run(1_000);
  assert.equal(isSettled, false);
  assert.deepEqual(database.calls.at(-1), ["beat", [{
    ...{ streamId, fence },
    chunk: { start: 0, end: 23, text: "They met, and fell out." },
  }]]);
  assert.ok(memory.heldBytes > 0);
  end({ usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } });
  await settled;
  assert.equal(ended(streamId)?.text, "They met, and fell out.");
  assert.deepEqual([asked().length, memory.heldBytes], [1, 0]);
  const fields = { ...LOG_FIELDS, stream_id: streamId, kind: "memory" };
  assert.deepEqual(
    logged().filter(({ kind }) => kind).map(({ event, kind, stream_id }) => ({ event, kind, stream_id })),
    ["generation_started", "generation_finished"].map((event) => ({ event, kind: fields.kind, stream_id: streamId })),
  );
  assert.equal(logged().filter(({ kind }) => !kind && kind !== undefined).length, 0);
  await settle(client);
});

Deno.test("nothing is written where the database says so, or cannot be asked, or the worker is about to end", async () => {
  for (const characters of [undefined, MAX_CONTEXT_CHARACTERS + 1]) {
    const answer = characters === undefined ? null : { characters };
    const { client, finish, memory, provider, settle } = await withAnswer(answer);
    await finish();
    assert.equal(provider.calls.length, 1);
    await settle(client);
    assert.equal(memory.heldBytes, 0);
  }
  const { client, database, finish, logged, memory, provider, settle } = await withAnswer();
  database.answers.beginMemory = () => {
    throw away();
  };
  await finish();
  await settle(client);
  assert.deepEqual([provider.calls.length, memory.heldBytes], [1, 0]);
  const [, start] = database.calls.find(([name]) => name === "beginMemory")! as unknown as [string, Asked];
  assert.deepEqual(logged().find(({ event }) => event === "memory_not_begun"), {
    ...{ level: "warn", event: "memory_not_begun", ...LOG_FIELDS, kind: "memory", cause: AWAY },
  });
  // It may have been admitted all the same.
  assert.equal(database.endings.get(start.streamId)?.status, "interrupted");

  const refused = await withAnswer();
  refused.database.answers.beginMemory = () => {
    throw new RelayError("internal", undefined, { cause: "relay_begin_memory was answered with status 400" });
  };
  await refused.finish();
  await refused.settle(refused.client);
  const { level, reason } = refused.logged().find(({ event }) => event === "background_work_failed")!;
  assert.deepEqual([level, reason], ["error", "memory"]);

  const ending = await withAnswer();
  ending.shutdown.begin("early_drop");
  await ending.clock.run(0);
  assert.equal(ending.asked().length, 0);
  await ending.keepAlive.settled();
});

Deno.test("a long path is held before it is read, and a full share asks for nothing", async () => {
  const { client, database, finish, asked, memory, provider, settle } = await withAnswer();
  const held: number[] = [];
  database.answers.beginMemory = ({ maxContext }) => {
    held.push(memory.heldBytes);
    return maxContext < 300_000 ? { characters: 300_000 } : { admission: structuredClone(ADMISSION) as never };
  };
  await finish();
  assert.deepEqual((asked() as Asked[]).map(({ maxContext }) => maxContext), [FIRST_CONTEXT_CHARACTERS, 300_000]);
  assert.equal(new Set((asked() as Asked[]).map(({ fence }) => fence)).size, 1);
  assert.ok(held[1] >= GENERATION_BYTES + 300_000 * CONTEXT_CHARACTER_BYTES);
  assert.ok(memory.heldBytes < held[0]);
  provider.calls[1].finish();
  await settle(client);

  const full = await withAnswer();
  const hold = full.memory.open("user-1", full.memory.userBytes - 1_000_000);
  await full.finish();
  assert.equal(full.asked().length, 0);
  assert.equal(full.logged().find(({ event }) => event === "memory_not_begun")?.level, "warn");
  hold.end();
  await full.settle(full.client);
});

for (
  const [title, stop, status] of [
    ["whose provider fails", ({ provider }) => provider.calls[1].fail(new Error("No")), "failed"],
    ["that falls silent", ({ clock }) => clock.run(60_000), "failed"],
    ["whose worker is about to end", ({ shutdown }) => shutdown.begin("wall_clock"), "interrupted"],
  ] as [string, (worker: Awaited<ReturnType<typeof withAnswer>>) => unknown, string][]
) {
  Deno.test(`a memory ${title} ends as ${status}, and no other is begun for it`, async () => {
    const worker = await withAnswer();
    await worker.finish();
    await stop(worker);
    await worker.keepAlive.settled();
    const [{ streamId }] = worker.asked() as Asked[];
    assert.equal(worker.ended(streamId)?.status, status);
    assert.equal(worker.asked().length, 1);
    if (status === "failed") await worker.settle(worker.client);
  });
}
