import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { makeRpc } from "../testing/rpc.ts";
import { read } from "./read.ts";

Deno.test("a read gives users, ids and offsets in the same order, and nothing else of a watcher", async () => {
  const views = [null, { generation: null, start: null, text: null }];
  const { rpc, calls } = makeRpc(views);
  const watchers = [{ userId: "user-1", streamId: "a", from: 0, writer: {} }, {
    userId: "user-2",
    streamId: "b",
    from: 17,
    writer: {},
  }];
  assert.deepEqual(await read(rpc, watchers), views);
  assert.deepEqual(calls, [{
    name: "relay_read",
    args: { user_ids: ["user-1", "user-2"], stream_ids: ["a", "b"], from_units: [0, 17] },
  }]);
});

Deno.test("what the rpc rejects a read with goes on as it is", async () => {
  const failure = new RelayError("unavailable", "Cannot reach the database");
  await assert.rejects(read(() => Promise.reject(failure), []), (error) => error === failure);
});
