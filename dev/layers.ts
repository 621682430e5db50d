/** Checks the order of the house: who imports whom, no circle, who may touch the runtime, how long a file may be. */

import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What each area may import from, next to itself. `tests` may import from everything, and only `tests` from `tests`. */
const AREAS: Record<string, string[]> = {
  supabase: [],
  client: [],
  playground: ["client"],
  dev: ["supabase", "client"],
  testkit: ["supabase", "client", "dev"],
  bench: ["client", "dev", "testkit"],
  tests: ["supabase", "client", "playground", "dev", "testkit", "bench"],
};

/** The rooms of `_relay`, lowest first: a room imports from lower ranks and from itself. The functions are above all. */
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
  functions: 5,
};

/** What a deployed function may import from npm. */
const PACKAGES = ["@supabase/supabase-js", "jose", "openai", "zod"];

/** Only `platform` asks the runtime; everything else gets what it needs as an argument. */
const RUNTIME = /\b(Deno\.(?!serve\b|resolveDns\b)\w+|EdgeRuntime|Date\.now|setTimeout|setInterval|console)\b/;

const MAX_FILE_LINES = 300;
const MAX_ENTRY_LINES = 15;

/** Takes sources by their path below the repository's root; gives one sentence for each offence. */
export function checkLayers(sources: Record<string, string>): string[] {
  const imports = new Map(Object.entries(sources).map(([path, source]) => [path, importsOf(source)]));
  const offences = Object.entries(sources).flatMap(([path, source]) => [
    ...imports.get(path)!.flatMap((specifier) => checkImport(path, specifier)),
    ...checkSize(path, source),
    ...(isDeployed(path) ? checkRuntime(path, source) : []),
  ]);
  return [...offences, ...circles(imports)];
}

function checkImport(path: string, specifier: string): string[] {
  if (!specifier.startsWith(".")) {
    if (!isDeployed(path) || PACKAGES.includes(specifier)) return [];
    return [`${path} imports ${specifier}, which is not one of ${PACKAGES.join(", ")}`];
  }
  // The upload of `functions deploy --use-api` follows static specifiers with an extension, inside the project.
  if (isDeployed(path) && !specifier.endsWith(".ts")) return [`${path} imports ${specifier} without the extension .ts`];
  const target = join(dirname(path), specifier);
  const [from, to] = [areaOf(path), areaOf(target)];
  if (from !== to) {
    // Tests hold versions to the import map, and the functions' tests may run on PGlite.
    if (target === "import_map.json" && (isTest(path) || from === "tests")) return [];
    if (AREAS[from]?.includes(to) || from === "supabase" && to === "testkit" && isTest(path)) return [];
    return [`${path} imports ${target}: ${from} may not import from ${to}`];
  }
  if (!isDeployed(path)) return [];
  const [room, other] = [roomOf(path), roomOf(target)];
  if (room === other || RANKS[other] < RANKS[room]) return [];
  return [`${path} imports ${target}: ${room} may not import from ${other}`];
}

function checkSize(path: string, source: string): string[] {
  const lines = source.trimEnd().split("\n").length;
  const isEntry = /^supabase\/functions\/[^_/][^/]*\/index\.ts$/.test(path);
  const limit = isEntry ? MAX_ENTRY_LINES : MAX_FILE_LINES;
  return [
    ...(lines > limit && !isTest(path) ? [`${path} has ${lines} lines, the limit is ${limit}`] : []),
    ...(isEntry && /\b(if|try)\b/.test(withoutComments(source))
      ? [`${path} decides something: an entry point only wires`]
      : []),
  ];
}

function checkRuntime(path: string, source: string): string[] {
  if (roomOf(path) === "platform") return [];
  const used = RUNTIME.exec(withoutComments(source));
  return used ? [`${path} uses ${used[0]}, which is for _relay/platform alone`] : [];
}

/** One sentence for each way that leads back to a file on it. A type's import counts: it is a dependency of the reader. */
function circles(imports: Map<string, string[]>): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const way: string[] = [];
  const visit = (path: string) => {
    const at = way.indexOf(path);
    if (at !== -1) found.push(`${[...way.slice(at), path].join(" imports ")}: a circle`);
    if (at !== -1 || finished.has(path)) return;
    way.push(path);
    for (const specifier of imports.get(path) ?? []) {
      if (specifier.startsWith(".")) visit(join(dirname(path), specifier));
    }
    way.pop();
    finished.add(path);
  };
  for (const path of imports.keys()) visit(path);
  return found;
}

function areaOf(path: string): string {
  return path.split("/")[0];
}

/** A room below `_relay`, or "functions". */
function roomOf(path: string): string {
  return /^supabase\/functions\/_relay\/([^/]+)\//.exec(path)?.[1] ?? "functions";
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts") || path.includes("/testing/");
}

function isDeployed(path: string): boolean {
  return areaOf(path) === "supabase" && !isTest(path);
}

/** `deno fmt` puts statements of a module at the start of a line, which tells them from those in a text. */
function importsOf(source: string): string[] {
  const statements = /^(?:import|export)\b[^;"]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...withoutComments(source).matchAll(statements)].map((match) => match[1] ?? match[2] ?? match[3]);
}

function withoutComments(source: string): string {
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

function readSources(root: string, areas: string[]): Record<string, string> {
  const sources: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory && !entry.name.startsWith(".")) visit(path);
      if (entry.isFile && /\.tsx?$/.test(path)) sources[relative(root, path)] = Deno.readTextFileSync(path);
    }
  };
  for (const area of areas) visit(join(root, area));
  return sources;
}

if (import.meta.main) {
  const sources = readSources(fileURLToPath(new URL("..", import.meta.url)), Object.keys(AREAS));
  const offences = checkLayers(sources);
  for (const offence of offences) console.error(offence);
  console.error(`Checked the layers of ${Object.keys(sources).length} files: ${offences.length} offences`);
  if (offences.length > 0) Deno.exit(1);
}
