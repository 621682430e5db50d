import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Costs, costsOf, loadsOf, type Measured, planOf, predictionOf } from "./model.ts";
import { tablesOf } from "./tables.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(name, import.meta.url));
const MEASURED: Measured = JSON.parse(read("./measured.json"));
const COSTS: Costs = {
  relayCpu: { token: 60e-6, streamSecond: 200e-6, generation: 5e-3 },
  databaseCpu: { each: 150e-6, generation: 4e-3 },
  wal: { each: 600, generation: 7_000 },
  client: { each: 40, generation: 1_000 },
  ...{ workerMb: 100, streamMb: 0.2, rowMs: 0.2, endsMs: 5 },
};

Deno.test("loads without noise give back each cost that made them", () => {
  const ends = { ...COSTS, relayCpu: { ...COSTS.relayCpu, token: 0, streamSecond: 0 } };
  const loads = loadsOf(MEASURED).map((load, index) => ({
    ...{ ...load, ...predictionOf(load, index < 7 ? COSTS : ends), tokens: load.tokens },
    ...{ idleMb: 100, beginCallMs: 3, finishCallMs: 2 },
  }));
  // A story of one token has a thousandth of a row, which counts as its end.
  const near = (found: unknown, expected: unknown): boolean =>
    typeof expected === "number" ? Math.abs(found as number / expected - 1) < 0.05 : Object.entries(expected as object)
      .every(([name, value]) => near((found as Record<string, unknown>)[name], value));
  ok(near(costsOf(loads), COSTS), JSON.stringify(costsOf(loads)));
});

Deno.test("a plan goes by its stories: rows by the beat, workers by CPU, compute by cores, prices by packages", () => {
  const { use, byCpu, byMemory, compute, dollars } = planOf(1_000, 1_000, COSTS);
  equal([use.rows, use.tokens, byCpu, byMemory, compute], [1_000, 50_000, 5, 2, "Large"]);
  equal(planOf(1_000, 5_000, COSTS).use.rows, 200);
  equal(planOf(250_000, 1_000, COSTS).compute, "2 × 16XL");
  equal([dollars.database, dollars.invocations], [25 + 110 - 10, 2 * 86]);
});

Deno.test("docs/scale.md has the tables of measured.json", () => {
  // Without what the formatter adds: lines broken elsewhere, cells made equally wide.
  const words = (text: string) => text.split(/[\s|]+|-{3,}/).filter((word) => word !== "");
  const [, tables] = read("../../docs/scale.md").split(/<!-- bench:(?:begin|end) -->/);
  equal(words(tables), words(tablesOf(MEASURED)));
});
