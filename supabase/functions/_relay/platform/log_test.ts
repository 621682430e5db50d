import assert from "node:assert/strict";
import { createLog } from "./log.ts";

/** A log that keeps its lines, at one moment. */
function makeLog() {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), () => new Date("2026-01-02T03:04:05.678Z"));
  return { lines, log };
}

function causeOf(cause: unknown): unknown {
  const { lines, log } = makeLog();
  log("error", "request_failed", { cause });
  return JSON.parse(lines[0]).cause;
}

Deno.test("log() writes one line of JSON: time, level, event, then the fields", () => {
  const { lines, log } = makeLog();
  log("info", "generation_ended", { stream_id: "s", latency_ms: 12 });
  assert.deepEqual(lines, [
    '{"timestamp":"2026-01-02T03:04:05.678Z","level":"info","event":"generation_ended","stream_id":"s","latency_ms":12}',
  ]);
});

Deno.test("log() needs no fields, keeps null and leaves undefined out", () => {
  const { lines, log } = makeLog();
  log("warn", "worker_started");
  log("warn", "worker_started", { bot_id: null, user_id: undefined });
  assert.deepEqual(lines, [
    '{"timestamp":"2026-01-02T03:04:05.678Z","level":"warn","event":"worker_started"}',
    '{"timestamp":"2026-01-02T03:04:05.678Z","level":"warn","event":"worker_started","bot_id":null}',
  ]);
});

Deno.test("log() keeps a line break inside a field from making a second line", () => {
  const { lines, log } = makeLog();
  log("info", "x", { reason: "a\nb\r\u2028c" });
  assert.equal(lines.length, 1);
  assert.ok(!/[\n\r]/.test(lines[0]));
  assert.equal(JSON.parse(lines[0]).reason, "a\nb\r\u2028c");
});

Deno.test("log() names an error and its causes, without stacks", () => {
  const root = new TypeError("connection refused");
  const middle = new Error("no answer", { cause: root });
  assert.equal(
    causeOf(new RangeError("no key set", { cause: middle })),
    "RangeError: no key set; caused by Error: no answer; caused by TypeError: connection refused",
  );
});

Deno.test("log() takes any value for a cause, and shows only what is text", () => {
  assert.equal(causeOf("terminated"), "terminated");
  assert.equal(causeOf({ access_key: "secret" }), "object");
  assert.equal(causeOf(42), "number");
  assert.equal(causeOf(null), "");
  assert.equal(causeOf(undefined), undefined);
  assert.equal(causeOf(new Error("a", { cause: { access_key: "secret" } })), "Error: a; caused by object");
});

Deno.test("log() ends a circle of causes, and bounds a long one", () => {
  const error = new Error("again");
  error.cause = error;
  assert.equal(causeOf(error), Array(5).fill("Error: again").join("; caused by "));
  assert.equal((causeOf("x".repeat(1_000_000)) as string).length, 2_000);
});

Deno.test("log() writes to the console, where the platform collects it", () => {
  const own = console.error;
  const lines: string[] = [];
  console.error = (line: string) => lines.push(line);
  try {
    createLog()("info", "worker_started");
  } finally {
    console.error = own;
  }
  assert.equal(lines.length, 1);
  const { timestamp, ...rest } = JSON.parse(lines[0]);
  assert.equal(new Date(timestamp).toISOString(), timestamp);
  assert.deepEqual(rest, { level: "info", event: "worker_started" });
});
