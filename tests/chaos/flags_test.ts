import assert from "node:assert/strict";
import { parseChaosFlags } from "./flags.ts";

Deno.test("without flags everything runs, with the defaults", () => {
  const { seed, ...flags } = parseChaosFlags([]);
  assert.equal(typeof seed, "number");
  assert.deepEqual(flags, { quick: false, only: [], workerDeno: Deno.execPath(), write: false, help: false });
});

Deno.test("each flag is taken, and --only more than once", () => {
  assert.deepEqual(
    parseChaosFlags([...["--quick", "--seed", "7", "--only", "kill"], ...[
      "--only",
      "drop",
      "--database",
      "postgres://x/y",
      "--worker-deno",
      "d",
    ]]),
    {
      quick: true,
      only: ["kill", "drop"],
      database: "postgres://x/y",
      workerDeno: "d",
      seed: 7,
      write: false,
      help: false,
    },
  );
});

Deno.test("what is no flag, or has no value, is named", () => {
  const message = (args: string[]) => {
    try {
      parseChaosFlags(args);
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(message(["--fast"]), 'Cannot start: "--fast" is not a flag, --help lists them');
  assert.equal(message(["--only", "--quick"]), "Cannot start: --only is without a value");
  assert.equal(parseChaosFlags(["--write"]).write, true);
  assert.equal(
    message(["--write", "--only", "kill"]),
    "Cannot start: --write replaces the whole table, --only has a part of it",
  );
  assert.equal(message(["--seed", "x"]), 'Cannot start: --seed is "x", not a number');
});
