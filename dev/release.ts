/** `deno task release`: makes a version of what is unreleased: files, package, commit and tag. It pushes nothing. */

import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail, note, print } from "./process.ts";

const HELP = `deno task release [flags] VERSION

Makes a release, such as deno task release 0.1.0: writes the version, closes the changelog's "Unreleased" section, makes
the npm package, commits and tags. It runs in the repository's root, pushes nothing, and prints what to push. A pushed tag starts the
workflow that publishes: see CONTRIBUTING.md.

  --dry-run   says what would be done, and writes nothing
  --notes     prints the changelog's section of VERSION, and does nothing else

It stops if there are uncommitted changes, if the version is not greater than the last one, or if the section is empty.
`;

const ACTION = "Cannot release";
const VERSION_FILE = "supabase/functions/_relay/platform/version.ts";
const PACKAGE_FILE = "client/package.json";
const CHANGELOG = "CHANGELOG.md";

/** The changelog with "Unreleased" closed as a version, and an empty one above; throws if it is empty. */
export function closeSection(changelog: string, version: string, date: string): string {
  const section = sectionOf(changelog, "Unreleased");
  if (section === null) throw new Error(`${ACTION}: ${CHANGELOG} has no section "## Unreleased"`);
  if (section === "") {
    throw new Error(`${ACTION}: "Unreleased" in ${CHANGELOG} is empty, so there is nothing to release`);
  }
  return changelog.replace(/^## Unreleased$/m, `## Unreleased\n\n## ${version} (${date})`);
}

/** The text below a heading, up to the next one of its level; null where there is no such heading. */
export function sectionOf(changelog: string, name: string): string | null {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/[ \n]/, 1)[0] === name);
  return section === undefined ? null : section.slice(section.indexOf("\n")).trim();
}

/** The numbers of a version; throws if the text is not a version. */
function numbersOf(version: string): number[] {
  if (!/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(version)) {
    throw new TypeError(`${ACTION}: "${version}" is not a version such as "0.1.0"`);
  }
  return version.split(".").map(Number);
}

/** Throws if the version is not greater than each that was released, in the changelog or by a tag. */
export function checkGreater(version: string, released: string[]): void {
  const wanted = numbersOf(version);
  for (const other of released) {
    const numbers = numbersOf(other);
    const at = wanted.findIndex((number, index) => number !== numbers[index]);
    if (at === -1) throw new Error(`${ACTION}: ${version} is released already`);
    if (wanted[at] < numbers[at]) throw new Error(`${ACTION}: ${version} is not greater than ${other}, the last one`);
  }
}

async function run(command: string, ...args: string[]): Promise<string> {
  const child = new Deno.Command(command, { args, stdin: "null", stderr: "piped" });
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`${ACTION}: ${[command, ...args].join(" ")} failed\n${decoder.decode(stderr).trim()}`);
}

async function replaceIn(path: string, pattern: RegExp, version: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  if (!pattern.test(text)) throw new Error(`${ACTION}: ${path} has no version`);
  await Deno.writeTextFile(path, text.replace(pattern, (_, before, after) => `${before}${version}${after}`));
}

async function release(version: string, isDry: boolean): Promise<void> {
  numbersOf(version);
  const changed = await run("git", "status", "--porcelain");
  if (changed !== "") throw new Error(`${ACTION}: there are changes that are not committed\n${changed.trimEnd()}`);
  const changelog = await Deno.readTextFile(CHANGELOG);
  const tags = (await run("git", "tag", "--list", "v*")).split("\n").map((tag) => tag.slice(1));
  const headings = [...changelog.matchAll(/^## (\d\S*)/gm)].map(([, name]) => name);
  checkGreater(version, [...tags.filter((tag) => /^\d+\.\d+\.\d+$/.test(tag)), ...headings]);
  const closed = closeSection(changelog, version, new Date().toISOString().slice(0, 10));
  if (isDry) {
    print(`Would write ${version} to ${VERSION_FILE} and ${PACKAGE_FILE}, commit and tag it, with these notes:\n\n`);
    print(`${sectionOf(closed, version)}\n`);
    return;
  }
  try {
    await replaceIn(VERSION_FILE, /(VERSION = ")[^"]*(")/, version);
    await replaceIn(PACKAGE_FILE, /("version": ")[^"]*(")/, version);
    await Deno.writeTextFile(CHANGELOG, closed);
    note("Making the package …");
    note((await run(Deno.execPath(), "task", "--quiet", "pack")).trim());
    await run("git", "commit", "--quiet", "--message", `chore(release): ${version}`, "--", ".");
  } catch (error) {
    await run("git", "restore", "--staged", "--worktree", "--", VERSION_FILE, PACKAGE_FILE, CHANGELOG);
    throw error;
  }
  await run("git", "tag", "--annotate", `v${version}`, "--message", `Storytellr relay ${version}`);
  print(`${version} is committed and tagged. To publish it:\n\n  git push --atomic origin HEAD v${version}\n`);
}

if (import.meta.main) {
  const flags = flagsOrExit(HELP, (args) => {
    const parsed = parseFlags(ACTION, args, { "dry-run": { type: "boolean" }, notes: { type: "boolean" } }, {
      takesWords: true,
    });
    if (parsed.words.length !== 1) throw new TypeError(`${ACTION}: name one version, such as 0.1.0`);
    return parsed;
  });
  const [version] = flags.words;
  try {
    if (!flags.notes) await release(version, flags["dry-run"]);
    else {
      const section = sectionOf(await Deno.readTextFile(CHANGELOG), version);
      if (section === null) throw new Error(`Cannot print the notes: ${CHANGELOG} has no section of ${version}`);
      print(`${section}\n`);
    }
  } catch (error) {
    fail(error, 1);
  }
}
