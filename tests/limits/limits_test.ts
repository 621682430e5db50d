import { deepStrictEqual as equal, ok } from "node:assert/strict";
import * as constants from "../../supabase/functions/_relay/protocol/limits.ts";
import { makeConfiguration } from "../../supabase/functions/_relay/testing/platform.ts";
import { type Bench, openBench } from "./bench.ts";
import { clientLimits } from "./clients.ts";
import { providerLimits, slowProviderLimits } from "./provider.ts";
import { requestLimits } from "./requests.ts";
import { databaseLimits, storageLimits } from "./storage.ts";
import { deadlines, pings } from "./time.ts";
import { userLimits } from "./users.ts";
import { type Rig, startRig } from "../../testkit/rig.ts";

const ROOT = new URL("../../", import.meta.url);

/** These bound nothing: they say who may call, and whom the relay calls. */
const NO_LIMITS = [
  "RELAY_ALLOWED_ORIGINS",
  "RELAY_ALLOW_ANONYMOUS",
  "RELAY_ALLOW_PRIVATE_PROVIDERS",
  "RELAY_JWKS_URL",
  "RELAY_JWT_ISSUER",
  "RELAY_JWT_SECRET",
  "RELAY_METRICS_TOKEN",
  "RELAY_PROVIDER_HOSTS",
];

const quick = [...requestLimits, ...providerLimits, ...pings, ...clientLimits, ...storageLimits];
/** Each waits for a time to pass, so they wait together. */
const slow = [...deadlines, ...slowProviderLimits, ...databaseLimits];
/** Take faults or a worker for themselves. */
const alone = [...userLimits];

let rig: Rig;
let bench: Bench;

Deno.test.beforeAll(async () => {
  rig = await startRig();
  bench = await openBench(rig);
});

Deno.test.afterAll(async () => {
  await rig.close();
  await bench.proxy.close();
});

for (const { title, run } of [...quick, ...alone]) {
  Deno.test(title, () => run(bench));
}

Deno.test(slow.map(({ title }) => title).join("; "), async () => {
  const runs = await Promise.allSettled(slow.map(({ run }) => run(bench)));
  for (const [i, run] of runs.entries()) {
    if (run.status === "fulfilled") continue;
    throw new Error(`It does not hold: ${slow[i].title}`, { cause: run.reason });
  }
});

Deno.test("each constant of limits.ts and each variable that is a limit is reached", () => {
  const reached = [...quick, ...slow, ...alone].flatMap(({ reaches }) => reaches);
  const variables = relayVariables().filter((name) => !NO_LIMITS.includes(name));
  equal(reached.sort(), [...Object.keys(constants), ...variables].sort());
});

Deno.test("docs/limits.md has one row for each constant and variable, with its default", () => {
  const page = Deno.readTextFileSync(new URL("docs/limits.md", ROOT));
  const rows = new Map<string, string>();
  for (const line of page.split("\n")) {
    const [, name, value] = /^\| `(\w+)` *\| ([^|]*?) *\|/.exec(line) ?? [];
    if (name === undefined) continue;
    ok(!rows.has(name), `${name} has two rows`);
    rows.set(name, value);
  }
  const number = new Intl.NumberFormat("en-US");
  for (const [name, value] of Object.entries(constants)) {
    equal(rows.get(name)?.split(" ")[0], number.format(value), name);
  }
  const configuration: Record<string, unknown> = { ...makeConfiguration() };
  for (const name of relayVariables()) {
    const value = configuration[camel(name)];
    if (typeof value === "number") {
      equal(rows.get(name)?.split(" ")[0], number.format(value), name);
    } else {
      ok(page.includes(`\`${name}\``), `${name} is not in docs/limits.md`);
    }
  }
});

/** The variables that configuration.ts names. */
function relayVariables(): string[] {
  const source = Deno.readTextFileSync(new URL("supabase/functions/_relay/platform/configuration.ts", ROOT));
  return [...new Set(source.match(/RELAY_[A-Z_]+[A-Z]/g))];
}

/** RELAY_PING_MS is the variable of `pingMs`. */
function camel(variable: string): string {
  return variable.replace(/^RELAY_/, "").toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
