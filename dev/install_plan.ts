/**
 * What `deno task install` would write into a project, and what is in the way. The manifest in the project remembers
 * what was put there: the hash of each file, and which migration of the relay became which of the project's.
 *
 * Only the relay's own files are written, and the sections of its functions added to supabase/config.toml. A relay file
 * that the project has changed is never overwritten.
 */

import { resolve } from "node:path";
import { addSections, checkSections } from "./install_config.ts";

const FUNCTIONS = "supabase/functions";
const MIGRATIONS = "supabase/migrations";
const CONFIG = "supabase/config.toml";
const IMPORT_MAP = `${FUNCTIONS}/_relay/import_map.json`;
export const MANIFEST = `${FUNCTIONS}/_relay/installed.json`;

/** What a deployed function may import; the project's own import map is not touched. */
const PACKAGES = ["@supabase/supabase-js", "jose", "openai", "zod"];

/** What the relay brings. */
export interface Relay {
  root: string;
  /** The functions that are deployed, by name. */
  slugs: string[];
  /** By their path in a project. */
  files: Map<string, string>;
  /** By their names here, in order. */
  migrations: Map<string, string>;
}

interface Manifest {
  about: string;
  files: Record<string, string>;
  migrations: Record<string, { file: string; sha256: string }>;
}

/** A project that the relay is put into. */
export interface Guest {
  root: string;
  manifest: Manifest | undefined;
}

/** A file to be written, or deleted where `text` is undefined. */
export interface Change {
  path: string;
  was: string | undefined;
  text: string | undefined;
}

/** Nothing may be written while there are obstacles: one sentence each. */
export interface Plan {
  changes: Change[];
  obstacles: string[];
  upgrade: boolean;
}

