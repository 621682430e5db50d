import { ok, throws } from "node:assert/strict";
import { compare, errorOf } from "./compare.ts";
import { costsOf } from "./costs.ts";
import { CALIBRATION, CHECKS } from "./measured.ts";
import { COSTS, makeMeasured } from "./testing.ts";

Deno.test("measurements without noise give back each unit cost that made them", () => {
  const found = costsOf(makeMeasured(CALIBRATION, []));
  for (const [group, costs] of Object.entries(COSTS)) {
    for (const [name, cost] of Object.entries(costs as object)) {
      const value = (found as unknown as Record<string, Record<string, number>>)[group][name];
      ok(Math.abs(value - cost) <= 1e-6 * cost, `${group}.${name} is ${value}, expected ${cost}`);
    }
  }
});

Deno.test("the model says loads without noise again, though no cost was taken from them", () => {
  const measured = makeMeasured(CALIBRATION, CHECKS);
  const costs = costsOf(measured);
  for (const point of measured.checks) {
    for (const comparison of compare(point, costs)) {
      ok(Math.abs(errorOf(comparison)) < 1e-6, comparison.name);
    }
  }
});

Deno.test("an error is a share of what was measured: below it, it is negative", () => {
  ok(errorOf({ name: "", unit: "", measured: 10, predicted: 5 }) === -0.5);
});

Deno.test("without the database's CPU there are no costs", () => {
  const measured = makeMeasured(CALIBRATION, []);
  measured.ends.whole.databaseCpu = null;
  throws(() => costsOf(measured), /was not measured$/);
});
