import assert from "node:assert/strict";
import { makeRandom, makeText } from "../testing/split.ts";
import { Transcript } from "./transcript.ts";

Deno.test("what is stored from the beginning is part of the text, and nothing of it is stored again", () => {
  const transcript = new Transcript("Once 🐉");
  assert.deepEqual([transcript.length, transcript.storedUnits, transcript.unstored(9).text], [7, 7, ""]);
  transcript.append(" upon");
  assert.deepEqual(transcript.unstored(9), { start: 7, end: 12, text: " upon" });
  assert.deepEqual([transcript.from(0), transcript.from(5, 4)], ["Once 🐉 upon", "🐉 u"]);
  transcript.markStored(9);
  assert.deepEqual([transcript.storedUnits, transcript.from(0), transcript.from(9)], [9, "Once 🐉 upon", "pon"]);
});

Deno.test("after any row of operations it is the text that a plain string would be", () => {
  const random = makeRandom(3);
  for (let round = 0; round < 200; round++) {
    const transcript = new Transcript();
    let text = "";
    let stored = 0;
    for (let step = 0; step < 40; step++) {
      const limit = 2 + random(9);
      switch (random(4)) {
        case 0: {
          const more = makeText(["a", "é", "\n", "🐉", "本"], random(6), random);
          transcript.append(more);
          text += more;
          break;
        }
        case 1: {
          const chunk = transcript.unstored(limit);
          assert.equal(chunk.start, stored);
          assert.equal(chunk.text, text.slice(chunk.start, chunk.end));
          assert.ok(chunk.text.isWellFormed());
          assert.ok(chunk.end - chunk.start <= limit);
          // At most half a pair is left out, or the text would never get on.
          assert.ok(chunk.end >= Math.min(stored + limit - 1, text.length));
          stored = chunk.end;
          transcript.markStored(stored);
          break;
        }
        case 2: {
          // An answer that was lost, or another attempt's: any whole character, before the end of what is stored or after it.
          const units = random(text.length + 3);
          if (text.slice(0, units).isWellFormed()) {
            transcript.markStored(units);
            stored = Math.max(stored, Math.min(units, text.length));
          }
          break;
        }
        case 3: {
          const offset = random(text.length + 3);
          assert.equal(transcript.from(offset), text.slice(offset));
          assert.equal(transcript.from(offset, limit), text.slice(offset, offset + limit));
        }
      }
      assert.deepEqual([transcript.length, transcript.storedUnits, transcript.from(0)], [text.length, stored, text]);
    }
  }
});
