import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeRpc } from "../testing/rpc.ts";
import { createDatabase, type Database } from "./database.ts";

const platform = makePlatform({ configuration: { leaseMs: 9_000 } });

/** Calls that no scenario distinguishes: the SQL function and the arguments, what it answers, and what the caller gets. */
const CALLS: [
  call: (database: Database) => Promise<unknown>,
  name: string,
  args: object,
  answer: unknown,
  got: unknown,
][] = [
  [
    (database) => database.beat([]),
    "relay_beat",
    { stream_ids: [], fences: [], lease_ms: 9_000, starts: [], ends: [], texts: [], sent_to_others: [] },
    // As JSON.parse makes it: the name is a field of its own.
    JSON.parse('{"stored":{"__proto__":1,"constructor":2},"cancelled":[],"lost":["toString"]}'),
    { stored: new Map([["__proto__", 1], ["constructor", 2]]), cancelled: [], lost: ["toString"] },
  ],
  [
    (database) => database.countRefusals({ refusals: new Map([["forbidden", 3]]), errorLines: new Map() }),
    "relay_count_refusals",
    { codes: ["forbidden"], counts: [3] },
    {},
    undefined,
  ],
  [
    (database) => database.countRefusals({ refusals: new Map(), errorLines: new Map([["message_lost", 2]]) }),
    "relay_count_refusals",
    { codes: [], counts: [], events: ["message_lost"], lines: [2] },
    {},
    undefined,
  ],
];

Deno.test("each method calls its function with its arguments and nothing else, and fails as the call does", async () => {
  for (const [call, name, args, answer, got] of CALLS) {
    const { rpc, calls } = makeRpc(answer);
    assert.deepEqual(await call(createDatabase(platform, rpc)), got);
    assert.deepEqual(calls, [{ name, args }]);
    const failure = new RelayError("unavailable");
    const failing = createDatabase(platform, () => Promise.reject(failure));
    await assert.rejects(call(failing), (error) => error === failure);
  }
});
