import assert from "node:assert/strict";
import type { Delta } from "../provider/provider.ts";
import { makeRandom, makeText } from "../testing/split.ts";
import { createSeam } from "./seam.ts";

const LONG = Array.from({ length: 3_000 }, (_, index) => index).join(" ");

/** The old text, what the provider sends, and what is new of it. */
const CASES: [name: string, old: string, sent: string, added: string][] = [
  ["what goes on", "Once upon a ", "time.", "time."],
  ["the last words again", "Once upon a time there was", "time there was a fox.", " a fox."],
  ["all of a long text", LONG, `${LONG} is the end.`, " is the end."],
  ["the last words of a long text", LONG, `${LONG.slice(-2_048)}!`, "!"],
  ["what was said long before is no repetition", LONG, LONG.slice(-2_049, -10), LONG.slice(-2_049, -10)],
  ["fewer than eight units are none", "and so he and he", "and he ran", "and he ran"],
  ["eight units are one", "so, and he", ", and he ran", " ran"],
  ["another beginning is none", "Once upon a time", "once upon a time, a fox", "once upon a time, a fox"],
  ["words from its middle are none", "Once upon a time, a fox", "upon a time, there", "upon a time, there"],
  ["the longest repetition counts", "ha ha ha ha ha ha", "ha ha ha ha! he said", "! he said"],
  ["white space at the end is not doubled", "The end.\n\n", "\n\nNext", "Next"],
  ["more of it is kept", "The end.\n", "\n\nNext", "\nNext"],
  ["other white space is kept", "The fox \n", "\nran", "\nran"],
  ["a repetition before white space that the old text has", "the old fox\n", "the old fox ran", " ran"],
  ["nothing but a repetition adds nothing", "Once upon a time ", "upon a time", ""],
  ["the beginning of a repetition alone is text", "Once upon a time, a fox", "upon a ti", "upon a ti"],
  ["a pair is not cut", "1234567🦊", "1234567🐉", "1234567🐉"],
];

function textOf(deltas: Delta[]): string {
  for (const { text } of deltas) assert.notEqual(text, "");
  return deltas.map(({ text }) => text).join("");
}

for (const [name, old, sent, added] of CASES) {
  Deno.test(`at the seam, wherever the text was cut: ${name}`, () => {
    const random = makeRandom(7);
    for (const most of [Infinity, 1, 2, 3, 7, 500]) {
      const seam = createSeam(old);
      let text = "";
      for (let at = 0; at < sent.length;) {
        const length = most === Infinity ? sent.length : 1 + random(most);
        const part: Delta = { kind: "text", text: sent.slice(at, at + length) };
        at += length;
        const taken = textOf(seam.take([part]));
        text += taken;
        assert.ok(added.startsWith(text));
      }
      text += textOf(seam.end());
      assert.equal(text, added);
      assert.deepEqual(seam.end(), []);
    }
  });
}

/** The same rule, on whole texts. */
function addedBy(old: string, sent: string): string {
  const seen = old.trimEnd();
  let repeated = seen.length;
  while (repeated >= 8 && !sent.startsWith(seen.slice(seen.length - repeated))) repeated--;
  const rest = repeated < 8 ? sent : sent.slice(repeated);
  let blank = 0;
  while (blank < rest.length && rest[blank] === old[seen.length + blank]) blank++;
  return rest.slice(blank);
}

Deno.test("of any texts, cut in any way, the same is left out", () => {
  const random = makeRandom(17);
  for (let round = 0; round < 3_000; round++) {
    const letters = [["a", "b"], ["a", " "], ["a", "b", "\n", "🐉"]][random(3)];
    const old = makeText(letters, 1 + random(40), random);
    const seen = old.trimEnd();
    const repeated = seen.slice(Math.max(seen.length - random(20), 0)).toWellFormed().replaceAll("\uFFFD", "");
    const sent = repeated + makeText(letters, random(6), random);
    const seam = createSeam(old);
    let text = "";
    for (let at = 0; at < sent.length;) {
      const part = sent.slice(at, at + 1 + random(12));
      at += part.length;
      text += textOf(seam.take([{ kind: "text", text: part }]));
    }
    text += textOf(seam.end());
    assert.equal(text, addedBy(old, sent), JSON.stringify({ old, sent }));
  }
});

Deno.test("what cannot be a repetition is not held back, and reasoning never is", () => {
  const seam = createSeam("Once upon a time there was");
  const reasoning: Delta = { kind: "reasoning", text: "upon" };
  assert.deepEqual(seam.take([reasoning, { kind: "text", text: "time there was" }]), [reasoning]);
  assert.deepEqual(seam.take([{ kind: "text", text: " a " }, reasoning]), [{ kind: "text", text: " a " }, reasoning]);
  const later: Delta[] = [{ kind: "text", text: "time there was" }];
  assert.equal(seam.take(later), later);
});
