/** How pages show figures, which only programs write. */

import { fileURLToPath } from "node:url";
import type { World } from "./relays.ts";

/** Two digits that count; from 100 on whole numbers, thousands apart; a question mark of what is unknown. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "?";
  const size = Math.abs(value);
  if (size >= 99.5) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2);
}

/** A table in Markdown; the first row is the heading. */
export function table([head, ...rows]: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What figures were taken with and on, in a sentence. */
export async function aboutRun(command: string, { deno, supabase, isPreferred }: World): Promise<string> {
  const { stdout } = await new Deno.Command(deno, { args: ["--version"], stdin: "null" }).output();
  const version = new TextDecoder().decode(stdout).split(/\s+/)[1];
  const [{ server_version }] = await (await supabase()).sql`show server_version`;
  const machine = `${navigator.hardwareConcurrency} cores and ${
    Math.round(Deno.systemMemoryInfo().total / 2 ** 30)
  } GB`;
  return `Taken by \`${command}\` on ${new Date().toISOString().slice(0, 10)}: ${machine}, Deno ${version}, Postgres ` +
    `${server_version.split(" ")[0]}, the relay on one core, everything else on the other${
      isPreferred ? ", the readers and the provider before the rest" : ""
    }.`;
}

/** The page with other figures between its marks; throws where it has none. */
export function between(page: string, figures: string): string {
  const [before, old, after, ...more] = page.split(/(?<=<!-- bench:begin -->)|(?=<!-- bench:end -->)/);
  if (old !== undefined && after !== undefined && more.length === 0) return `${before}\n\n${figures}\n\n${after}`;
  throw new Error("Cannot write the figures: the page has no two marks for them");
}

/** Puts figures into a page of docs. */
export async function writePage(name: string, figures: string): Promise<void> {
  const page = new URL(`../docs/${name}`, import.meta.url);
  await writeFormatted(page, between(await Deno.readTextFile(page), figures));
}

/** Writes a file as the gate wants it. */
export async function writeFormatted(file: URL, text: string): Promise<void> {
  await Deno.writeTextFile(file, text);
  const args = ["fmt", "--quiet", fileURLToPath(file)];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot format "${file.pathname}"`);
}
