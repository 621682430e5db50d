import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { endingOf, interruption, Stop } from "./stop.ts";

const timeout = new RelayError("timeout", "Too long");
const silence = new RelayError("provider_timeout", "Too quiet");
const refused = new RelayError("provider_auth", "Refused");

Deno.test("each reason has its ending", () => {
  const cases: [Stop, ...unknown[]][] = [
    [new Stop("cancelled"), "cancelled", "cancelled", null],
    [new Stop("disconnected"), "disconnected", "disconnected", null],
    [interruption("shutdown"), "interrupted", "interrupted", "interrupted"],
    [interruption("lost"), "interrupted", "interrupted", "interrupted"],
    [new Stop("timeout", timeout), "failed", "timeout", "timeout"],
    [new Stop("timeout", silence), "failed", "timeout", "provider_timeout"],
    [new Stop("timeout"), "failed", "timeout", "timeout"],
    [new Stop("failed", refused), "failed", "error", "provider_auth"],
    [new Stop("failed"), "failed", "error", "internal"],
  ];
  for (const [stop, status, finishReason, errorCode] of cases) {
    assert.deepEqual(endingOf(stop), { status, finishReason, errorCode }, stop.message);
  }
});

Deno.test("a stop names its kind, and keeps the error as its cause", () => {
  const stop = new Stop("failed", refused);
  assert.ok(stop instanceof Error);
  assert.deepEqual(
    [stop.name, stop.message, stop.kind, stop.error, stop.cause],
    ["Stop", "The generation was stopped: failed", "failed", refused, refused],
  );
  assert.deepEqual([new Stop("cancelled").error, new Stop("cancelled").cause], [null, undefined]);
});

Deno.test("an interruption tells the client that it may ask again", () => {
  for (const kind of ["shutdown", "lost"] as const) {
    const { error } = interruption(kind);
    assert.deepEqual([error?.code, error?.message, error?.retryable], [
      "interrupted",
      "The generation was interrupted: its worker ended, and what was written is stored",
      true,
    ]);
  }
});
