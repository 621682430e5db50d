import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";
import { createPlatform } from "./platform.ts";

const ENVIRONMENT: Record<string, string> = { SUPABASE_URL: "http://kong:8000", SUPABASE_SECRET_KEY: "k" };

/** Builds a platform that does not hear how the test process ends, and gives the events that it listens to. */
function create() {
  const own = globalThis.addEventListener;
  const types: string[] = [];
  globalThis.addEventListener = (type: string) => void types.push(type);
  try {
    return { ...createPlatform((name) => ENVIRONMENT[name]), types };
  } finally {
    globalThis.addEventListener = own;
  }
}

Deno.test("createPlatform() reads the configuration, takes the system's clock, listens for the end and is named anew", () => {
  const [first, second] = [create(), create()];
  assert.deepEqual([first.configuration.supabaseUrl, first.configuration.secretKey], ["http://kong:8000", "k"]);
  assert.equal(first.clock, systemClock);
  assert.deepEqual(first.types, ["beforeunload"]);
  assert.match(first.workerId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.notEqual(first.workerId, second.workerId);
  const missing = { name: "RangeError", message: "Cannot start: SUPABASE_URL is not set" };
  assert.throws(() => createPlatform(() => undefined), missing);
});
