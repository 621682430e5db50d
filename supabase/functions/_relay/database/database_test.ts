import assert from "node:assert/strict";
import { makePlatform } from "../testing/platform.ts";
import { createDatabase } from "./database.ts";

/** A database that answers every call with `{}`, and the paths and bodies that it was sent. */
function make() {
  const calls: [string, Record<string, unknown>][] = [];
  const database = createDatabase(
    makePlatform({ configuration: { leaseMs: 9_000 } }),
    {
      fetch: (input, init) => {
        calls.push([new URL(String(input)).pathname, JSON.parse(String(init!.body))]);
        return Promise.resolve(Response.json({}));
      },
    },
  );
  return { calls, database };
}

Deno.test("each method is one call of its SQL function", async () => {
  const { calls, database } = make();
  await database.begin("user-1", "stream-1", "fence-1", { prompt: "Hi", on_disconnect: "stop" });
  await database.beat([{ streamId: "stream-1", fence: "fence-1", piece: { start: 3, end: 5, text: "🐉" } }]);
  await database.finish("stream-1", "fence-1", {
    status: "cancelled",
    finishReason: "cancelled",
    errorCode: null,
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
  }, { storedUnits: 5, from: (offset) => `text from ${offset}` });
  await database.cancel("user-1", "stream-1");
  await database.read([{ userId: "user-1", streamId: "stream-1", from: 5 }]);
  await database.metrics();
  await database.countRefusals(new Map([["forbidden", 3], ["internal", 1]]));
  assert.deepEqual(
    calls.map(([path]) => path),
    ["begin", "beat", "finish", "cancel", "read", "metrics", "count_refusals"]
      .map((name) => `/rest/v1/rpc/relay_${name}`),
  );
  const [begin, beat, finish, cancel, read, metrics, refusals] = calls.map(([, args]) => args);
  assert.deepEqual([
    begin.user_id,
    begin.stream_id,
    begin.prompt,
    begin.fence,
    begin.lease_ms,
  ], ["user-1", "stream-1", "Hi", "fence-1", 9_000]);
  assert.deepEqual(beat, {
    stream_ids: ["stream-1"],
    fences: ["fence-1"],
    lease_ms: 9_000,
    starts: [3],
    ends: [5],
    texts: ["🐉"],
  });
  assert.deepEqual([
    finish.stream_id,
    finish.fence,
    finish.status,
    finish.start_at,
    finish.content,
  ], ["stream-1", "fence-1", "cancelled", 5, "text from 5"]);
  assert.deepEqual(cancel, { user_id: "user-1", stream_id: "stream-1" });
  assert.deepEqual(read, { user_ids: ["user-1"], stream_ids: ["stream-1"], from_units: [5] });
  assert.deepEqual(metrics, {});
  assert.deepEqual(refusals, { codes: ["forbidden", "internal"], counts: [3, 1] });
});
