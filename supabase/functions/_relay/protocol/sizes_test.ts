import assert from "node:assert/strict";
import { makeRandom, makeText } from "../testing/split.ts";
import { bytesIn, charactersIn } from "./sizes.ts";

Deno.test("a text is measured in characters, and in the bytes of UTF-8", () => {
  const random = makeRandom(5);
  for (let round = 0; round < 200; round++) {
    const text = makeText(["a", "\n", "\x7f", "é", "߿", "ࠀ", "￿", "日", "🐉", "\u{10ffff}"], random(30), random);
    assert.equal(bytesIn(text), new TextEncoder().encode(text).length);
    assert.equal(charactersIn(text), [...text].length);
  }
});
