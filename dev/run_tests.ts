/**
 * `deno task test`: runs the tests in groups, as many at a time as keep two cores busy; what is deployed also on the Deno
 * of Supabase's runtime.
 */

import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail } from "./process.ts";
import { RUNTIME_DENO, RUNTIME_DENO_VARIABLE, runtimeDeno } from "./runtime_deno.ts";
import { findTestFiles, type Group, pick, withoutSql } from "./test_files.ts";
import { commandFor, createOutputReader, type Result } from "./test_output.ts";

const HELP = `deno task test [flags] [group, folder, file or part of a path …]

Runs every test, or those that are named: deno task test races tests/docs/docs_test.ts. The functions' tests run on
Deno ${RUNTIME_DENO}, too, unless only some of their files are named. Two groups run at a time, and another
next to those that mostly wait. The last lines say what was skipped, what failed, and the command that runs just that.

  --filter TEXT   only tests whose name has this text, or matches this /pattern/
  --verbose       print a line for each test, and what the tests print; one group at a time
  --watch         run what is named again whenever a file of it changes
`;

const { words, filter, verbose, watch } = flagsOrExit(HELP, (args) =>
  parseFlags("Cannot run the tests", args, {
    filter: { type: "string" },
    verbose: { type: "boolean" },
    watch: { type: "boolean" },
  }, { takesWords: true }));
const skippedFile = await Deno.makeTempFile({ prefix: "relay-skipped-" });
const env: Record<string, string> = { NO_COLOR: "1", DO_NOT_TRACK: "1", RELAY_TEST_SKIPPED: skippedFile };
const flags = ["test", "-A", "--no-check", ...(filter === undefined ? [] : [`--filter=${filter}`])];
const groups = groupsOrExit();

if (watch) {
  const files = groups.flatMap(({ files }) => files);
  const { code } = await new Deno.Command(Deno.execPath(), { args: [...flags, "--watch", ...files], env }).spawn()
    .status;
  Deno.exit(code);
}

const began = Date.now();
const results: Result[] = [];
// Brought once for all groups: two of npx at the same time could spoil each other's download. One group does it itself.
const runtime = groups.length > 1 || groups.some(isOnBoth) ? await runtimeDeno() : null;
if (runtime !== null) env[RUNTIME_DENO_VARIABLE] = runtime;
const jobs = groups.flatMap((group, index) => {
  const title = `[${index + 1}/${groups.length}] ${group.name}`;
  const job = { title, cores: group.cores, run: () => run(Deno.execPath(), group, []) };
  const other = { ...job, title: `${title} on Deno ${RUNTIME_DENO}`, run: () => runOnRuntime(group) };
  return isOnBoth(group) ? [job, other] : [job];
});
const running = new Set<Promise<void>>();
let free = 2;
while (jobs.length > 0) {
  const index = verbose && running.size > 0 ? -1 : jobs.findIndex(({ cores }) => cores <= free);
  if (index < 0) {
    await Promise.race(running);
    continue;
  }
  const [{ title, cores, run }] = jobs.splice(index, 1);
  free -= cores;
  const since = Date.now();
  console.log(title);
  const work = run().then((result) => {
    if (result === null) return;
    results.push(result);
    console.log(`${title}: ${countsOf([result])} in ${durationOf(Date.now() - since)}\n`);
  }).finally(() => {
    free += cores;
    running.delete(work);
  });
  running.add(work);
}
await Promise.all(running);

const skipped = [...new Set((await Deno.readTextFile(skippedFile)).split("\n").filter((line) => line !== ""))];
await Deno.remove(skippedFile);
for (const reason of skipped) console.log(`skipped: ${reason}`);
const failures = results.flatMap((result) => result.failures);
if (failures.length > 0) {
  console.log("Failed:");
  for (const { file, name } of failures) console.log(`  ${file}: ${name ?? "outside of its tests"}`);
  console.log(`To run just these:\n  ${commandFor(failures)}`);
}
console.log(`It took ${durationOf(Date.now() - began)}`);
console.log(countsOf(results));
Deno.exit(sumOf(results, "failed") > 0 || sumOf(results, "passed") === 0 ? 1 : 0);

function isOnBoth({ name }: Group): boolean {
  return name === "functions" && (words.length === 0 || words.includes("functions"));
}

/** The functions' tests on the other Deno; null where npx cannot bring it. */
async function runOnRuntime(group: Group): Promise<Result | null> {
  // That version cannot read this one's lock file.
  if (runtime !== null) return await run(runtime, withoutSql(group), ["--no-lock"], ` (${RUNTIME_DENO})`);
  const reason = `the functions' tests on Deno ${RUNTIME_DENO}: npx cannot bring it\n`;
  await Deno.writeTextFile(skippedFile, reason, { append: true });
  return null;
}

async function run(command: string, { name, files }: Group, more: string[], mark = ""): Promise<Result> {
  const child = new Deno.Command(command, {
    args: [...flags, ...more, ...files],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = createOutputReader(verbose, (text) => console.log(text + mark), Date.now);
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(reader.line);
  }
  return reader.result((await child.status).success, name);
}

function groupsOrExit(): Group[] {
  try {
    return pick(findTestFiles(), words);
  } catch (error) {
    fail(error, 2);
  }
}

function sumOf(results: Result[], word: "passed" | "failed"): number {
  return results.reduce((total, result) => total + result[word], 0);
}

function countsOf(results: Result[]): string {
  return `${sumOf(results, "passed")} passed, ${sumOf(results, "failed")} failed`;
}

function durationOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
