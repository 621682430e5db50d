/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { around, highlighted } from "./excerpts.ts";

const LONG = "The lamp had been dark for an hour when the sea knocked three times. ".repeat(4);

Deno.test("around() is one line with the words in it, cut between words", () => {
  equal(around("A fox\n\n  ran", "fox"), "A fox ran");
  const text = around(LONG, "KNOCKED");
  equal(text.startsWith("…had been dark for an hour when the sea knocked"), true, text);
  equal(text.endsWith("…"), true);
  equal(around("x".repeat(500), "y").length, 121);
  equal(around("x".repeat(300) + "y", "y"), "…y");
});

Deno.test("highlighted() marks the words in any case, and changes no text", () => {
  equal(highlighted("Fox, fox and crow", "fox"), [
    { text: "Fox", isFound: true },
    { text: ", ", isFound: false },
    { text: "fox", isFound: true },
    { text: " and crow", isFound: false },
  ]);
  equal(highlighted("İ fox", "fox"), [
    { text: "İ ", isFound: false },
    { text: "fox", isFound: true },
  ]);
  equal(highlighted("none", "fox"), [{ text: "none", isFound: false }]);
});
