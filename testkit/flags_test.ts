import assert from "node:assert/strict";
import { readFlags, wholeNumber } from "./flags.ts";

const OPTIONS = {
  quick: { type: "boolean" },
  only: { type: "string", multiple: true },
  seed: { type: "string" },
} as const;

Deno.test("readFlags() reads switches, values and lists", () => {
  const flags = readFlags(["--quick", "--only", "kill", "--only=drop", "--seed", "7"], OPTIONS);
  assert.deepEqual({ ...flags }, { quick: true, only: ["kill", "drop"], seed: "7" });
  assert.equal(wholeNumber("seed", flags.seed), 7);
});

Deno.test("readFlags() names what is no flag, what needs a value and what takes none", () => {
  const cases: [string[], string][] = [
    [["--fast"], '"--fast" is not a flag, --help lists them'],
    [["fast"], '"fast" is not a flag, --help lists them'],
    [["-f"], '"-f" is not a flag, --help lists them'],
    [["--only"], "--only needs a value"],
    [["--only", "--quick"], "--only needs a value"],
    [["--quick=yes"], "--quick takes no value"],
  ];
  for (const [args, reason] of cases) {
    assert.throws(() => readFlags(args, OPTIONS), { name: "TypeError", message: `Cannot start: ${reason}` });
  }
  assert.throws(() => wholeNumber("seed", "x"), { message: 'Cannot start: --seed is "x", not a number' });
});
