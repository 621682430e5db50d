/** Checks that the functions' code keeps the house's order: which folder may import which, and who may touch the platform. */

import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folders of `_relay`, lowest first; a folder imports from lower ranks and from itself alone. */
const RANKS: Record<string, number> = {
  protocol: 0,
  sse: 0,
  platform: 1,
  auth: 2,
  database: 2,
  http: 2,
  transport: 2,
  provider: 3,
  generation: 4,
};

/** What a deployed function may import from npm. */
const PACKAGES = ["@supabase/supabase-js", "jose", "openai", "zod"];

/** Only `platform` asks the runtime; everything else gets what it needs as an argument. */
const RUNTIME = /\b(Deno\.(?!serve\b|resolveDns\b)\w+|EdgeRuntime|Date\.now|setTimeout|setInterval|console)\b/;

const MAX_FILE_LINES = 300;
const MAX_ENTRY_LINES = 15;

/** Takes sources by their path below `supabase/functions`; gives one sentence for each offence. */
export function checkLayers(sources: Record<string, string>): string[] {
  return Object.entries(sources).flatMap(([path, source]) => [
    ...checkSize(path, source),
    ...checkRuntime(path, source),
    ...importsOf(source).flatMap((specifier) => checkImport(path, specifier)),
  ]);
}

function checkImport(path: string, specifier: string): string[] {
  if (!specifier.startsWith(".")) {
    return PACKAGES.includes(specifier) ? [] : [
      `${path} imports ${specifier}, which is not one of ${PACKAGES.join(", ")}`,
    ];
  }
  // The upload of `functions deploy --use-api` follows static specifiers with an extension, inside the project.
  if (!specifier.endsWith(".ts")) {
    return [`${path} imports ${specifier} without the extension .ts`];
  }
  const target = join(dirname(path), specifier);
  if (target.startsWith("..")) {
    return [`${path} imports ${specifier}, which is outside supabase/functions`];
  }
  const from = folderOf(path);
  const to = folderOf(target);
  if (from === to || rankOf(to) < rankOf(from)) return [];
  return [`${path} imports ${target}: ${from} may not import from ${to}`];
}

function checkRuntime(path: string, source: string): string[] {
  if (folderOf(path) === "platform") return [];
  const used = RUNTIME.exec(withoutComments(source));
  return used ? [`${path} uses ${used[0]}, which is for _relay/platform alone`] : [];
}

function checkSize(path: string, source: string): string[] {
  const lines = source.trimEnd().split("\n").length;
  const isEntry = /^[^_/][^/]*\/index\.ts$/.test(path);
  const limit = isEntry ? MAX_ENTRY_LINES : MAX_FILE_LINES;
  return [
    ...(lines > limit ? [`${path} has ${lines} lines, the limit is ${limit}`] : []),
    ...(isEntry && /\b(if|try)\b/.test(withoutComments(source))
      ? [`${path} decides something: an entry point only wires`]
      : []),
  ];
}

/** The layer of a file: its folder below `_relay`, or "functions". */
function folderOf(path: string): string {
  return /^_relay\/([^/]+)\//.exec(path)?.[1] ?? "functions";
}

function rankOf(folder: string): number {
  return RANKS[folder] ?? Infinity;
}

function importsOf(source: string): string[] {
  return [
    ...source.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|import\s*\(?\s*"([^"]+)"/g),
  ].map((match) => match[1] ?? match[2]);
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** Reads what is deployed: no tests, and nothing that only tests import. */
function readSources(root: string): Record<string, string> {
  const sources: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory && entry.name !== "testing") visit(path);
      if (entry.isFile && path.endsWith(".ts") && !path.endsWith("_test.ts")) {
        sources[relative(root, path)] = Deno.readTextFileSync(path);
      }
    }
  };
  visit(root);
  return sources;
}

if (import.meta.main) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "../supabase/functions");
  const sources = readSources(root);
  const offences = checkLayers(sources);
  for (const offence of offences) console.error(offence);
  console.error(`Checked the layers of ${Object.keys(sources).length} files: ${offences.length} offences`);
  if (offences.length > 0) Deno.exit(1);
}
