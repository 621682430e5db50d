/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { shortened, titleOf } from "./titles.ts";

Deno.test("titleOf() leaves out what many prompts begin with", () => {
  equal(titleOf("Tell me a story about the sea."), "The sea");
  equal(titleOf("please write a short story of a fox"), "A fox");
  equal(titleOf("Tell me about owls"), "About owls");
  equal(titleOf("Once upon a time"), "Once upon a time");
});

Deno.test("shortened() ends at a word and makes one line of several", () => {
  equal(shortened("one\n two", 20), "one two");
  equal(shortened("The lighthouse, and its keeper", 18), "The lighthouse…");
  equal(shortened("x".repeat(30), 10), "x".repeat(10) + "…");
});

Deno.test("shortened() cuts no character in two", () => {
  equal(shortened("🐉".repeat(5), 3), "🐉🐉🐉…");
});
