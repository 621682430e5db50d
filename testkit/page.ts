/** Puts figures into a page, between two markers, since figures are never typed; and takes its code out of it. */

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** Replaces what stands between `<!-- name:begin -->` and `<!-- name:end -->`, and formats the page. */
export async function writeFigures(page: URL, name: string, figures: string): Promise<void> {
  await writeFormatted(page, replaceFigures(await Deno.readTextFile(page), name, figures));
}

/** Writes a file as the gate wants it. */
export async function writeFormatted(file: URL, text: string): Promise<void> {
  const path = fileURLToPath(file);
  await Deno.writeTextFile(path, text);
  await outputOf(Deno.execPath(), "fmt", "--quiet", path);
}

/** The text with other figures; throws if it has no place for them. */
export function replaceFigures(text: string, name: string, figures: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`Cannot write the figures: the page has no "${begin}"`);
  return `${text.slice(0, from + begin.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

/** A table in Markdown, the names of its columns first. */
export function tableOf([head, ...rows]: (string | number)[][]): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}

/** How, when and on what figures were taken; a sentence to go on with. */
export function describeMachine(command: string): string {
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const day = new Date().toISOString().slice(0, 10);
  return `Taken by \`${command}\` on ${day}: ${availableParallelism()} cores and ${memory} GB`;
}

/** The version of an executable of Deno. */
export async function versionOf(deno: string): Promise<string> {
  return (await outputOf(deno, "--version")).split(/\s+/)[1];
}

async function outputOf(command: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(command, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run "${command} ${args.join(" ")}"`);
  return new TextDecoder().decode(stdout);
}

/** The texts between fences of a language: of a whole page, or below one of its headings, such as "## Growth". */
export function fenced(page: string, language: string, heading?: string): string[] {
  const text = heading === undefined
    ? page
    : page.split(`\n${heading}\n`)[1]?.split(`\n${heading.split(" ")[0]} `)[0] ?? "";
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code);
}
