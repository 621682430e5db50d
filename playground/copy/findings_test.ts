/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { findingsOf, type TestOutcome } from "./findings.ts";

const marked = (test: TestOutcome) =>
  findingsOf(test).map(({ text, isGood }) => `${isGood === null ? "?" : isGood ? "+" : "-"} ${text}`);

Deno.test("findingsOf() goes through address, key, model and window", () => {
  const test = { ok: true, model: "m1", is_listed: true, context_tokens: 131_072, first_token_ms: 1_260 } as const;
  equal(marked(test), [
    "+ The address answers: its first word came within 1.3 s.",
    "+ The key is taken, or none is needed.",
    "+ m1 answers.",
    "+ It reads 131,072 tokens at once.",
  ]);
  equal(marked({ ...test, is_listed: null })[2], "+ m1 answers.");
  equal(marked({ ...test, is_listed: false, context_tokens: null }).slice(2), [
    "? m1 answers, although the provider does not list it.",
    "? How much it reads at once is not said.",
  ]);
});

Deno.test("findingsOf() says what has worked before a failure", () => {
  const failed = (code: "provider_auth" | "provider_timeout" | "unreachable") =>
    marked({ ok: false, error: { code, message: "" } });
  equal(failed("provider_auth"), ["+ The address answers.", "- The provider rejected this bot’s key."]);
  equal(failed("provider_timeout"), ["- The provider stopped responding."]);
  equal(failed("unreachable"), ["- Could not reach the relay."]);
});