/** Reads what an install copies: no tests, no builders for tests, no secrets. */
export async function readRelay(root: string): Promise<Relay> {
  const functions = `${root}/${FUNCTIONS}`;
  const folders = [...Deno.readDirSync(functions)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  const slugs = folders.filter((name) => exists(`${functions}/${name}/index.ts`)).sort();
  const files = new Map<string, string>();
  for (const folder of ["_relay", ...slugs]) {
    for (const path of filesBelow(`${functions}/${folder}`)) {
      if (!path.endsWith(".ts") || path.endsWith("_test.ts") || path.startsWith("testing/")) continue;
      files.set(`${FUNCTIONS}/${folder}/${path}`, await Deno.readTextFile(`${functions}/${folder}/${path}`));
    }
  }
  const { imports } = JSON.parse(await Deno.readTextFile(`${root}/import_map.json`));
  const own = Object.fromEntries(PACKAGES.map((name) => [name, imports[name]]));
  files.set(IMPORT_MAP, json({ imports: own }));
  // For editors and `deno check`; the CLI reads the import map that config.toml names.
  for (const slug of slugs) {
    files.set(`${FUNCTIONS}/${slug}/deno.json`, json({ importMap: "../_relay/import_map.json" }));
  }
  const names = filesBelow(`${root}/${MIGRATIONS}`).filter((name) => name.endsWith(".sql"));
  const migrations = new Map<string, string>();
  for (const name of names) migrations.set(name, await Deno.readTextFile(`${root}/${MIGRATIONS}/${name}`));
  return { root: await Deno.realPath(root), slugs, files, migrations };
}

/** Throws an error in plain words where the folder is no project that the relay can be put into. */
export async function readGuest(folder: string, relay: Relay): Promise<Guest> {
  const cannot = (state: string) => new Error(`Cannot install into "${folder}": ${state}`);
  if (!exists(folder)) throw cannot("there is no such folder");
  const root = await Deno.realPath(resolve(folder));
  if (root === relay.root) throw cannot("that is the relay's own folder, name the folder of another project");
  if (!exists(`${root}/supabase`)) {
    if (exists(`${root}/config.toml`)) throw cannot("that is a project's supabase folder, name the one above it");
    throw cannot('it has no folder "supabase", run `npx supabase@3.1.0 init` there first');
  }
  if (!exists(`${root}/${CONFIG}`)) throw cannot(`it has no ${CONFIG}, run \`npx supabase@3.1.0 init\` there first`);
  const manifest = await readIfThere(`${root}/${MANIFEST}`);
  try {
    return { root, manifest: manifest === undefined ? undefined : JSON.parse(manifest) };
  } catch (cause) {
    throw new Error(`Cannot install into "${folder}": ${MANIFEST} is not JSON, restore it`, { cause });
  }
}

/** Compares what is there with what the relay brings; writes nothing. */
export async function planInstall(
  relay: Relay,
  guest: Guest,
  { rewriteMigrations = false } = {},
): Promise<Plan> {
  const { root } = guest;
  const plan: Plan = { changes: [], obstacles: [], upgrade: guest.manifest !== undefined };
  const manifest: Manifest = {
    about: "What `deno task install` of the Storytellr relay put here. An upgrade needs it: commit it.",
    files: {},
    migrations: {},
  };
  await planFiles(relay, guest, manifest, plan);
  await planMigrations(relay, guest, manifest, plan, rewriteMigrations);
  const config = await Deno.readTextFile(`${root}/${CONFIG}`);
  const importMap = `./${IMPORT_MAP.slice("supabase/".length)}`;
  plan.obstacles.push(...checkSections(config, relay.slugs, importMap));
  change(plan, CONFIG, config, addSections(config, relay.slugs, importMap));
  change(plan, MANIFEST, await readIfThere(`${root}/${MANIFEST}`), json(manifest));
  return plan;
}

/** Writes the manifest last: a run that broke off is seen as such by the next one, and repeated. */
export async function writePlan({ root }: Guest, { changes }: Plan): Promise<void> {
  for (const { path, text } of changes) {
    const target = `${root}/${path}`;
    if (text === undefined) {
      await Deno.remove(target);
      continue;
    }
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(target, text);
  }
}

async function planFiles(relay: Relay, { root, manifest: old }: Guest, manifest: Manifest, plan: Plan): Promise<void> {
  const known = old?.files ?? {};
  for (const [path, text] of relay.files) {
    const there = await readIfThere(`${root}/${path}`);
    const wanted = manifest.files[path] = await hash(text);
    const found = there === undefined ? undefined : await hash(there);
    if (found === wanted) continue;
    if (there === undefined || found === known[path]) change(plan, path, there, text);
    else plan.obstacles.push(known[path] === undefined ? notOurs(path) : changedByProject(path));
  }
  for (const path of Object.keys(known).filter((path) => !relay.files.has(path))) {
    const there = await readIfThere(`${root}/${path}`);
    if (there === undefined) continue;
    if (await hash(there) === known[path]) change(plan, path, there, undefined);
    else plan.obstacles.push(changedByProject(path));
  }
  // A function of the project's that has the name of one of the relay's, whatever its files are called.
  for (const folder of ["_relay", ...relay.slugs]) {
    if (Object.keys(known).some((path) => path.startsWith(`${FUNCTIONS}/${folder}/`))) continue;
    for (const name of filesBelow(`${root}/${FUNCTIONS}/${folder}`)) {
      const path = `${FUNCTIONS}/${folder}/${name}`;
      if (!relay.files.has(path)) plan.obstacles.push(notOurs(path));
    }
  }
}

const notOurs = (path: string) =>
  `${path} is not the relay's: rename the function in the project, or deploy the relay to a project of its own`;
const changedByProject = (path: string) =>
  `${path} was changed in the project: undo that, or delete the file to take the relay's version`;

async function planMigrations(
  relay: Relay,
  { root, manifest: old }: Guest,
  manifest: Manifest,
  plan: Plan,
  rewrite: boolean,
): Promise<void> {
  const known = old?.migrations ?? {};
  const rewritten = (what: string) =>
    `${what}: a database that has it would not get the change. Where no database has it, or all of them are made anew ` +
    "(`supabase db reset`), pass --rewrite-migrations";
  for (const [name, { file, sha256 }] of Object.entries(known)) {
    const path = `${MIGRATIONS}/${file}`;
    const text = relay.migrations.get(name);
    const there = await readIfThere(`${root}/${path}`);
    const found = there === undefined ? undefined : await hash(there);
    if (text !== undefined) manifest.migrations[name] = { file, sha256: await hash(text) };
    if (text !== undefined && found === await hash(text)) continue;
    if (found === undefined || found !== sha256) {
      if (text !== undefined || found !== undefined) plan.obstacles.push(changedMigration(path, found));
    } else if (!rewrite) {
      plan.obstacles.push(
        rewritten(`${path} ${text === undefined ? "is no longer part of" : "has changed in"} the relay`),
      );
    } else change(plan, path, there, text);
  }
  const pending = [...relay.migrations.keys()].filter((name) => known[name] === undefined);
  const late = pending.filter((name) =>
    Object.keys(known).some((other) => other > name && relay.migrations.has(other))
  );
  if (late.length > 0 && !rewrite) {
    plan.obstacles.push(...late.map((name) => rewritten(`${name} comes before migrations that are installed`)));
  }
  const existing = filesBelow(`${root}/${MIGRATIONS}`).filter((name) => /^\d+_.*\.sql$/.test(name));
  const files = nameMigrations(pending.filter((name) => !late.includes(name)), existing);
  for (const name of pending) {
    const text = relay.migrations.get(name)!;
    const file = files.get(name) ?? nameBetween(name, manifest);
    manifest.migrations[name] = { file, sha256: await hash(text) };
    change(plan, `${MIGRATIONS}/${file}`, undefined, text);
  }
}

/** A name with a time between its neighbours', for a migration that was put between others. */
function nameBetween(name: string, { migrations }: Manifest): string {
  const others = Object.keys(migrations).sort();
  const [low, high] = [others.findLast((other) => other < name), others.find((other) => other > name)]
    .map((other) => other && versionOf(migrations[other].file));
  const version = [versionOf(name), oneSecondAfter(low ?? "0")].find((version) =>
    version > (low ?? "") && (!high || version < high)
  );
  if (version) return nameWith(version, name);
  throw new Error(
    `Cannot install ${name}: no time is free between ${low} and ${high}, delete the relay's migrations ` +
      `and ${MANIFEST} in the project, and install it anew`,
  );
}

const changedMigration = (path: string, found: string | undefined) =>
  `${path} was ${
    found === undefined ? "deleted" : "changed"
  } in the project: restore it, write a new migration instead`;

const versionOf = (name: string) => name.split("_", 1)[0];
const nameWith = (version: string, name: string) => `${version}_relay_${name.slice(name.indexOf("_") + 1)}`;

/** Names the relay's migrations so that they come behind the project's newest one, in their order. */
export function nameMigrations(pending: string[], existing: string[]): Map<string, string> {
  const newest = existing.map(versionOf).reduce((a, b) => a.padEnd(14, "0") > b.padEnd(14, "0") ? a : b, "");
  const keep = pending.every((name) => versionOf(name) > newest);
  let version = newest;
  return new Map(pending.map((name) => {
    version = keep ? versionOf(name) : oneSecondAfter(version);
    return [name, nameWith(version, name)];
  }));
}

/** 20261126235959 becomes 20261127000000; what is no time is counted on. */
function oneSecondAfter(version: string): string {
  const [year, month, day, hour, minute, second] = (version.match(/^....|../g) ?? []).map(Number);
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const isTime = !Number.isNaN(time) && versionAt(time) === version;
  return isTime ? versionAt(time + 1000) : String(BigInt(version) + 1n).padStart(version.length, "0");
}

const versionAt = (time: number) => new Date(time).toISOString().replaceAll(/\D/g, "").slice(0, 14);

function change(plan: Plan, path: string, was: string | undefined, text: string | undefined): void {
  if (was !== text) plan.changes.push({ path, was, text });
}

/** Line ends do not count: git on Windows changes them. */
async function hash(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text.replaceAll("\r\n", "\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function filesBelow(folder: string, below = ""): string[] {
  if (!exists(folder)) return [];
  return [...Deno.readDirSync(`${folder}/${below}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(folder, `${below}${name}/`) : [below + name]
  ).sort();
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw cause;
  }
}

const json = (value: unknown) => JSON.stringify(value, null, 2) + "\n";
