import assert from "node:assert/strict";
import { makeRandom, makeText, splitEverywhere, splitRandomly } from "../testing/split.ts";
import { TextCleaner } from "./clean_text.ts";

function clean(parts: string[]): string {
  const cleaner = new TextCleaner();
  return parts.map((part) => cleaner.clean(part)).join("") + cleaner.end();
}

/** The rule, for a text that is there as a whole. */
function expected(whole: string): string {
  return whole.replaceAll("\0", "").replaceAll("\r\n", "\n").replaceAll("\r", "\n").toWellFormed();
}

const DRAGON = "🐉";
const [HIGH, LOW] = [DRAGON[0], DRAGON[1]];

/** What the rule says, so that it is right itself. */
const CASES: [string, string][] = [
  [" spaces\tand tabs ", " spaces\tand tabs "],
  ["one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"],
  ["\r\r\n\n\r", "\n\n\n\n"],
  ["\r\0\nb\0", "\nb"],
  [`${HIGH}\0${LOW}`, DRAGON],
  [`${HIGH}\r${LOW}`, "\uFFFD\n\uFFFD"],
  [`${HIGH}${HIGH}${LOW}a${HIGH}`, `\uFFFD${DRAGON}a\uFFFD`],
  ["\uFEFFmark", "\uFEFFmark"],
];

Deno.test("a text comes out the same wherever it was split, and as the rule says for texts made by chance", () => {
  const random = makeRandom(2);
  const parts = ["\r", "\n", "\r\n", "\0", HIGH, LOW, DRAGON, "a", " "];
  const texts = Array.from({ length: 300 }, () => makeText(parts, random(10), random));
  for (const [whole, wanted] of [...CASES, ...texts.map((text): [string, string] => [text, expected(text)])]) {
    assert.equal(expected(whole), wanted, JSON.stringify(whole));
    const splits = Array.from({ length: 10 }, () => splitRandomly(whole, random));
    for (const parts of [...splitEverywhere(whole), ...splits]) {
      assert.equal(clean(parts), wanted, JSON.stringify(parts));
    }
  }
});

Deno.test("what can be shown is given at once, and half a character never; the end gives what was held back, once", () => {
  const cleaner = new TextCleaner();
  const steps = [[`a${HIGH}`, "a"], ["", ""], ["\0", ""], [`${LOW}b`, `${DRAGON}b`], ["c\r", "c\n"], ["\nd", "d"]];
  for (const [part, wanted] of [...steps, [HIGH, ""]]) assert.equal(cleaner.clean(part), wanted);
  assert.deepEqual([cleaner.end(), cleaner.end()], ["\uFFFD", ""]);
});
