import { deepStrictEqual as equal, match } from "node:assert/strict";
import { CALIBRATION, CHECKS } from "./measured.ts";
import { tablesOf } from "./tables.ts";
import { makeMeasured } from "./testing.ts";

const page = new URL("../../docs/scale.md", import.meta.url);
const measured = new URL("./measured.json", import.meta.url);

/** Without what the formatter adds: lines broken elsewhere, cells made equally wide. */
function words(text: string): string[] {
  return text.split(/[\s|]+|-{3,}/).filter((word) => word !== "");
}

Deno.test("docs/scale.md has the tables of measured.json", () => {
  const [, tables] = Deno.readTextFileSync(page).split(/<!-- bench:(?:begin|end) -->/);
  const expected = tablesOf(JSON.parse(Deno.readTextFileSync(measured)));
  equal(words(tables), words(expected));
});

Deno.test("each load is a row with its pace, and with its beat where that is not a second", () => {
  const text = tablesOf(makeMeasured(CALIBRATION, CHECKS));
  match(text, /^\| 1,000 at 100 ms \| 10,000 \|/m);
  match(text, /^\| 200 at 20 ms, a beat each 2 s \|/m);
});

Deno.test("the model's error stands beside what it says", () => {
  match(tablesOf(makeMeasured(CALIBRATION, CHECKS)), /^\| database calls \(\/s\) \| 1 for 1: 0 % \|/m);
});
