import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { HELP, parseBenchFlags } from "./flags.ts";

Deno.test("without flags everything is measured, nothing is written", () => {
  equal(parseBenchFlags([]), {
    quick: false,
    relays: [],
    scenarios: [],
    profile: false,
    churn: false,
    write: false,
    json: false,
    help: false,
  });
});

Deno.test("each flag is taken", () => {
  const flags = parseBenchFlags([
    ...["--quick", "--relays", "direct,nginx", "--scenarios", "paced"],
    ...["--rounds", "3", "--runtime", "2.1.4", "--database", "postgres://x/y"],
    ...["--profile", "--churn", "--json", "--help"],
  ]);
  equal(flags, {
    quick: true,
    relays: ["direct", "nginx"],
    scenarios: ["paced"],
    rounds: 3,
    runtime: "2.1.4",
    database: "postgres://x/y",
    profile: true,
    churn: true,
    write: false,
    json: true,
    help: true,
  });
});

Deno.test("a wrong flag is refused by name", () => {
  const wrong: [string[], RegExp][] = [
    [["--fast"], /"--fast" is not a flag/],
    [["--relays"], /--relays is without a value/],
    [["--relays", "--quick"], /--relays is without a value/],
    [["--rounds", "0"], /--rounds is "0", not a number from 1 to 999/],
    [["--runtime", "two"], /--runtime is "two", not a version/],
  ];
  for (const [args, message] of wrong) {
    throws(() => parseBenchFlags(args), message);
  }
});

Deno.test("a part of the figures is not written over all of them", () => {
  for (const part of [["--quick"], ["--relays", "x"], ["--scenarios", "x"]]) {
    throws(() => parseBenchFlags(["--write", ...part]), /replaces the whole table/);
  }
});

Deno.test("the help names every flag", () => {
  for (
    const flag of ["quick", "relays", "scenarios", "rounds", "runtime", "database", "profile", "churn", "json", "write"]
  ) {
    equal(HELP.includes(`--${flag}`), true, flag);
  }
});
