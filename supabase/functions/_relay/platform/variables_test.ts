import assert from "node:assert/strict";
import { unknownVariables, visibleVariables } from "./variables.ts";

const KNOWN = ["RELAY_ALLOWED_ORIGINS", "RELAY_PING_MS", "RELAY_LEASE_MS", "RELAY_MAX_CONCURRENT", "RELAY_TIMEOUT_MS"];

/** What is said about one name. */
const about = (name: string) => unknownVariables([name], KNOWN);

Deno.test("a name with up to two mistakes in it is said with the one that was meant", () => {
  const cases: [string, string][] = [
    ["RELAY_ALOWED_ORIGINS", "RELAY_ALLOWED_ORIGINS"],
    ["RELAY_ALLOWED_ORIGIN", "RELAY_ALLOWED_ORIGINS"],
    ["RELAY_ALLOWED_ORIGNIS", "RELAY_ALLOWED_ORIGINS"],
    ["RELAY_MAX_CONCURRENCY", "RELAY_MAX_CONCURRENT"],
    ["RELAY_PNIG_SM", "RELAY_PING_MS"],
    ["RELAY_PING", "RELAY_PING_MS"],
    ["RELAY_MAX", "RELAY_MAX_CONCURRENT"],
    ["relay_ping_ms", "RELAY_PING_MS"],
  ];
  for (const [name, meant] of cases) {
    assert.deepEqual(about(name), [`${name} is not known, did you mean ${meant}?`]);
  }
});

Deno.test("a name that is like none is said alone; all are said, by name", () => {
  assert.deepEqual(unknownVariables(["RELAY_Z", "PATH", "RELAY_PING_SECONDS", "RELAY_"], KNOWN), [
    "RELAY_ is not known",
    "RELAY_PING_SECONDS is not known",
    "RELAY_Z is not known",
  ]);
});

Deno.test("what is known is not said, nor what is not the worker's", () => {
  const cluster = ["RELAY_SERVICE_HOST", "RELAY_SERVICE_PORT_HTTP", "RELAY_PORT", "RELAY_PORT_8000_TCP_ADDR"];
  const others = ["RELAY_TEST_DATABASE_URL", "RELAY_URL", "RELAY_TOKEN", "SUPABASE_URL", "MY_RELAY_PING", "RELAYED"];
  assert.deepEqual(unknownVariables([...KNOWN, ...cluster, ...others], KNOWN), []);
});

Deno.test("the names of this process's variables are visible, also one that is empty", () => {
  Deno.env.set("RELAY_TEST_VISIBLE", "");
  try {
    assert.ok(visibleVariables().includes("RELAY_TEST_VISIBLE"));
  } finally {
    Deno.env.delete("RELAY_TEST_VISIBLE");
  }
});
