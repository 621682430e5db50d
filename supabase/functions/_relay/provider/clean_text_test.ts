import assert from "node:assert/strict";
import { makeRandom, makeText, splitEverywhere, splitRandomly } from "../testing/split.ts";
import { createTextCleaner } from "./clean_text.ts";

function clean(pieces: string[]): string {
  const cleaner = createTextCleaner();
  return pieces.map((piece) => cleaner.clean(piece)).join("") + cleaner.end();
}

/** The rule, for a text that is there as a whole. */
function expected(whole: string): string {
  return whole.replaceAll("\0", "").replaceAll("\r\n", "\n").replaceAll("\r", "\n").toWellFormed();
}

const DRAGON = "🐉";
const [HIGH, LOW] = [DRAGON[0], DRAGON[1]];

const CASES: [string, string][] = [
  ["", ""],
  ["plain text", "plain text"],
  [" spaces\tand tabs ", " spaces\tand tabs "],
  ["one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"],
  ["\r\n\r\n", "\n\n"],
  ["\r\r\n\n", "\n\n\n"],
  ["\n\r", "\n\n"],
  ["a\0b", "ab"],
  ["\0", ""],
  ["\r\0\n", "\n"],
  ["\r\0\0a", "\na"],
  [DRAGON, DRAGON],
  [`${HIGH}\0${LOW}`, DRAGON],
  [`${HIGH}\r${LOW}`, "\uFFFD\n\uFFFD"],
  [`\r${HIGH}\n`, "\n\uFFFD\n"],
  [`\r${DRAGON}\n`, `\n${DRAGON}\n`],
  [HIGH, "\uFFFD"],
  [LOW, "\uFFFD"],
  [`a${HIGH}`, "a\uFFFD"],
  [`${LOW}${HIGH}`, "\uFFFD\uFFFD"],
  [`${HIGH}${HIGH}${LOW}`, `\uFFFD${DRAGON}`],
  [`${HIGH}a`, "\uFFFDa"],
  ["\uFEFFmark", "\uFEFFmark"],
];

Deno.test("a text comes out the same wherever it was split", () => {
  for (const [whole, wanted] of CASES) {
    for (const pieces of splitEverywhere(whole)) {
      assert.equal(clean(pieces), wanted, JSON.stringify(pieces));
    }
    assert.equal(expected(whole), wanted, JSON.stringify(whole));
  }
});

Deno.test("texts made by chance come out as the rule says, however they were split", () => {
  const random = makeRandom(2);
  const parts = ["\r", "\n", "\r\n", "\0", HIGH, LOW, DRAGON, "a", " "];
  for (let round = 0; round < 300; round++) {
    const whole = makeText(parts, random(10), random);
    const wanted = expected(whole);
    for (const pieces of splitEverywhere(whole)) {
      assert.equal(clean(pieces), wanted, JSON.stringify(pieces));
    }
    for (let split = 0; split < 10; split++) {
      const pieces = splitRandomly(whole, random);
      assert.equal(clean(pieces), wanted, JSON.stringify(pieces));
    }
  }
});

Deno.test("what can be shown is given at once, and half a character never", () => {
  const cleaner = createTextCleaner();
  assert.equal(cleaner.clean(`a${HIGH}`), "a");
  assert.equal(cleaner.clean(""), "");
  assert.equal(cleaner.clean("\0"), "");
  assert.equal(cleaner.clean(`${LOW}b`), `${DRAGON}b`);
  assert.equal(cleaner.clean("c\r"), "c\n");
  assert.equal(cleaner.clean("\nd"), "d");
  assert.equal(cleaner.end(), "");
});

Deno.test("the end gives what was held back, once", () => {
  const cleaner = createTextCleaner();
  assert.equal(cleaner.clean(HIGH), "");
  assert.equal(cleaner.end(), "\uFFFD");
  assert.equal(cleaner.end(), "");
});
