import assert from "node:assert/strict";
import { makeRandom, makeText, splitEverywhere, splitRandomly } from "./split.ts";

Deno.test("splitEverywhere() gives the whole, the units and each single cut", () => {
  assert.deepEqual([...splitEverywhere("abc")], [["abc"], ["a", "b", "c"], ["a", "bc"], ["ab", "c"]]);
});

Deno.test("splitEverywhere() cuts bytes as it cuts text", () => {
  assert.deepEqual([...splitEverywhere(new Uint8Array([1, 2]))], [
    [new Uint8Array([1, 2])],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Uint8Array([1]), new Uint8Array([2])],
  ]);
});

Deno.test("splitEverywhere() gives nothing more of what cannot be cut", () => {
  assert.deepEqual([...splitEverywhere("a")], [["a"], ["a"]]);
  assert.deepEqual([...splitEverywhere("")], [[""], [""]]);
});

Deno.test("splitRandomly() loses nothing", () => {
  const random = makeRandom(1);
  const counts = new Set<number>();
  for (let round = 0; round < 100; round++) {
    const pieces = splitRandomly("abcdef", random);
    assert.equal(pieces.join(""), "abcdef");
    counts.add(pieces.length);
  }
  assert.deepEqual([...counts].sort(), [1, 2, 3, 4, 5, 6]);
});

Deno.test("the same seed gives the same numbers and texts", () => {
  const [one, other] = [makeRandom(7), makeRandom(7)];
  for (let round = 0; round < 100; round++) {
    const number = one(10);
    assert.equal(number, other(10));
    assert.ok(Number.isInteger(number) && number >= 0 && number < 10);
  }
  assert.equal(makeText(["a", "b"], 8, one), makeText(["a", "b"], 8, other));
  assert.match(makeText(["a", "b"], 8, one), /^[ab]{8}$/);
});
