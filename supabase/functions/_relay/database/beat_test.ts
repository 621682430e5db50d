import assert from "node:assert/strict";
import { makeRpc } from "../testing/rpc.ts";
import { beat } from "./beat.ts";

Deno.test("a beat gives ids, fences and pieces in the same order, and nothing else of a generation", async () => {
  const answer = { stored: { b: 13 }, cancelled: ["b"], lost: ["a"] };
  const { rpc, calls } = makeRpc(answer);
  const generations = [{ streamId: "a", fence: "fence-a", piece: { start: 0, end: 6, text: "é 🐉\n!" }, stop() {} }, {
    streamId: "b",
    fence: "fence-b",
    piece: { start: 13, end: 13, text: "" },
    stop() {},
  }];
  assert.deepEqual(await beat(rpc, generations, 15_000), answer);
  assert.deepEqual(calls, [{
    name: "relay_beat",
    args: {
      stream_ids: ["a", "b"],
      fences: ["fence-a", "fence-b"],
      lease_ms: 15_000,
      starts: [0, 13],
      ends: [6, 13],
      texts: ["é 🐉\n!", ""],
    },
  }]);
});

Deno.test("a beat of no generations is one too", async () => {
  const { rpc, calls } = makeRpc({ stored: {}, cancelled: [], lost: [] });
  await beat(rpc, [], 1);
  assert.deepEqual(calls[0].args, { stream_ids: [], fences: [], lease_ms: 1, starts: [], ends: [], texts: [] });
});
