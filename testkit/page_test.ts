import { equal, throws } from "node:assert/strict";
import { replaceFigures, tableOf } from "./page.ts";

Deno.test("figures take the place of those before, and of nothing else", () => {
  const page = (figures: string) => `# A\n\n<!-- x:begin -->\n\n${figures}\n\n<!-- x:end -->\n\nB\n`;
  equal(replaceFigures(page("old"), "x", "new"), page("new"));
  equal(replaceFigures(page("new"), "x", "new"), page("new"));
  throws(() => replaceFigures(page("old"), "y", "new"), /the page has no "<!-- y:begin -->"/);
});

Deno.test("tableOf() writes Markdown, also of a cell with a bar", () => {
  equal(tableOf([["a", "b"], ["x | y", 3]]), "| a | b |\n| --- | --- |\n| x \\| y | 3 |");
});
