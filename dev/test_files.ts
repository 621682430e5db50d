/** Finds the test files, puts them into groups, and picks those that were asked for. */

import { join } from "node:path";

/**
 * In the order in which they begin: the longest first, so that none of them runs by itself at the end; others follow by
 * name. Client and playground have a browser each, so that other groups stand between them.
 */
const ORDER = [
  ...["functions", "playground", "production", "races", "faults", "contract", "client", "limits"],
  ...["adoption", "pgtap", "dev", "docs"],
];
/** Half of their time they wait for a worker's deadlines, so that two of them take one core. */
const WAITING = ["contract", "faults", "limits"];
/**
 * They run only if they are named: `abuse` measures how long other users' requests take, which needs a quiet machine, and
 * `fresh` installs hundreds of megabytes.
 */
const ON_REQUEST = ["abuse", "fresh"];
/** They prove SQL, which no Deno changes: once is enough. */
const OF_SQL = /\/(long_story|what_is_sent)_test\.ts$/;
const AREAS = ["supabase/functions", "dev", "client", "playground", "bench", "testkit", "tests"];

/** Test files that run in one process. */
export interface Group {
  name: string;
  files: string[];
  /** How many it keeps busy, about. */
  cores: number;
}

/** The group of a file: its folder below tests/, or its area. An area and its folder of scenarios are one group. */
function groupOf(path: string): string {
  if (path.endsWith("/pgtap_test.ts")) return "pgtap";
  return /^tests\/([^/]+)\//.exec(path)?.[1] ??
    (path.startsWith("supabase/functions/") ? "functions" : path.split("/")[0]);
}

/**
 * Picks files by words: a group's name, a folder, a file, or a part of a path. Without words it gives all but those
 * that run on request. Throws a TypeError that names the word which fits nothing.
 */
export function pick(files: string[], words: string[]): Group[] {
  const groups = Map.groupBy(files, groupOf);
  const chosen = new Set(words.flatMap((given) => {
    const word = given.replace(/^\.\//, "").replace(/\/$/, "");
    if (groups.has(word)) return groups.get(word)!;
    const below = files.filter((file) => file === word || file.startsWith(`${word}/`));
    const found = below.length > 0 ? below : files.filter((file) => file.includes(word));
    if (found.length > 0) return found;
    const names = [...groups.keys()].sort().join(", ");
    throw new TypeError(`Cannot run the tests: "${given}" is no file, folder or group; the groups are ${names}`);
  }));
  const rank = (name: string) => ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length;
  return [...groups].map(([name, all]) => ({
    name,
    cores: WAITING.includes(name) ? 0.5 : 1,
    files: all.filter((file) => words.length === 0 ? !ON_REQUEST.includes(name) : chosen.has(file)).sort(),
  })).filter(({ files }) => files.length > 0).sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

/** The group without what is the same on any Deno. */
export function withoutSql(group: Group): Group {
  return { ...group, files: group.files.filter((file) => !OF_SQL.test(file)) };
}

/** All test files below the working directory, as paths from there. */
export function findTestFiles(): string[] {
  const below = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
      if (isDirectory) return name.startsWith(".") ? [] : below(join(folder, name));
      return /_test\.tsx?$/.test(name) ? [join(folder, name)] : [];
    });
  return AREAS.flatMap(below);
}
