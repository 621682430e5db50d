import assert from "node:assert/strict";
import { replaceTable, tableOf } from "./table.ts";

Deno.test("each figure is a row, the experiment stands in its first", () => {
  const figures = [{ measure: "stories", value: "3", bound: "3" }, { measure: "a | b", value: "4 ms" }];
  assert.equal(
    tableOf([{ title: "Kill", figures }], "Taken here."),
    [
      "Taken here.",
      "",
      "| experiment | measure | figure | fails unless |",
      "| --- | --- | --- | --- |",
      "| **Kill** | stories | 3 | 3 |",
      "|  | a \\| b | 4 ms |  |",
    ].join("\n"),
  );
});

Deno.test("a table takes the place of the one before, and of nothing else", () => {
  const document = "# A\n\n<!-- chaos:begin -->\n\nold\n\n<!-- chaos:end -->\n\nB\n";
  const next = replaceTable(document, "new");
  assert.equal(next, "# A\n\n<!-- chaos:begin -->\n\nnew\n\n<!-- chaos:end -->\n\nB\n");
  assert.equal(replaceTable(next, "new"), next);
});

Deno.test("a document without markers is not written to", () => {
  assert.throws(() => replaceTable("# A\n", "new"), /Cannot write the figures/);
});
