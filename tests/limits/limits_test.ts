import { deepStrictEqual as equal, ok } from "node:assert/strict";
import * as memory from "../../supabase/functions/_relay/platform/memory.ts";
import * as constants from "../../supabase/functions/_relay/protocol/limits.ts";
import { makeConfiguration } from "../../supabase/functions/_relay/testing/platform.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { clientLimits } from "./clients.ts";
import { databaseLimits } from "./database.ts";
import { type LimitStack, openLimitStack } from "./limit_stack.ts";
import { providerLimits } from "./provider.ts";
import { shareLimits } from "./shares.ts";

let stack: Stack;
let on: LimitStack;

Deno.test.beforeAll(async () => {
  stack = await startStack({ postgres: HAS_SERVER });
  on = await openLimitStack(stack);
});

Deno.test.afterAll(async () => {
  await stack.stop();
  await on.proxy.close();
});

const limits = [providerLimits, clientLimits, databaseLimits, shareLimits];
for (const { title, run } of limits.flat()) {
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

/** Unit tests reach them: with a clock, sockets or bytes of their own, with more users than a stack has, or past a database. */
const IN_UNIT_TESTS = new RegExp(
  "^(ABANDON|BODY_TIMEOUT|KEY_SET_RETRY|READY_CACHE|(MAX_)?REFUSAL|READER_IDLE|READ_GIVE_UP|MAX_READ_READERS|" +
    "MAX_BEAT_GENERATIONS|MAX_LOG_FIELD|PROVIDER_(CONNECT|TLS|WRITE|HEAD|REST|KEEP)_MS|MAX_PROVIDER_REST|MAX_PROVIDER_HEAD|MAX_(KEPT|STUCK)|" +
    "MAX_PROVIDER_(ANSWER|ERROR|EVENT|JSON|MESSAGE)|PROVIDER_ERROR_READ|" +
    "START_WAIT|BUSY|TEST_TIMEOUT|MAX_(WAITING|REFUSED_USERS|LOST))",
);

Deno.test("each constant of limits.ts and each variable that is a limit is reached by a scenario", () => {
  const [scenarios, unitTests] = [usedIn("tests/", /\.ts$/), usedIn("supabase/functions/", /_test\.ts$/)];
  const limits = [...Object.keys(constants), ...variables].filter((name) => !NO_LIMITS.test(name));
  equal(limits.filter((name) => !(IN_UNIT_TESTS.test(name) ? unitTests : scenarios).includes(name)), []);
});

/** What the files of these names below a folder do, without their imports. */
function usedIn(folder: string, names: RegExp): string {
  return [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name, isDirectory }) => {
    if (isDirectory) return usedIn(`${folder}${name}/`, names);
    return names.test(name) ? Deno.readTextFileSync(new URL(folder + name, ROOT)).replace(/^import .*?;$/gms, "") : "";
  }).join("\n");
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

