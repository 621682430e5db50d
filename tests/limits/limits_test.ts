import { deepStrictEqual as equal, ok } from "node:assert/strict";
import * as constants from "../../supabase/functions/_relay/protocol/limits.ts";
import { makeConfiguration } from "../../supabase/functions/_relay/testing/platform.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { clientLimits } from "./clients.ts";
import { databaseLimits } from "./database.ts";
import { type LimitStack, openLimitStack } from "./limit_stack.ts";
import { providerLimits } from "./provider.ts";

let stack: Stack;
let on: LimitStack;

Deno.test.beforeAll(async () => {
  stack = await startStack();
  on = await openLimitStack(stack);
});

Deno.test.afterAll(async () => {
  await stack.stop();
  await on.proxy.close();
});

for (const { title, run } of [...providerLimits, ...clientLimits, ...databaseLimits]) {
  Deno.test(title, () => run(on));
}

const ROOT = new URL("../../", import.meta.url);

/** These bound nothing: they say who may call, and whom the relay calls. */
const NO_LIMITS = /^RELAY_(ALLOW|JWKS|JWT|METRICS_TOKEN|OAUTH|PROVIDER_HOSTS|REQUIRE|TRANSPORT)/;

/** The variables that configuration.ts names. */
const variables = [
  ...new Set(
    Deno.readTextFileSync(new URL("supabase/functions/_relay/platform/configuration.ts", ROOT)).match(
      /RELAY_[A-Z_]+[A-Z0-9]/g,
    ),
  ),
];

/** Unit tests reach it with a clock of their own; those of `transport/` with sockets of their own, too. */
const WITH_A_CLOCK = /^(REFUSAL|PROVIDER_(CONNECT|TLS|WRITE|HEAD|KEEP)_MS|MAX_PROVIDER_HEAD|MAX_KEPT)/;

Deno.test("each constant of limits.ts and each variable that is a limit is reached by a scenario", () => {
  const used = scenarioTexts("tests/").join("\n").replace(/^import .*?;$/gms, "");
  const limits = [...Object.keys(constants), ...variables];
  const elsewhere = limits.filter((name) => !NO_LIMITS.test(name) && !WITH_A_CLOCK.test(name) && !used.includes(name));
  equal(elsewhere, []);
});

function scenarioTexts(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? scenarioTexts(`${folder}${name}/`) : [Deno.readTextFileSync(new URL(folder + name, ROOT))]
  );
}

Deno.test("docs/limits.md has one row for each constant and variable, with its default", () => {
  const page = Deno.readTextFileSync(new URL("docs/limits.md", ROOT));
  const found = [...page.matchAll(/^\| `(\w+)` *\| ([^| ]*)/gm)].map(([, name, value]) => [name, value] as const);
  const rows = new Map(found);
  equal(rows.size, found.length, "A name has two rows");
  const configuration: Record<string, unknown> = { ...makeConfiguration() };
  const defaults = variables.map((name) => [name, configuration[camel(name)]] as const);
  const number = new Intl.NumberFormat("en-US");
  for (const [name, value] of [...Object.entries(constants), ...defaults]) {
    if (typeof value === "number") equal(rows.get(name), number.format(value), name);
    else ok(page.includes(`\`${name}\``), `${name} is not in docs/limits.md`);
  }
});

/** RELAY_PING_MS is the variable of `pingMs`. */
function camel(variable: string): string {
  return variable.replace(/^RELAY_/, "").toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
