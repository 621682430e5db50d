import assert from "node:assert/strict";
import { bytesIn, MESSAGE_BYTES } from "../protocol/sizes.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeRpc } from "../testing/rpc.ts";
import { beginMemory } from "./begin_memory.ts";

const platform = makePlatform({ configuration: { leaseMs: 15_000 } });
const START = {
  ...{ userId: "user-1", streamId: "stream-2", fence: "fence-2", botId: 7, messageId: 12, task: "Résumé, please" },
  kind: "memory" as const,
  ...{ maxContext: 200_000, maxRoom: 4_000_000 },
};

Deno.test("a memory is asked for with the bytes of its task, and ids as texts", async () => {
  const { rpc, calls } = makeRpc(null);
  assert.equal(await beginMemory(rpc, platform, START), null);
  assert.deepEqual(calls, [{
    name: "relay_begin_memory",
    args: {
      ...{ user_id: "user-1", stream_id: "stream-2", worker_id: platform.workerId, message_id: "12", bot_id: "7" },
      ...{ lease_ms: 15_000, max_context: 200_000, fence: "fence-2", max_room: 4_000_000 },
      task_bytes: bytesIn("Résumé, please") + MESSAGE_BYTES,
      kind: "memory",
    },
  }]);
});

Deno.test("a path that is too long says how long it is, and any other refusal is none of its business", async () => {
  const admission = { parent_id: 12, context: [], memory: null, left_out: 0 };
  for (
    const [answer, wanted] of [
      [{ outcome: "admitted", ...admission }, { admission }],
      [{ outcome: "refused", code: "payload_too_large", characters: 300_000 }, { characters: 300_000 }],
      [{ outcome: "refused", code: "context_exceeded", tokens: 9 }, null],
      [null, null],
    ]
  ) assert.deepEqual(await beginMemory(makeRpc(answer).rpc, platform, START), wanted);
});
