/** Makes static files of the page. `deno task playground` writes them to a folder. */

import { fileURLToPath } from "node:url";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail } from "./process.ts";

const SOURCE = new URL("../playground/", import.meta.url);

/** What the page is made of, its client and the vocabulary that both share among it. */
const INGREDIENTS = [
  SOURCE,
  new URL("../client/", import.meta.url),
  new URL("../supabase/functions/_relay/protocol/", import.meta.url),
  new URL("../import_map.json", import.meta.url),
];

const decoder = new TextDecoder();

/** The files of the page by name. */
export type Page = Record<string, string>;

/** Bundles the page. Deno's own bundler runs as a process of its own, so that nothing of it is loaded here. */
export async function buildPlayground(): Promise<Page> {
  const [scripts, style, html, icon] = await Promise.all([
    bundle(),
    styles(),
    Deno.readTextFile(new URL("index.html", SOURCE)),
    Deno.readTextFile(new URL("icon.svg", SOURCE)),
  ]);
  return { "index.html": withPreloads(html, scripts["page.js"]), "page.css": style, "icon.svg": icon, ...scripts };
}

/** The scripts that page.js begins with are loaded with it, and not after it. */
function withPreloads(html: string, script: string): string {
  const names = [...script.matchAll(/\bfrom"\.\/([\w-]+\.js)"/g)].map(([, name]) => name);
  const links = names.map((name) => `<link rel="modulepreload" href="${name}">\n    `);
  return html.replace('<script type="module"', `${links.join("")}$&`);
}

/** When something that the page is made of was changed last, in milliseconds. */
export function playgroundChanged(): number {
  return Math.max(...INGREDIENTS.map(newestIn));
}

/** page.js, and what is loaded later or shared, in files that are named by their content. */
async function bundle(): Promise<Page> {
  const folder = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        // The lock stands next to the page's configuration: what is not in it is not bundled.
        "--frozen",
        "--platform=browser",
        "--minify",
        "--code-splitting",
        "--external=entities",
        `--outdir=${folder}`,
        `--config=${fileURLToPath(new URL("deno.json", SOURCE))}`,
        fileURLToPath(new URL("main.tsx", SOURCE)),
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    if (!success) throw new Error(`Cannot bundle the playground: ${decoder.decode(stderr).trim()}`);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const scripts = names.map(async (name) =>
      [name === "main.js" ? "page.js" : name, withEntities(await Deno.readTextFile(`${folder}/${name}`))] as const
    );
    return Object.fromEntries(await Promise.all(scripts));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * markdown-it's table of named characters (`&eacute;`) would be a tenth of the page, and every browser has one: a text
 * area reads the name, and nothing else. A name that only begins with a known one, such as `&notit;`, stays as it is.
 */
function withEntities(script: string): string {
  const decode = `(name) => {
    const area = document.createElement("textarea");
    area.innerHTML = name;
    return area.value.length > 1 && area.value.endsWith(";") ? name : area.value;
  }`.replace(/\s+/g, " ");
  const changed = script.replace(
    /import\{decodeHTMLStrict as ([\w$]+)\}from"entities";/,
    (_, local) => `const ${local}=${decode};`,
  );
  if (!changed.includes('from"entities"')) return changed;
  throw new Error("Cannot bundle the playground: markdown-it imports its table of characters in another way");
}

/** One file, in the order in which page.css imports the others, without comments and what is only for its readers. */
async function styles(): Promise<string> {
  const folder = new URL("styles/", SOURCE);
  const list = await Deno.readTextFile(new URL("page.css", folder));
  const names = [...list.matchAll(/^@import "(.+)";$/gm)].map(([, name]) => name);
  const sheets = names.map((name) => Deno.readTextFile(new URL(name, folder)));
  const text = (await Promise.all(sheets)).join("\n").replace(/\/\*[^]*?\*\//g, "");
  return text.replace(/\s+/g, " ").replace(/ ?([{};,]) ?/g, "$1");
}

function newestIn(place: URL): number {
  const { isDirectory, mtime } = Deno.statSync(place);
  const own = mtime?.getTime() ?? 0;
  if (!isDirectory) return own;
  // A folder's own time changes when a file in it comes or goes.
  const entries = [...Deno.readDirSync(place)];
  return entries.reduce((newest, { name, isDirectory }) => {
    const inner = new URL(isDirectory ? `${name}/` : name, place);
    return Math.max(newest, newestIn(inner));
  }, own);
}

const HELP = `deno task playground [folder]

Writes the page as static files (index.html, page.css, icon.svg and scripts) to the folder, dist/ by default.
docs/playground.md says how to host them.
`;

if (import.meta.main) {
  const { words: [folder = "dist"] } = flagsOrExit(
    HELP,
    (args) => parseFlags("Cannot build the page", args, {}, { takesWords: true }),
  );
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(await buildPlayground())) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      const kilobytes = (new TextEncoder().encode(text).length / 1024).toFixed(1);
      console.log(`${folder}/${name}  ${kilobytes} KB`);
    }
  } catch (error) {
    fail(`Cannot build the page: ${(error as Error).message}`, 1);
  }
}
