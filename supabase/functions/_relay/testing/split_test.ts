import assert from "node:assert/strict";
import { makeRandom, makeText, splitEverywhere, splitRandomly } from "./split.ts";

Deno.test("splitEverywhere() gives the whole, the units and each single cut, of text and of bytes", () => {
  assert.deepEqual([...splitEverywhere("abc")], [["abc"], ["a", "b", "c"], ["a", "bc"], ["ab", "c"]]);
  const [one, two] = [new Uint8Array([1]), new Uint8Array([2])];
  assert.deepEqual([...splitEverywhere(new Uint8Array([1, 2]))], [[new Uint8Array([1, 2])], [one, two], [one, two]]);
  assert.deepEqual([...splitEverywhere("")], [[""], [""]]);
});

Deno.test("splitRandomly() loses nothing, and the same seed gives the same cuts and texts", () => {
  const [one, other] = [makeRandom(7), makeRandom(7)];
  const counts = new Set<number>();
  for (let round = 0; round < 100; round++) {
    const parts = splitRandomly("abcdef", one);
    assert.equal(parts.join(""), "abcdef");
    assert.deepEqual(splitRandomly("abcdef", other), parts);
    counts.add(parts.length);
  }
  assert.deepEqual([...counts].sort(), [1, 2, 3, 4, 5, 6]);
  assert.equal(makeText(["a", "b"], 8, one), makeText(["a", "b"], 8, other));
});
