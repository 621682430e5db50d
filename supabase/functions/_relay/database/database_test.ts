import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { MAX_READ_UNITS } from "../protocol/limits.ts";
import { makePlatform } from "../testing/platform.ts";
import { makeRpc } from "../testing/rpc.ts";
import { createDatabase, type Database } from "./database.ts";

const platform = makePlatform({ configuration: { leaseMs: 9_000 } });
const BEAT_ANSWER = { stored: { b: 13 }, cancelled: ["b"], lost: ["a"] };

/** What a caller has that a call does not need. */
const more = { stop() {}, stream: {} };
const sent = (toOthers: number) => ({ sent: { units: 20, toOthers } });

/** Each call, with the SQL function and the arguments that it becomes, what that answers, and what the caller gets. */
const CALLS: [
  call: (database: Database) => Promise<unknown>,
  name: string,
  args: object,
  answer: unknown,
  got?: unknown,
][] = [
  [
    (database) =>
      database.beat([
        { streamId: "a", fence: "fence-a", chunk: { start: 0, end: 6, text: "é 🐉\n!" }, ...more, ...sent(0) },
        { streamId: "b", fence: "fence-b", chunk: { start: 13, end: 13, text: "" }, ...more, ...sent(9) },
      ]),
    "relay_beat",
    {
      stream_ids: ["a", "b"],
      fences: ["fence-a", "fence-b"],
      lease_ms: 9_000,
      starts: [0, 13],
      ends: [6, 13],
      texts: ["é 🐉\n!", ""],
      sent_to_others: [0, 9],
    },
    BEAT_ANSWER,
    { ...BEAT_ANSWER, stored: new Map(Object.entries(BEAT_ANSWER.stored)) },
  ],
  [
    (database) => database.beat([]),
    "relay_beat",
    { stream_ids: [], fences: [], lease_ms: 9_000, starts: [], ends: [], texts: [], sent_to_others: [] },
    // As JSON.parse makes it: the name is a field of its own.
    JSON.parse('{"stored":{"__proto__":1,"constructor":2},"cancelled":[],"lost":["toString"]}'),
    { stored: new Map([["__proto__", 1], ["constructor", 2]]), cancelled: [], lost: ["toString"] },
  ],
  [
    (database) => database.cancel("user-1", "a", 17),
    "relay_cancel",
    { user_id: "user-1", stream_id: "a", at: 17 },
    { stream_id: "a", status: "cancelling" },
    "cancelling",
  ],
  [
    (database) => database.cancel("user-1", "a", null),
    "relay_cancel",
    { user_id: "user-1", stream_id: "a", at: null },
    null,
  ],
  [
    (database) => database.running("user-1", "1"),
    "relay_running",
    { user_id: "user-1", conversation_id: "1" },
    "stream-1",
  ],
  [
    (database) =>
      database.read([{ userId: "user-1", streamId: "a", from: 0, ...more }, {
        userId: "user-2",
        streamId: "b",
        from: 17,
        ...more,
      }]),
    "relay_read",
    { user_ids: ["user-1", "user-2"], stream_ids: ["a", "b"], from_units: [0, 17], max_units: MAX_READ_UNITS },
    [null, { generation: null, start: null, end: null, text: null, more: false }],
  ],
  [(database) => database.metrics(), "relay_metrics", {}, [{ name: "sweeps_total", labels: {}, value: 4 }]],
  [
    (database) =>
      database.countRefusals({ refusals: new Map([["forbidden", 3], ["internal", 1]]), errorLines: new Map() }),
    "relay_count_refusals",
    { codes: ["forbidden", "internal"], counts: [3, 1] },
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

for (const [index, [call, name, args, answer, ...got]] of CALLS.entries()) {
  Deno.test(`a call is one of ${name}, with its arguments and nothing else: ${index}`, async () => {
    const { rpc, calls } = makeRpc(answer);
    assert.deepEqual(await call(createDatabase(platform, rpc)), got.length > 0 ? got[0] : answer);
    assert.deepEqual(calls, [{ name, args }]);
    const failure = new RelayError("unavailable");
    const failing = createDatabase(platform, () => Promise.reject(failure));
    await assert.rejects(call(failing), (error) => error === failure);
  });
}
