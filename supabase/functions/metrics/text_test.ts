import assert from "node:assert/strict";
import type { Sample } from "../_relay/database/database.ts";
import type { Family } from "./families.ts";
import { metricsText } from "./text.ts";

const counter: Family = { name: "a_total", type: "counter", help: "All." };

function sample(name: string, value: number, labels: Record<string, string> = {}): Sample {
  return { name, labels, value };
}

Deno.test("a metric has its help and its type before its samples", () => {
  const text = metricsText([
    sample("a_total", 1, { code: "x" }),
    sample("b", 2.5),
    sample("a_total", 3, { outcome: "failed", code: "y" }),
  ], [counter, { name: "b", type: "gauge", help: "Some." }]);
  assert.equal(
    text,
    `# HELP storytellr_a_total All.
# TYPE storytellr_a_total counter
storytellr_a_total{code="x"} 1
storytellr_a_total{outcome="failed",code="y"} 3
# HELP storytellr_b Some.
# TYPE storytellr_b gauge
storytellr_b 2.5
`,
  );
});

Deno.test("a bucket of a histogram has all that fell below it, and the last one is the count", () => {
  const text = metricsText([
    sample("t_seconds_sum", 7.25),
    sample("t_seconds_bucket", 2, { le: "0.5" }),
    sample("t_seconds_bucket", 0, { le: "1" }),
    sample("t_seconds_bucket", 3, { le: "+Inf" }),
  ], [{ name: "t_seconds", type: "histogram", help: "Time." }]);
  assert.equal(
    text,
    `# HELP storytellr_t_seconds Time.
# TYPE storytellr_t_seconds histogram
storytellr_t_seconds_bucket{le="0.5"} 2
storytellr_t_seconds_bucket{le="1"} 2
storytellr_t_seconds_bucket{le="+Inf"} 5
storytellr_t_seconds_sum 7.25
storytellr_t_seconds_count 5
`,
  );
});

Deno.test("what would end a label's value or a line is escaped", () => {
  const text = metricsText([sample("a_total", 1, { code: 'a"b\\c\nd' })], [{
    ...counter,
    help: 'A \\ and\na "quote".',
  }]);
  assert.equal(
    text,
    '# HELP storytellr_a_total A \\\\ and\\na "quote".\n' +
      "# TYPE storytellr_a_total counter\n" +
      'storytellr_a_total{code="a\\"b\\\\c\\nd"} 1\n',
  );
});

Deno.test("a sample that no family claims is left out", () => {
  assert.equal(
    metricsText([sample("a_total_of_tomorrow", 1)], [counter]),
    "# HELP storytellr_a_total All.\n# TYPE storytellr_a_total counter\n",
  );
});