Deno.test("docs/limits.md has the bounds of columns that pgTAP tests", () => {
  const tap = Deno.readTextFileSync(new URL("supabase/tests/constraints/every_text_has_a_bound.test.sql", ROOT));
  const page = Deno.readTextFileSync(new URL("docs/limits.md", ROOT));
  const reached = [...tap.matchAll(/\('(\w+)', '(\w+)', (\d+)/g)].map(([, table, column, most]) =>
    `${table}.${column}: ${most}, ${table}_${column}_fits`
  );
  const rows = [...page.matchAll(/^\| `([\w.]+)` *\| ([\d,]+) characters.*`23514` with `(\w+_fits)`/gm)]
    .map(([, column, most, constraint]) => `${column}: ${most.replaceAll(",", "")}, ${constraint}`);
  equal([rows.sort(), rows.length], [reached.sort(), 12]);
});

/** Of `bots.params`, in the migration of the columns' bounds. */
const MAX_PARAMS_CHARACTERS = 65_536;

/** What the limits come to. */
function totals(): Record<string, number> {
  const limits = constants;
  const budget = makeConfiguration().memoryBytes / 2;
  const events = 1 + Math.floor(limits.MAX_CLIENT_QUEUE_BYTES / memory.MIN_EVENT_BYTES);
  return {
    "a stream whose client keeps up, without text": memory.GENERATION_BYTES + memory.READER_BYTES,
    "10,000 units of its text": 10_000 * memory.TEXT_UNIT_BYTES,
    "the longest body": limits.MAX_BODY_BYTES * memory.BODY_BYTE_BYTES,
    "the longest context": limits.MAX_CONTEXT_CHARACTERS * memory.CONTEXT_CHARACTER_BYTES,
    "as many messages as a context may have, besides their texts": limits.MAX_CONTEXT_MESSAGES *
      memory.CONTEXT_MESSAGE_BYTES,
    "the longest params of a bot": MAX_PARAMS_CHARACTERS * memory.PARAMS_CHARACTER_BYTES,
    "the longest text of a generation": limits.MAX_MESSAGE_UNITS * memory.TEXT_UNIT_BYTES,
    "a full queue of a client, of the shortest events": memory.READER_BYTES + limits.MAX_CLIENT_QUEUE_BYTES +
      events * memory.QUEUED_EVENT_BYTES,
    "a user's share": budget * limits.MAX_USER_MEMORY_PERCENT / 100,
    "the budget of a worker": budget,
  };
}

Deno.test("docs/limits.md says what the limits come to, and each part fits a user's share and the worker", () => {
  const page = Deno.readTextFileSync(new URL("docs/limits.md", ROOT));
  const [, rest] = page.split("## What they come to\n");
  const section = rest.split("\n## ")[0].replace(/\s+/g, " ");
  const number = new Intl.NumberFormat("en-US");
  const all = totals();
  for (const name of ["the budget of a worker", "a user's share"]) ok(section.includes(number.format(all[name])), name);
  const [stream, text] = [all["a stream whose client keeps up, without text"], all["10,000 units of its text"]];
  const step = memory.MEMORY_STEP_BYTES;
  const thousand = 1_000 * (memory.READER_BYTES + Math.ceil((stream - memory.READER_BYTES + text) / step) * step);
  ok(thousand <= all["the budget of a worker"]);
  ok(section.includes(`hold ${number.format(thousand)} bytes`), `${thousand}`);
  const { maxConcurrent } = makeConfiguration();
  const share = all["a user's share"];
  const writer = maxConcurrent * (stream + all["the longest text of a generation"]);
  const readers = constants.MAX_READ_STREAMS * all["a full queue of a client, of the shortest events"];
  ok(writer + readers <= share, `${writer + readers}`);
  ok(section.includes(`hold ${number.format(writer)} bytes`), `${writer}`);
  ok(section.includes(`hold ${number.format(readers)} bytes`), `${readers}`);
  const most = all["the longest context"] + all["as many messages as a context may have, besides their texts"];
  ok(stream + most + all["the longest params of a bot"] <= share);
  const fitting = (bytes: number) => number.format(Math.floor((share - memory.GENERATION_BYTES) / bytes / 1e5) * 1e5);
  ok(section.includes(`${fitting(memory.CONTEXT_CHARACTER_BYTES)} UTF-16 units`));
  ok(section.includes(`${fitting(memory.CONTEXT_CHARACTER_BYTES + memory.CONTROL_CHARACTER_BYTES)} control`));
  ok(stream + all["the longest body"] <= share);
  ok(
    section.includes(
      `${number.format(all["the budget of a worker"] * (100 - constants.MAX_LARGE_MEMORY_PERCENT) / 100)} bytes`,
    ),
  );
  ok(section.includes(`at most ${constants.MAX_DATABASE_CALLS} calls`));
});

/** RELAY_PING_MS is the variable of `pingMs`. */
function camel(variable: string): string {
  return variable.replace(/^RELAY_/, "").toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
