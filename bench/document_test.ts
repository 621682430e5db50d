import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { between } from "./document.ts";

Deno.test("figures replace what stands between the markers, and nothing else", () => {
  const text = "a\n<!-- bench:begin -->\n\nold\n\n<!-- bench:end -->\nb\n";
  const once = between(text, "new");
  equal(once, "a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nb\n");
  equal(between(once, "new"), once);
});

Deno.test("a page without a place for figures is left alone", () => {
  throws(() => between("a", "new"), /there is no "<!-- bench:begin -->"/);
});
