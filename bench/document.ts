/** Puts a run's figures into the documentation: nobody types a figure. */

import { availableParallelism } from "node:os";
import { chartOf } from "./chart.ts";
import { panelsOf } from "./panels.ts";
import type { World } from "./relays/relay.ts";
import type { Findings } from "./run.ts";
import { goalTable, relayTable } from "./tables.ts";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);
const CHART = new URL("../docs/images/performance.svg", import.meta.url);
const CHART_TITLE = "CPU of the relay for each token, as a multiple of the Deno passthrough's (logarithmic)";

/** All of the tables in Markdown. */
export function tablesOf(findings: Findings, about: string): string {
  return [
    about,
    ...(findings.missing.length > 0 ? [`Not measured here: ${findings.missing.join("; ")}.`] : []),
    "### Goals",
    goalTable(findings),
    "### Relays beside each other",
    relayTable(findings),
  ].join("\n\n");
}

/** Replaces what stands between the markers, and the chart; formats both as the gate wants it. */
export async function writeDocument(findings: Findings, about: string): Promise<void> {
  const text = await Deno.readTextFile(DOCUMENT);
  const tables = tablesOf(findings, about);
  await Deno.writeTextFile(DOCUMENT, between(text, tables));
  await Deno.writeTextFile(CHART, chartOf(CHART_TITLE, panelsOf(findings)));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", DOCUMENT.pathname, CHART.pathname],
    stdin: "null",
  }).output();
  if (!success) throw new Error("Cannot format the page and its chart");
}

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** The text with other figures; throws where it has no place for them. */
export function between(text: string, figures: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to < from) {
    throw new Error(`Cannot write the figures: there is no "${BEGIN}"`);
  }
  return `${text.slice(0, from + BEGIN.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

/** What the figures were taken with and on, in a sentence. */
export async function aboutMachine({ deno, cores }: World, command: string, postgres: string | null): Promise<string> {
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const { stdout } = await new Deno.Command(deno, { args: ["--version"], stdin: "null" }).output();
  const version = new TextDecoder().decode(stdout).split(/\s+/)[1];
  return [
    `Taken by ${command} on ${day}: ${availableParallelism()} cores and ${memory} GB, Deno ${version}`,
    ...(postgres ? [`Postgres ${postgres}`] : []),
    cores.note || "the relay on one core, everything else on the other",
  ].join(", ") + ".";
}
