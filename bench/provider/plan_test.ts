import { deepStrictEqual as equal } from "node:assert/strict";
import { nameOf, type Plan, planOf } from "./plan.ts";

const PLANS: Plan[] = [{ kind: "paced", everyMs: 20, tokens: 500 }, {
  kind: "burst",
  eventsPerWrite: 1,
  tokens: 5_000,
}, { kind: "idle", tokens: 1 }];

Deno.test("a plan is read back from the path of a request", () => {
  for (const plan of PLANS) {
    equal(planOf(`/${nameOf(plan)}/v1/chat/completions`), plan);
  }
});

Deno.test("a path that names no plan gives none", () => {
  const paths = ["/", "/v1/chat/completions", "/paced/v1", "/paced-20/v1", "/burst-0-5", "/idle-1-1", "/idler"];
  for (const path of paths) equal(planOf(path), null, path);
});
