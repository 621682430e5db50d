/** Puts the figures into the document, between two markers: nobody types a figure. */

import { availableParallelism } from "node:os";
import type { Sql } from "postgres";
import type { ChaosFlags } from "./flags.ts";
import type { Finding } from "./run.ts";

const BEGIN = "<!-- chaos:begin -->";
const END = "<!-- chaos:end -->";

/** Replaces what stands between the markers of a Markdown file, and formats it as the gate wants it. */
export async function writeTable(document: URL, findings: Finding[], machine: string): Promise<void> {
  const text = await Deno.readTextFile(document);
  await Deno.writeTextFile(document, replaceTable(text, tableOf(findings, machine)));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", document.pathname],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot format "${document.pathname}"`);
}

/** The text with another table; throws where it has no place for one. */
export function replaceTable(text: string, table: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to < from) {
    throw new Error(`Cannot write the figures: there is no "${BEGIN}"`);
  }
  return `${text.slice(0, from + BEGIN.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/** Markdown: where the figures are from, then one row for each. */
export function tableOf(findings: Finding[], machine: string): string {
  const rows = findings.flatMap(({ title, figures }) =>
    figures.map(({ measure, value, bound }, place) => [place === 0 ? `**${title}**` : "", measure, value, bound ?? ""])
  );
  return [
    machine,
    "",
    "| experiment | measure | figure | fails unless |",
    "| --- | --- | --- | --- |",
    ...rows.map((cells) => `| ${cells.map(cellOf).join(" | ")} |`),
  ].join("\n");
}

/** One sentence about what the figures were taken on. */
export async function describeMachine(sql: Sql, { quick, seed, workerDeno }: ChaosFlags): Promise<string> {
  const [{ server_version: postgres }] = await sql`show server_version`;
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const worker = await versionOf(workerDeno);
  const flags = quick ? " --quick" : "";
  return `Taken by \`deno task chaos${flags} --seed ${seed}\` on ${day}: ${availableParallelism()} cores and ${memory} GB for everything together, workers on Deno ${worker}, Postgres ${
    String(postgres).split(" ")[0]
  }, all on one machine.`;
}

async function versionOf(deno: string): Promise<string> {
  const { stdout } = await new Deno.Command(deno, { args: ["--version"], stdin: "null" }).output();
  return new TextDecoder().decode(stdout).split(/\s+/)[1];
}

function cellOf(text: string): string {
  return text.replaceAll("|", "\\|");
}
