import { deepStrictEqual as equal, match } from "node:assert/strict";
import { chartOf } from "./chart.ts";
import { panelsOf } from "./panels.ts";
import { makeFindings, makeSample } from "./testing.ts";

const BAR = { label: "a < b", ratio: 1, ours: false, saturated: false };

Deno.test("a bar is longer, the larger its ratio is", () => {
  const svg = chartOf("CPU", [{ title: "paced", bars: [0.2, 1, 9, 130].map((ratio) => ({ ...BAR, ratio })) }]);
  const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)]
    .map(([, width]) => Number(width));
  equal(widths.length, 4);
  equal(widths.toSorted((a, b) => a - b), widths);
});

Deno.test("text cannot break the picture, and what has no figure says so", () => {
  const svg = chartOf("CPU & more", [{ title: "x", bars: [BAR, { ...BAR, ratio: NaN }] }]);
  match(svg, /a &lt; b/);
  match(svg, /CPU &amp; more/);
  match(svg, /no figure/);
  equal(/NaN|Infinity/.test(svg), false);
});

Deno.test("the panels are those of CPU, without direct, and a relay that failed has no bar", () => {
  const findings = makeFindings({
    first: { passthrough: [makeSample({ firstToken: 1 })] },
    paced: {
      direct: [makeSample({ cpuUs: NaN })],
      passthrough: [makeSample({ cpuUs: 2 })],
      storytellr: [makeSample({ cpuUs: 3 }, { saturated: true })],
      slow: [makeSample({ cpuUs: 4 }, { failure: "it lost a token" })],
    },
  });
  equal(panelsOf(findings), [{
    title: "scenario paced",
    bars: [{ label: "passthrough", ratio: 1, ours: false, saturated: false }, {
      label: "storytellr",
      ratio: 1.5,
      ours: true,
      saturated: true,
    }, { label: "slow", ratio: NaN, ours: false, saturated: false }],
  }]);
});
