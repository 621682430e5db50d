import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";
import { createPlatform, type Platform } from "./platform.ts";

const ENVIRONMENT: Record<string, string> = { SUPABASE_URL: "http://kong:8000", SUPABASE_SECRET_KEY: "k" };

/** Builds a platform that does not hear how the test process ends, and gives the events that it listens to. */
function create(): [Platform, string[]] {
  const own = globalThis.addEventListener;
  const types: string[] = [];
  globalThis.addEventListener = (type: string) => void types.push(type);
  try {
    return [createPlatform((name) => ENVIRONMENT[name]), types];
  } finally {
    globalThis.addEventListener = own;
  }
}

Deno.test("createPlatform() reads the configuration, takes the system's clock and listens for the end", () => {
  const [platform, types] = create();
  assert.equal(platform.configuration.supabaseUrl, "http://kong:8000");
  assert.equal(platform.configuration.secretKey, "k");
  assert.equal(platform.clock, systemClock);
  assert.deepEqual(types, ["beforeunload"]);
});

Deno.test("createPlatform() names each worker anew", () => {
  const [[first], [second]] = [create(), create()];
  assert.match(first.workerId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.notEqual(first.workerId, second.workerId);
});

Deno.test("createPlatform() fails by name where the configuration cannot be used", () => {
  assert.throws(() => createPlatform(() => undefined), {
    name: "RangeError",
    message: "Cannot start: SUPABASE_URL is not set",
  });
});
