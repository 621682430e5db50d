/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import type { Preview } from "../../client/types.ts";
import { authorNote, leftOutNote, tooLong, windowNote } from "./context.ts";

Deno.test("leftOutNote() is null where all is sent, and says how many are not, or that a memory stands for them", () => {
  const notes = [[0, null], [1, null], [1_200, null], [null, null], [7, "m1"]] as const;
  equal(notes.map(([left_out, memory]) => leftOutNote({ left_out, memory })), [
    null,
    "1 earlier message was left out",
    "1,200 earlier messages were left out",
    "Many earlier messages were left out",
    "7 earlier messages were sent as a memory",
  ]);
});

Deno.test("authorNote() names who answered where it was not the story's bot", () => {
  const bots = [{ id: "1", name: "Fox" }, { id: "2", name: "" }];
  const notes = [[null, "1"], ["1", "1"], ["1", "2"], ["2", "1"], ["3", null]] as const;
  equal(notes.map(([author, bot]) => authorNote(author, bot, bots)), [
    null,
    null,
    "By Fox",
    "By an unnamed bot",
    "By another bot",
  ]);
});

Deno.test("windowNote() says how much of the window is used, as far as that is known", () => {
  const preview = { estimated_tokens: 1_234, context_tokens: 8_000, reply_tokens: 500, fits: true } as Preview;
  equal(windowNote(preview), "About 1,234 tokens of 8,000, 500 of them kept for the answer");
  equal(windowNote({ ...preview, reply_tokens: null }), "About 1,234 tokens of 8,000");
  const unknown = { ...preview, context_tokens: null };
  equal(windowNote(unknown), "About 1,234 tokens; how many the model can read is not known");
  equal(windowNote({ ...preview, fits: false }), "About 1,234 tokens: more than the model can read at once");
});

Deno.test("a message that is too long gets a text with its length and the excess", () => {
  equal(tooLong("x".repeat(1_048_576)), null);
  equal(tooLong("x".repeat(1_048_578)), "This has 1,048,578 characters, 2 more than a message can have.");
});
