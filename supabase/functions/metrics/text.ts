/** Writes samples in the text format that Prometheus reads. */

import type { Sample } from "../_relay/database/database.ts";
import { FAMILIES, type Family } from "./families.ts";

const PREFIX = "storytellr_";

/** Version 0.0.4 of the format. Leaves out what is in no family: a newer database may have more. */
export function metricsText(samples: readonly Sample[], families: readonly Family[] = FAMILIES): string {
  return families.map((family) => familyText(family, samples)).join("");
}

function familyText({ name, type, help }: Family, samples: readonly Sample[]) {
  const metric = PREFIX + name;
  const lines = type === "histogram"
    ? histogramLines(name, samples)
    : samples.filter((sample) => sample.name === name).map(line);
  return `# HELP ${metric} ${escapeHelp(help)}\n# TYPE ${metric} ${type}\n` +
    lines.join("");
}

/** The database counts each observation in one bucket; in the format a bucket also counts all below it. */
function histogramLines(name: string, samples: readonly Sample[]): string[] {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  let count = 0;
  const lines = buckets.map((bucket) => line({ ...bucket, value: count += bucket.value }));
  const sums = samples.filter((sample) => sample.name === `${name}_sum`);
  return [...lines, ...sums.map(line), line({ name: `${name}_count`, labels: {}, value: count })];
}

function line({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  const set = pairs.length > 0 ? `{${pairs.join(",")}}` : "";
  return `${PREFIX}${name}${set} ${value}\n`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
