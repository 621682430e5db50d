import { deepStrictEqual as equal } from "node:assert/strict";
import { RelayClientError, type Result } from "../client/client.ts";
import { exitCodeOf, summaryOf } from "./story_end.ts";

function makeResult(overrides: Partial<Result>) {
  return {
    outcome: "completed",
    streamId: "s1",
    text: "Once",
    messageId: "a1",
    finishReason: "stop",
    usage: null,
    error: null,
    ...overrides,
  } as Result;
}

Deno.test("the end of a story says how it ended, and what was stored", () => {
  const error = new RelayClientError("provider_timeout", "It took too long");
  const cases: [Partial<Result>, string, number][] = [
    [{}, "The end (stop): stored as message a1, 4 characters", 0],
    [{ messageId: null }, "The end (stop): the relay is still storing it", 0],
    [{ outcome: "cancelled" }, "Stopped: stored as message a1, 4 characters", 130],
    [{ outcome: "cancelled", text: "", messageId: null }, "Stopped: nothing was stored", 130],
    [{ outcome: "disconnected" }, "The relay lost its reader: stored as message a1, 4 characters", 1],
    [
      { outcome: "failed", error, text: "", messageId: null },
      "It took too long (provider_timeout): nothing was stored",
      1,
    ],
  ];
  for (const [overrides, summary, code] of cases) {
    const result = makeResult(overrides);
    equal([summaryOf(result), exitCodeOf(result)], [summary, code]);
  }
});
