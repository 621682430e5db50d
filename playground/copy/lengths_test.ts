/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { tooLong } from "./lengths.ts";

Deno.test("a message that is too long is said so, with how much", () => {
  equal(tooLong("x".repeat(1_048_576)), null);
  equal(tooLong("x".repeat(1_048_578)), "This has 1,048,578 characters, 2 more than a message can have.");
});
