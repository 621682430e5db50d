/** Runs every test, on this Deno and, what is deployed, on the Deno of Supabase's runtime; says last what it skipped. */

import { RUNTIME_DENO, runtimeDeno } from "./runtime_deno.ts";

interface Counts {
  passed: number;
  failed: number;
}

const decoder = new TextDecoder();

/** Passes the output on as it comes, and reads the counts out of its last lines. */
async function run(command: string, args: string[], env: Record<string, string>): Promise<Counts> {
  const child = new Deno.Command(command, { args, env, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
  let tail = "";
  for await (const bytes of child.stdout) {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(Deno.stdout.writeSync(rest));
    }
    tail = (tail + decoder.decode(bytes, { stream: true })).slice(-100_000);
  }
  const { success } = await child.status;
  const summary = [...tail.matchAll(/^(?:ok|FAILED) \| (.*)$/gm)].at(-1)?.[1] ??
    "";
  const counts = { passed: count(summary, "passed"), failed: count(summary, "failed") };
  // A run that died without a summary, or broke outside of any test, is a failure that no test counts.
  if (!success && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** Tests and their steps: `12 passed (34 steps)`. */
function count(summary: string, word: string): number {
  const [, tests = "0", steps = "0"] = new RegExp(`(\\d+) ${word}(?: \\((\\d+) steps?\\))?`).exec(summary) ?? [];
  return Number(tests) + Number(steps);
}

const skippedFile = await Deno.makeTempFile({ prefix: "relay-skipped-" });
const env = { NO_COLOR: "1", DO_NOT_TRACK: "1", RELAY_TEST_SKIPPED: skippedFile };
const flags = ["test", "-A", "--no-check"];
const totals: Counts[] = [];

totals.push(
  await run(Deno.execPath(), [
    ...flags,
    ...(Deno.args.length > 0 ? Deno.args : ["supabase", "dev", "client", "playground", "bench", "testkit", "tests"]),
  ], env),
);
if (Deno.args.length === 0) {
  const deno = await runtimeDeno();
  if (deno === null) {
    await Deno.writeTextFile(
      skippedFile,
      `the functions' tests on Deno ${RUNTIME_DENO}: npx cannot bring it\n`,
      { append: true },
    );
  } else {
    console.log(`\nThe functions' tests again, on Deno ${RUNTIME_DENO}, as Supabase runs them\n`);
    // That version cannot read this one's lock file.
    totals.push(await run(deno, [...flags, "--no-lock", "supabase/functions"], env));
  }
}

const skipped = [...new Set((await Deno.readTextFile(skippedFile)).split("\n").filter((line) => line !== ""))];
await Deno.remove(skippedFile);
console.log();
for (const reason of skipped) console.log(`skipped: ${reason}`);
const passed = totals.reduce((sum, counts) => sum + counts.passed, 0);
const failed = totals.reduce((sum, counts) => sum + counts.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 || passed === 0 ? 1 : 0);
