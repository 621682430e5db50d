/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { shortened, titleOf } from "./titles.ts";

Deno.test("titleOf() leaves out how many prompts begin", () => {
  equal(titleOf("Tell me a story about the sea."), "The sea");
  equal(titleOf("please write a short story of a fox"), "A fox");
  equal(titleOf("Tell me about owls"), "About owls");
  equal(titleOf("Once upon a time"), "Once upon a time");
});

Deno.test("shortened() makes one line, ends at a word, and does not split a character", () => {
  equal(shortened("one\n two", 20), "one two");
  equal(shortened("The lighthouse, and its keeper", 18), "The lighthouse…");
  equal(shortened("x".repeat(30), 10), "x".repeat(10) + "…");
  equal(shortened("🐉".repeat(5), 3), "🐉🐉🐉…");
});
