import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";
import { createPlatform } from "./platform.ts";
import { VERSION } from "./version.ts";

const ENVIRONMENT: Record<string, string> = { SUPABASE_URL: "http://kong:8000", SUPABASE_SECRET_KEY: "k" };

/** Builds a platform that does not hear how the test process ends; gives the events that it listens to, and its lines. */
function create(environment = ENVIRONMENT) {
  const [own, write] = [globalThis.addEventListener, console.error];
  const [types, lines] = [[] as string[], [] as string[]];
  globalThis.addEventListener = (type: string) => void types.push(type);
  console.error = (line: string) => void lines.push(line);
  try {
    const platform = createPlatform((name) => environment[name], () => Object.keys(environment));
    return { ...platform, types, lines: lines.map((line) => JSON.parse(line)) };
  } finally {
    globalThis.addEventListener = own;
    console.error = write;
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

Deno.test("a worker logs which version it is, and no more where it knows all variables", () => {
  const { lines, workerId } = create({ ...ENVIRONMENT, RELAY_PING_MS: "1000", RELAY_JWT_SECRET: "" });
  const rest = lines.map(({ timestamp: _, ...line }) => line);
  assert.deepEqual(rest, [{ level: "info", event: "worker_started", worker_id: workerId, version: VERSION }]);
});

Deno.test("a variable of the relay's that nothing reads is named in the log, without its value", () => {
  const values = { RELAY_ALOWED_ORIGINS: "a-value", RELAY_JWT_SECRETS: "b-value" };
  const { lines: [, line, ...more], workerId } = create({ ...ENVIRONMENT, ...values });
  assert.deepEqual([line.level, line.event, line.worker_id, more], ["warn", "variables_unknown", workerId, []]);
  assert.equal(
    line.cause,
    "RELAY_ALOWED_ORIGINS is not known, did you mean RELAY_ALLOWED_ORIGINS?; " +
      "RELAY_JWT_SECRETS is not known, did you mean RELAY_JWT_SECRET?",
  );
  assert.doesNotMatch(JSON.stringify(line), /value/);
});
