import assert from "node:assert/strict";
import type { BeatEntry } from "../database/beat.ts";
import type { Ending, EndStatus } from "../database/finish.ts";
import { createTranscript } from "../generation/transcript.ts";
import { away, makeDatabase } from "./database.ts";

function makeEnding(status: EndStatus): Ending {
  return {
    status,
    finishReason: status === "completed" ? "stop" : status,
    errorCode: status === "failed" || status === "interrupted" ? "internal" : null,
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
  };
}

/** A text of which nothing is stored. */
function makeText(content = "text") {
  return { storedUnits: 0, from: (offset: number) => content.slice(offset) };
}

function makeEntry(streamId: string, text = "", start = 0, fence = "fence-1"): BeatEntry {
  return { streamId, fence, piece: { start, end: start + text.length, text } };
}

const request = { prompt: "Hi", on_disconnect: "stop" } as const;

Deno.test("begin admits a stream_id once, and again to the fence that it was admitted to", async () => {
  const database = makeDatabase();
  for (let round = 0; round < 2; round++) {
    const first = await database.begin("user-1", "a", "fence-a", request);
    assert.ok("admission" in first);
    assert.equal(first.admission.fence, "fence-a");
  }
  assert.equal(database.rows.get("a")!.fence, "fence-a");
  const again = await database.begin("user-1", "a", "fence-b", request);
  assert.ok("exists" in again);
  const stranger = await database.begin("user-2", "a", "fence-a", request);
  assert.ok("refusal" in stranger);
  assert.equal(stranger.refusal.code, "stream_id_taken");
});

Deno.test("begin knows a forgotten stream_id by its message", async () => {
  const database = makeDatabase();
  database.admit("a");
  await database.finish("a", "fence-1", makeEnding("completed"), makeText());
  database.forget("a");
  assert.ok("exists" in await database.begin("user-1", "a", "f", request));
  assert.ok("refusal" in await database.begin("user-2", "a", "f", request));
});

Deno.test("the first finish that shows the fence counts, and every later one is told its outcome", async () => {
  const database = makeDatabase();
  database.admit("a", "fence-a");
  await database.finish("a", "another", makeEnding("failed"), makeText("no"));
  assert.equal(database.rows.get("a")!.status, "running");
  const outcome = {
    status: "completed",
    finish_reason: "stop",
    error_code: null,
    message_id: "message-of-a",
    is_complete: true,
  };
  for (const status of ["completed", "failed", "cancelled"] as const) {
    assert.deepEqual(await database.finish("a", "fence-a", makeEnding(status), makeText()), outcome);
  }
  assert.equal(database.contentOf("a"), "text");
  assert.equal(await database.finish("b", "fence-b", makeEnding("failed"), makeText()), null);
});

Deno.test("a cancel that came first wins, one that comes later is told how it ended", async () => {
  const database = makeDatabase();
  database.admit("a");
  assert.equal(await database.cancel("user-2", "a"), null);
  assert.equal(await database.cancel("user-1", "b"), null);
  assert.equal(await database.cancel("user-1", "a"), "cancelling");
  const outcome = await database.finish("a", "fence-1", makeEnding("completed"), makeText());
  assert.deepEqual([outcome?.status, outcome?.finish_reason, outcome?.is_complete], ["cancelled", "cancelled", false]);
  assert.equal(await database.cancel("user-1", "a"), "cancelled");
  database.forget("a");
  assert.equal(await database.cancel("user-1", "a"), "cancelled");
  assert.equal(await database.cancel("user-2", "a"), null);
});

Deno.test("an ending without text has no message", async () => {
  const database = makeDatabase();
  database.admit("a");
  const outcome = await database.finish("a", "fence-1", makeEnding("failed"), makeText(""));
  assert.equal(outcome?.message_id, null);
  assert.equal(database.contentOf("a"), null);
});

Deno.test("a beat tells what was cancelled, and what is not the worker's", async () => {
  const database = makeDatabase();
  for (const id of ["a", "b", "c"]) database.admit(id);
  await database.cancel("user-1", "b");
  await database.finish("c", "fence-1", makeEnding("completed"), makeText());
  database.admit("e", "another");
  const ids = ["a", "b", "c", "d", "e"];
  assert.deepEqual(await database.beat(ids.map((id) => makeEntry(id))), {
    stored: { a: 0, b: 0 },
    cancelled: ["b"],
    lost: ["c", "d", "e"],
  });
});

Deno.test("a beat takes the piece that begins where the text ends, and says where it ends now", async () => {
  const database = makeDatabase();
  database.admit("a");
  const steps: [BeatEntry, number][] = [
    [makeEntry("a", "Once"), 4],
    [makeEntry("a", "Once upon"), 4],
    [makeEntry("a", " a", 9), 4],
    [makeEntry("a", " upon", 4), 9],
    [makeEntry("a", "", 9), 9],
  ];
  for (const [entry, units] of steps) {
    const { stored } = await database.beat([entry]);
    assert.deepEqual(stored, { a: units });
  }
  const [{ start, text }] = await database.read([{
    userId: "user-1",
    streamId: "a",
    from: 4,
  }]) as { start: number; text: string }[];
  assert.deepEqual([start, text], [4, " upon"]);
});

Deno.test("what no column takes, or is not as long as it says, is refused", async () => {
  const database = makeDatabase();
  database.admit("a");
  for (const piece of ["\0", "\uD83D", "\uDC09"]) {
    await assert.rejects(database.beat([makeEntry("a", piece)]), RangeError);
    await assert.rejects(database.finish("a", "fence-1", makeEnding("failed"), makeText(piece)), RangeError);
  }
  const piece = { start: 0, end: 2, text: "abc" };
  await assert.rejects(database.beat([{ ...makeEntry("a"), piece }]), RangeError);
});

