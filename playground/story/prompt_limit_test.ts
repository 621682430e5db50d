/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { isTooLong, MAX_PROMPT_CHARACTERS, promptLength } from "./prompt_limit.ts";

Deno.test("a prompt is counted in code points, without the white space around it", () => {
  equal(promptLength("x".repeat(27_999)), null);
  equal(promptLength(`  ${"x".repeat(30_000)}\n`), { characters: 30_000, isTooLong: false });
  equal(promptLength("🐉".repeat(20_000)), null);
  equal(promptLength("🐉".repeat(32_000)), { characters: 32_000, isTooLong: false });
  equal(promptLength("🐉".repeat(32_001)), { characters: 32_001, isTooLong: true });
  equal(promptLength("\ud83d".repeat(40_000)), { characters: 40_000, isTooLong: true });
  for (const text of ["🐉x".repeat(16_000), "x\ud83d".repeat(16_000)]) {
    equal(promptLength(text)?.characters, [...text].length);
  }
});

Deno.test("isTooLong() begins one character after the limit", () => {
  equal([0, 1].map((more) => isTooLong("x".repeat(MAX_PROMPT_CHARACTERS + more))), [false, true]);
});
