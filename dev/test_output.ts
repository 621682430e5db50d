/** Reads what `deno test` prints: shortens it to a line for each file and what failed, and counts. */

/** What a run came to. */
export interface Result {
  passed: number;
  failed: number;
  failures: Failure[];
}

/** A failed test; `name` is null where a file failed outside of its tests. */
export interface Failure {
  file: string;
  name: string | null;
}

/** Takes the output line by line. */
export interface OutputReader {
  line(text: string): void;
  /** Call it once, after the last line. A run that died is a failure at the file that it was in, or of all of `group`. */
  result(succeeded: boolean, group: string): Result;
}

/**
 * `show` gets what a person should see: with `verbose` everything. Each call has whole lines that belong together, for
 * another run may show its own between two calls. `now` gives milliseconds.
 */
export function createOutputReader(verbose: boolean, show: (text: string) => void, now: () => number): OutputReader {
  const result: Result = { passed: 0, failed: 0, failures: [] };
  let file: { path: string; since: number; lines: string[]; passed: number; failed: number } | undefined;
  const errors: string[] = [];
  let part: "tests" | "a test's output" | "errors" | "failures" = "tests";

  // A file's own output explains its failures, and is noise without one.
  function endFile(): void {
    if (!file) return;
    const { path, since, lines, passed, failed } = file;
    file = undefined;
    if (verbose) return;
    const seconds = ((now() - since) / 1000).toFixed(1);
    const counts = `  ${path}: ${passed} passed${failed > 0 ? `, ${failed} FAILED` : ""}, ${seconds} s`;
    show([...failed > 0 ? lines : [], counts].join("\n"));
  }

  function testLine(text: string): void {
    const [, path] = /^running \d+ tests? from (?:\.\/)?(.+)$/.exec(text) ?? [];
    const [, broken] = /^Uncaught error from (?:\.\/)?(.+) FAILED$/.exec(text) ?? [];
    const [, outcome] = /^\S.* \.\.\. (ok|FAILED|ignored)(?: \(.*\))?$/.exec(text) ?? [];
    const begins = path ?? broken;
    if (begins !== undefined && begins !== file?.path) {
      endFile();
      file = { path: begins, since: now(), lines: [], passed: 0, failed: 0 };
    }
    if (!file) return;
    file.lines.push(text);
    if (outcome === "ok") file.passed++;
    if (outcome === "FAILED" || broken !== undefined) file.failed++;
  }

  function failureLine(text: string): void {
    const [, name, at] = /^(.+) => (?:\.\/)?(\S+?):\d+:\d+$/.exec(text) ?? [];
    const [, broken] = /^(?:\.\/)?(\S+) \(uncaught error\)$/.exec(text) ?? [];
    // A step is named after its test.
    if (at) result.failures.push({ file: at, name: name.split(" ... ")[0] });
    if (broken) result.failures.push({ file: broken, name: null });
  }

  return {
    line(text) {
      if (text === "------- output -------") part = "a test's output";
      const [, summary] = /^(?:ok|FAILED) \| (.*)$/.exec(text) ?? [];
      if (part !== "a test's output") {
        if (text === " ERRORS ") part = "errors";
        if (text === " FAILURES ") part = "failures";
        if (part !== "tests" || summary !== undefined) endFile();
        if (summary !== undefined) {
          [result.passed, result.failed] = [count(summary, "passed"), count(summary, "failed")];
        } else if (part === "tests") testLine(text);
        else if (part === "failures") failureLine(text);
      } else file?.lines.push(text);
      if (verbose) show(text);
      else if (part === "errors") errors.push(text);
      if (text === "----- output end -----") part = "tests";
    },
    result(succeeded, group) {
      const at = file?.path ?? group;
      if (file) file.failed++;
      endFile();
      if (errors.length > 0) show(errors.join("\n"));
      if (!succeeded && result.failed === 0) {
        result.failed = 1;
        result.failures.push({ file: at, name: null });
      }
      return result;
    },
  };
}

/** Tests and their steps: `12 passed (34 steps)`. */
function count(summary: string, word: string): number {
  const [, tests = "0", steps = "0"] = new RegExp(`(\\d+) ${word}(?: \\((\\d+) steps?\\))?`).exec(summary) ?? [];
  return Number(tests) + Number(steps);
}

/** The command that runs just what failed, for a shell. */
export function commandFor(failures: Failure[]): string {
  const files = [...new Set(failures.map(({ file }) => file))];
  const names = [...new Set(failures.map(({ name }) => name))];
  const escaped = names.map((name) => name?.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replaceAll("'", "'\\''"));
  const filter = names.length > 5 || names.includes(null) ? "" : ` --filter '/^(${escaped.join("|")})$/'`;
  return `deno task test ${files.join(" ")}${filter}`;
}
