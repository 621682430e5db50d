import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { pick } from "./test_files.ts";
import { commandFor, createOutputReader } from "./test_output.ts";

/** As Deno 2.9.6 prints it, of a file that passes, one that fails and one that breaks. */
const OUTPUT = `running 1 test from ./dev/a_test.ts
good ... ok (1ms)
running 2 tests from ./dev/b_test.ts
it's (a) rule ...
------- output -------
ok | 7 passed | 0 failed (1s)
----- output end -----
it's (a) rule ... FAILED (1ms)
with steps ...
  one ... ok (0ms)
  two ... FAILED (0ms)
with steps ... FAILED (due to 1 failed step) (9ms)
Uncaught error from ./dev/c_test.ts FAILED

 ERRORS 

it's (a) rule => ./dev/b_test.ts:1:6
error: Error: no

 FAILURES 

it's (a) rule => ./dev/b_test.ts:1:6
with steps ... two => ./dev/b_test.ts:2:79
./dev/c_test.ts (uncaught error)

FAILED | 1 passed (1 step) | 3 failed (1 step) (164ms)
`.split("\n");

function read(lines: string[], succeeded: boolean) {
  const shown: string[] = [];
  let ms = 0;
  const reader = createOutputReader(false, (text) => shown.push(text), () => ms += 500);
  lines.forEach(reader.line);
  return { result: reader.result(succeeded, "dev"), shown };
}

Deno.test("the output of a run comes down to its counts, a line for each file, and what failed in full", () => {
  const { result, shown } = read(OUTPUT, false);
  const file = "dev/b_test.ts";
  const failures = [
    { file, name: "it's (a) rule" },
    { file, name: "with steps" },
    { file: "dev/c_test.ts", name: null },
  ];
  equal(result, { passed: 2, failed: 4, failures });
  const block = (...lines: string[]) => lines.join("\n");
  equal(shown, [
    "  dev/a_test.ts: 1 passed, 0.5 s",
    block(...OUTPUT.slice(2, 12), "  dev/b_test.ts: 0 passed, 2 FAILED, 0.5 s"),
    block(...OUTPUT.slice(12, 14), "  dev/c_test.ts: 0 passed, 1 FAILED, 0.5 s"),
    block(...OUTPUT.slice(14, 19)),
  ]);
  equal(commandFor(failures.slice(0, 2)), `deno task test ${file} --filter '/^(it'\\''s \\(a\\) rule|with steps)$/'`);
  equal(commandFor(failures), `deno task test ${file} dev/c_test.ts`);
});

Deno.test("a run that dies is one failure, in the file that it was at or of the whole group", () => {
  const failure = (file: string) => ({ passed: 0, failed: 1, failures: [{ file, name: null }] });
  equal(read(OUTPUT.slice(0, 2), false).result, failure("dev/a_test.ts"));
  equal(read([], false).result, failure("dev"));
});

Deno.test("tests are picked by group, folder, file or a part of the path", () => {
  const paths =
    "tests/races/a tests/client/b client/c supabase/functions/stream/d tests/production/pgtap tests/production/e";
  const files = paths.split(" ").map((path) => `${path}_test.ts`);
  const picked = (...words: string[]) => pick(files, words).map(({ name, files }) => [name, ...files].join(" "));
  equal(picked().map((text) => text.split(" ")[0]), ["functions", "production", "races", "client", "pgtap"]);
  equal(pick(["tests/limits/a_test.ts", files[0]], []).map(({ cores }) => cores), [1, 0.5]);
  equal(picked("client", "races"), ["races tests/races/a_test.ts", "client client/c_test.ts tests/client/b_test.ts"]);
  equal(picked("tests/client/"), ["client tests/client/b_test.ts"]);
  equal(picked("./client/c_test.ts"), ["client client/c_test.ts"]);
  equal(picked("d_test"), ["functions supabase/functions/stream/d_test.ts"]);
  throws(() => picked("abuse"), {
    message:
      'Cannot run the tests: "abuse" is no file, folder or group; the groups are client, functions, pgtap, production, races',
  });
});
