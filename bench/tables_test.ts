import { deepStrictEqual as equal, doesNotMatch, match } from "node:assert/strict";
import { goalTable, relayTable } from "./tables.ts";
import { makeFindings, makeSample } from "./testing.ts";

const FINDINGS = makeFindings({
  first: {
    direct: [makeSample({ firstToken: 1 }), makeSample({ firstToken: 2 })],
    passthrough: [makeSample({ firstToken: 2 }), makeSample({ firstToken: 3 })],
    storytellr: [makeSample({ firstToken: 9 }), makeSample({ firstToken: 10 })],
    slow: [makeSample({ firstToken: NaN }, { failure: "it lost a token" })],
  },
  "burst-20": {
    direct: [makeSample({ cpuUs: NaN }), makeSample({ cpuUs: NaN })],
    passthrough: [makeSample({ cpuUs: 1 }), makeSample({ cpuUs: 10 })],
    storytellr: [makeSample({ cpuUs: 2.5 }), makeSample({ cpuUs: 25 })],
    slow: [makeSample({ cpuUs: 50 }, { cutOff: 3 })],
  },
});

Deno.test("a relay has a row, with its ratio to the passthrough of the same round", () => {
  equal(relayTable(FINDINGS).split("\n"), [
    "| relay | the same, 20 events a write | added to the first token, alone |",
    "| --- | --- | --- |",
    "| `direct` |  |  |",
    "| `passthrough` | 1.0 (5.5 µs) | 1.0 ms |",
    "| `storytellr` | 2.5 (14 µs) | 8.0 ms |",
    "| `slow` | 50 (50 µs), saturated | failed |",
  ]);
});

Deno.test("the goals stand beside what was measured, and what was not has no row", () => {
  const table = goalTable(FINDINGS);
  match(table, /\| CPU a token, burst, 20 events a write \| 3\.0 × passthrough \| 2\.5 × \|/);
  doesNotMatch(table, /200 paced streams/);
});
