import assert from "node:assert/strict";
import { MAX_LOG_FIELD_UNITS } from "../protocol/limits.ts";
import { createLog, type LogFields } from "./log.ts";

const HEAD = '{"timestamp":"2026-01-02T03:04:05.678Z","level":"warn","event":"worker_started"';

/** The line of these fields. */
function lineOf(fields?: LogFields): string {
  const lines: string[] = [];
  createLog((line) => lines.push(line), () => new Date("2026-01-02T03:04:05.678Z"))("warn", "worker_started", fields);
  assert.equal(lines.length, 1);
  return lines[0];
}

const causeOf = (cause: unknown) => JSON.parse(lineOf({ cause })).cause;

Deno.test("a line is one of JSON: time, level, event, then the fields; null is kept, undefined left out", () => {
  assert.equal(lineOf(), `${HEAD}}`);
  const fields = { stream_id: "s", latency_ms: 12, bot_id: null, user_id: undefined };
  assert.equal(lineOf(fields), `${HEAD},"stream_id":"s","latency_ms":12,"bot_id":null}`);
  assert.doesNotMatch(lineOf({ reason: "a\nb\r\u2028c" }), /[\n\r]/);
});

Deno.test("a cause is named with its own causes, without stacks, and shows only what is text; bounded", () => {
  const middle = new Error("no answer", { cause: new TypeError("connection refused") });
  const circle = new Error("again");
  circle.cause = circle;
  const cases: [unknown, unknown][] = [
    [
      new RangeError("no key set", { cause: middle }),
      "RangeError: no key set; caused by Error: no answer; caused by TypeError: connection refused",
    ],
    ["terminated", "terminated"],
    [{ access_key: "secret" }, "object"],
    [new Error("a", { cause: { access_key: "secret" } }), "Error: a; caused by object"],
    [42, "number"],
    [null, ""],
    [undefined, undefined],
    [circle, Array(5).fill("Error: again").join("; caused by ")],
    ["x".repeat(1_000_000), "x".repeat(2_000)],
  ];
  for (const [cause, wanted] of cases) assert.equal(causeOf(cause), wanted);
});

Deno.test("each field has a bound, the longest line one below the platform's", () => {
  const model = (length: number) => JSON.parse(lineOf({ model: "m".repeat(length) })).model;
  assert.equal(model(MAX_LOG_FIELD_UNITS), "m".repeat(MAX_LOG_FIELD_UNITS));
  assert.equal(model(MAX_LOG_FIELD_UNITS + 1), `${"m".repeat(MAX_LOG_FIELD_UNITS - 1)}…`);
  const long = "x".repeat(1_000_000);
  const names =
    "request_id worker_id user_id bot_id conversation_id stream_id model outcome finish_reason code method path reason";
  const fields: LogFields = Object.fromEntries([...names.split(" "), "cause"].map((name) => [name, long]));
  assert.ok(lineOf(fields).length < 10_000);
});
