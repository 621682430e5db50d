/** Health: whether a worker runs, and whether the database answers it. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { refused, type Scenario } from "./scenario.ts";

export const health: Scenario[] = [{
  title: "healthz says that the worker runs, and with ?ready that the database answers it",
  async run(target) {
    for (const worker of target.workers) {
      for (const query of ["", "?ready", "?ready=1"]) {
        const response = await fetch(`${worker}/healthz${query}`);
        equal(await response.text(), '{"status":"ok"}');
        equal(response.status, 200);
        equal(response.headers.get("content-type"), "application/json; charset=utf-8");
        equal(response.headers.get("cache-control"), "no-store");
      }
    }
  },
}, {
  title: "healthz answers GET alone",
  async run(target) {
    const response = await fetch(`${target.workers[0]}/healthz`, { method: "POST" });
    equal(response.headers.get("allow"), "GET, OPTIONS");
    await refused(response, 405, "method_not_allowed");
  },
}];
