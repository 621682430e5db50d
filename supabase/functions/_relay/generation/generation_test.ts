import assert from "node:assert/strict";
import { LOG_FIELDS, makeAdmitted, makeGeneration, makeSeat } from "../testing/generation.ts";
import { logFields } from "./generation.ts";

Deno.test("log fields name the generation, and hold nothing of its text or the key", () => {
  assert.deepEqual(logFields(makeAdmitted({ request: { system: "secret" } })), LOG_FIELDS);
});

Deno.test("when the last reader has left, only a generation under stop is stopped", async () => {
  for (const on_disconnect of ["stop", "continue"] as const) {
    const generation = makeGeneration(undefined, "", { request: { on_disconnect } });
    const bodies = [generation.readers.attach(null, makeSeat()), generation.readers.attach(null, makeSeat())];
    await bodies[0].cancel();
    assert.equal(generation.signal.aborted, false);
    await bodies[1].cancel();
    assert.equal(generation.signal.reason?.kind, on_disconnect === "stop" ? "disconnected" : undefined);
  }
});
