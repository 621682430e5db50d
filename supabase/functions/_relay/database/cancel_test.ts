import assert from "node:assert/strict";
import { makeRpc } from "../testing/rpc.ts";
import { cancel } from "./cancel.ts";

Deno.test("a cancel names the user and the stream, and answers with the status alone", async () => {
  for (const status of ["cancelling", "completed", "interrupted"]) {
    const { rpc, calls } = makeRpc({ status });
    assert.equal(await cancel(rpc, "user-1", "stream-1"), status);
    assert.deepEqual(calls, [{ name: "relay_cancel", args: { user_id: "user-1", stream_id: "stream-1" } }]);
  }
});

Deno.test("a cancel of what is unknown, or another user's, is null", async () => {
  const { rpc } = makeRpc(null);
  assert.equal(await cancel(rpc, "user-1", "stream-1"), null);
});
