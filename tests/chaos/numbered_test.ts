import assert from "node:assert/strict";
import { difference, story, token } from "./numbered.ts";

Deno.test("no token is like another, and each has its story's tag", () => {
  const tokens = Array.from({ length: 200 }, (_, place) => token("a", place, 0));
  assert.equal(new Set(tokens).size, 200);
  assert.ok(tokens.every((text) => text.startsWith("a-")));
});

Deno.test("a story has ends of lines and characters of two units among its tokens", () => {
  assert.match(story("a", 10, 0), /\n/);
  assert.match(story("a", 10, 0), /[\uD800-\uDBFF][\uDC00-\uDFFF]/);
});

Deno.test("a token with a size is ASCII of that size", () => {
  assert.equal(token("a", 3, 32), "a-000003 ".padEnd(32, "."));
  assert.equal(story("a", 3, 32).length, 96);
});

Deno.test("two texts differ where they part, and a prefix does not differ", () => {
  assert.equal(difference("abc", "abd"), 2);
  assert.equal(difference("abc", "abcdef"), -1);
  assert.equal(difference("", "abc"), -1);
});

Deno.test("a short token has its size, too, and is like no other", () => {
  const tokens = Array.from({ length: 2_000 }, (_, place) => token("a", place, 5));
  assert.ok(tokens.every((text) => text.length === 5));
  assert.equal(new Set(tokens).size, 2_000);
});
