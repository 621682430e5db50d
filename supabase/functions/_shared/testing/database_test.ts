import assert from "node:assert/strict";
import type { Ending, EndStatus } from "../database/finish.ts";
import { away, makeDatabase } from "./database.ts";

function makeEnding(status: EndStatus, content = "text"): Ending {
  return {
    status,
    finishReason: status === "completed" ? "stop" : status,
    errorCode: status === "failed" ? "internal" : null,
    content,
    usage: null,
    firstTokenMs: null,
  };
}

const request = { prompt: "Hi", on_disconnect: "stop" } as const;

Deno.test("begin admits a stream_id once", async () => {
  const database = makeDatabase();
  const first = await database.begin("user-1", "a", request);
  assert.ok("admission" in first);
  assert.equal(first.admission.fence, database.rows.get("a")!.fence);
  for (const user of ["user-1", "user-2"]) {
    const again = await database.begin(user, "a", request);
    assert.ok("refusal" in again);
    assert.equal(again.refusal.code, "stream_id_taken");
  }
});

Deno.test("the first finish that shows the fence counts, and every later one is told its outcome", async () => {
  const database = makeDatabase();
  database.admit("a", "fence-a");
  assert.equal(
    await database.finish("a", "another", makeEnding("failed")),
    null,
  );
  const outcome = {
    status: "completed",
    finish_reason: "stop",
    error_code: null,
    message_id: "message-of-a",
    is_complete: true,
  };
  for (const status of ["completed", "failed", "cancelled"] as const) {
    assert.deepEqual(
      await database.finish("a", "fence-a", makeEnding(status)),
      outcome,
    );
  }
  assert.equal(
    await database.finish("b", "fence-b", makeEnding("failed")),
    null,
  );
});

Deno.test("a cancel that came first wins, one that comes later is told how it ended", async () => {
  const database = makeDatabase();
  database.admit("a");
  assert.equal(await database.cancel("user-2", "a"), null);
  assert.equal(await database.cancel("user-1", "b"), null);
  assert.equal(await database.cancel("user-1", "a"), "cancelling");
  const outcome = await database.finish(
    "a",
    "fence-1",
    makeEnding("completed"),
  );
  assert.deepEqual(
    [outcome?.status, outcome?.finish_reason, outcome?.is_complete],
    ["cancelled", "cancelled", false],
  );
  assert.equal(await database.cancel("user-1", "a"), "cancelled");
});

Deno.test("an ending without text has no message", async () => {
  const database = makeDatabase();
  database.admit("a");
  const outcome = await database.finish(
    "a",
    "fence-1",
    makeEnding("failed", ""),
  );
  assert.equal(outcome?.message_id, null);
});

Deno.test("a beat tells what was cancelled, and what is not the worker's", async () => {
  const database = makeDatabase();
  for (const id of ["a", "b", "c"]) database.admit(id);
  await database.cancel("user-1", "b");
  database.sweep("c");
  const fence = "fence-1";
  const ids = ["a", "b", "c", "d"];
  assert.deepEqual(
    await database.beat(ids.map((streamId) => ({ streamId, fence }))),
    { cancelled: ["b"], lost: ["c", "d"] },
  );
});

Deno.test("while it is away every call fails, and none changes anything", async () => {
  const database = makeDatabase();
  database.admit("a");
  const failure = away();
  database.failure = failure;
  const calls = [
    database.begin("user-1", "b", request),
    database.beat([]),
    database.finish("a", "fence-1", makeEnding("failed")),
    database.cancel("user-1", "a"),
  ];
  for (const result of await Promise.allSettled(calls)) {
    assert.equal(result.status, "rejected");
    assert.equal(result.reason, failure);
  }
  assert.deepEqual([...database.rows.keys()], ["a"]);
  assert.equal(database.rows.get("a")!.outcome, null);
  assert.equal(database.rows.get("a")!.cancelRequested, false);
});
