import assert from "node:assert/strict";
import { findFailures } from "./tap.ts";

Deno.test("findFailures() finds nothing where the plan was kept", () => {
  assert.deepEqual(findFailures("1..2\n\nok 1 - one\nok 2 - two\n"), []);
});

Deno.test("findFailures() finds each assertion that failed", () => {
  assert.deepEqual(findFailures("1..2\nok 1 - one\nnot ok 2 - two\n# Looks like"), ["not ok 2 - two"]);
});

Deno.test("findFailures() finds too few and too many results", () => {
  assert.deepEqual(findFailures("1..2\nok 1"), ["Found 1 results, the plan is 1..2"]);
  assert.deepEqual(findFailures("1..1\nok 1\nok 2"), ["Found 2 results, the plan is 1..1"]);
});

Deno.test("findFailures() finds a missing and a second plan", () => {
  assert.deepEqual(findFailures("ok 1"), ["Found 0 plans, expected one"]);
  assert.deepEqual(findFailures("1..1\n1..1\nok 1"), ["Found 2 plans, expected one"]);
});

Deno.test("findFailures() takes no output for a failure", () => {
  assert.deepEqual(findFailures(""), ["Found 0 plans, expected one"]);
});