Deno.test("a finish goes behind what was beaten in, wherever its worker believes it to end", async () => {
  for (const storedUnits of [0, 4, 6]) {
    const database = makeDatabase();
    database.admit("a");
    await database.beat([makeEntry("a", "Once")]);
    await database.finish("a", "fence-1", makeEnding("completed"), { ...makeText("Once upon"), storedUnits });
    assert.equal(database.contentOf("a"), "Once upon");
    assert.deepEqual(database.rows.get("a")!.chunks, []);
  }
});

Deno.test("a lease that ran out ends a generation once somebody touches it, and a beat renews it", async () => {
  const touches: ((database: ReturnType<typeof makeDatabase>) => unknown)[] = [
    (database) => database.begin("user-1", "b", "fence-b", request),
    (database) => database.cancel("user-1", "a"),
    (database) => database.read([{ userId: "user-1", streamId: "a", from: 0 }]),
  ];
  for (const touch of touches) {
    const database = makeDatabase();
    database.admit("a");
    database.expire("a");
    await database.beat([makeEntry("a", "Once")]);
    await touch(database);
    assert.equal(database.rows.get("a")!.status, "running");
  }
  for (const touch of touches) {
    const database = makeDatabase();
    database.admit("a");
    await database.beat([makeEntry("a", "Once")]);
    database.expire("a");
    await touch(database);
    const { status, fence, outcome } = database.rows.get("a")!;
    assert.deepEqual([status, fence, outcome?.is_complete], ["interrupted", "fence-1", false]);
    assert.equal(database.contentOf("a"), "Once");
  }
});

Deno.test("a stranger's touch ends nothing", async () => {
  const database = makeDatabase();
  database.admit("a");
  database.expire("a");
  await database.begin("user-2", "b", "fence-b", request);
  await database.cancel("user-2", "a");
  assert.deepEqual(await database.read([{ userId: "user-2", streamId: "a", from: 0 }]), [null]);
  assert.equal(database.rows.get("a")!.status, "running");
});

Deno.test("what the sweep interrupted is completed by its own fence, once, with the whole text", async () => {
  const database = makeDatabase();
  database.admit("a");
  const transcript = createTranscript();
  transcript.append("Once");
  const { stored } = await database.beat([makeEntry("a", "Once")]);
  transcript.stored(stored.a);
  database.sweep("a");
  assert.deepEqual(await database.beat([makeEntry("a", "", 4)]), { stored: {}, cancelled: [], lost: [] });
  transcript.append(" upon");
  const finish = (fence: string) => database.finish("a", fence, makeEnding("completed"), transcript);
  assert.equal((await finish("another"))?.status, "interrupted");
  assert.equal(database.contentOf("a"), "Once");
  const outcome = await finish("fence-1");
  assert.deepEqual([outcome?.status, outcome?.message_id], ["completed", "message-of-a"]);
  assert.equal(database.contentOf("a"), "Once upon");
  transcript.append(" more");
  assert.deepEqual(await finish("fence-1"), outcome);
  assert.equal(database.contentOf("a"), "Once upon");
});

Deno.test("the sweep of what was cancelled is a cancel, and its worker has nothing more to say", async () => {
  const database = makeDatabase();
  database.admit("a");
  await database.beat([makeEntry("a", "Once")]);
  await database.cancel("user-1", "a");
  database.sweep("a");
  const finished = await database.finish("a", "fence-1", makeEnding("completed"), makeText("Once upon"));
  assert.equal(finished?.status, "cancelled");
  assert.equal(database.contentOf("a"), "Once");
});

Deno.test("a read gives each reader the chunks that end behind the offset, then the whole message", async () => {
  const database = makeDatabase();
  database.admit("a");
  await database.beat([makeEntry("a", "Once")]);
  await database.beat([makeEntry("a", " upon", 4)]);
  const readings = (...froms: number[]) => froms.map((from) => ({ userId: "user-1", streamId: "a", from }));
  const parts = async (...froms: number[]) =>
    (await database.read(readings(...froms))).map((view) => [view!.start, view!.text]);
  assert.deepEqual(await parts(0, 3, 4, 8, 9, 99), [
    [0, "Once upon"],
    [0, "Once upon"],
    [4, " upon"],
    [4, " upon"],
    [null, null],
    [null, null],
  ]);
  await database.finish("a", "fence-1", makeEnding("completed"), { ...makeText("Once upon"), storedUnits: 9 });
  assert.deepEqual(await parts(0, 9, 99), Array(3).fill([0, "Once upon"]));
  database.forget("a");
  const [forgotten] = await database.read(readings(0));
  assert.equal(forgotten!.generation, null);
  assert.equal(forgotten!.message!.id, "message-of-a");
  assert.equal(forgotten!.text, "Once upon");
});

Deno.test("while it is away every call fails, and none changes anything", async () => {
  const database = makeDatabase();
  database.admit("a");
  const failure = away();
  database.failure = failure;
  const calls = [
    database.begin("user-1", "b", "fence-b", request),
    database.beat([makeEntry("a", "Once")]),
    database.finish("a", "fence-1", makeEnding("failed"), makeText()),
    database.cancel("user-1", "a"),
    database.read([{ userId: "user-1", streamId: "a", from: 0 }]),
  ];
  for (const result of await Promise.allSettled(calls)) {
    assert.equal(result.status, "rejected");
    assert.equal(result.reason, failure);
  }
  assert.deepEqual([...database.rows.keys()], ["a"]);
  assert.equal(database.rows.get("a")!.outcome, null);
  assert.equal(database.rows.get("a")!.textUnits, 0);
  assert.equal(database.rows.get("a")!.cancelRequested, false);
});
