/** Holds the pages to the code: whole streams, request bodies, errors, variables, log events, metrics, links. */
import { ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import assert from "node:assert/strict";
import { type Environment, readConfiguration } from "../../supabase/functions/_relay/platform/configuration.ts";
import { parseCancelRequest, parseStreamRequest } from "../../supabase/functions/_relay/protocol/requests.ts";
import type { Preview } from "../../supabase/functions/_relay/database/begin.ts";
import { previewOf } from "../../supabase/functions/stream/preview.ts";
import { FAMILIES } from "../../supabase/functions/metrics/families.ts";
import { fenced } from "../../testkit/page.ts";
import { type Reader, readEvents, readToEnd, type StreamEvent } from "../../testkit/reader.ts";

const ROOT = new URL("../../", import.meta.url);
const FUNCTIONS = "supabase/functions/";

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const protocol = read("docs/protocol.md");
const operations = read("docs/operations.md");

/** The tables' rows whose first cell is a name that fits, as cells, the name without its quotes. */
function rows(page: string, name: RegExp): string[][] {
  return page.split("\n").filter((line) => line.startsWith("| `")).map((line) => {
    const [first, ...cells] = line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim());
    return [first.replaceAll("`", ""), ...cells];
  }).filter(([first]) => name.test(first));
}

/** All files below a folder, as paths from the root, without what tools put there. */
function* files(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder || ".", ROOT))) {
    if (/^(\.git|\.data|node_modules|\.temp|\.branches)$/.test(name)) continue;
    if (isDirectory) yield* files(`${folder}${name}/`);
    else yield folder + name;
  }
}

// The streams

/** The fields of an interface of protocol/events.ts, each with its type as it is written there, and whether it is optional. */
function fieldsOf(name: string): [string, string, boolean][] {
  const body = new RegExp(`interface ${name} {\n(.*?)^}`, "ms").exec(read(`${FUNCTIONS}_relay/protocol/events.ts`));
  assert.ok(body, `events.ts has an interface ${name}`);
  return [...body[1].matchAll(/^ {2}(\w+)(\??): (.*);$/gm)].map(([, field, mark, type]) => [field, type, mark !== ""]);
}

function checkFields(data: Record<string, unknown>, name: string): void {
  const fields = fieldsOf(name).filter(([field, , isOptional]) => !isOptional || field in data);
  assert.deepEqual(Object.keys(data), fields.map(([field]) => field), name);
  for (const [field, type] of fields) {
    const [value, types] = [data[field], type.replace(/\bId\b/, "string | number").split(" | ")];
    const path = `${name}.${field} is ${JSON.stringify(value)}`;
    if (value === null) assert.ok(types.includes("null"), path);
    else if (types.includes("Usage")) checkFields(value as Record<string, unknown>, "Usage");
    else if (types.includes("SentContext")) checkFields(value as Record<string, unknown>, "SentContext");
    else if (types.includes("ErrorCode")) assert.ok(Object.hasOwn(ERRORS, String(value)), path);
    else assert.ok(types.includes(typeof value) || types.includes("Id"), path);
  }
}

/** A stream of the page, as a client gets it. */
function readerOf(text: string): Reader {
  return readEvents(new Response(`${text}\n`, { headers: { "content-type": "text/event-stream" } }));
}

const blocks = fenced(protocol, "sse");
const streams = await Promise.all(blocks.map((text) => readToEnd(readerOf(text))));

const PAYLOADS: Record<string, string> = { start: "StartData", done: "DoneData", error: "ErrorData" };

Deno.test("docs/protocol.md shows every event, in whole streams of one generation each", () => {
  const shown = new Set(blocks.join("").match(/^event: \w+$/gm));
  const known = ["done", "error", "ping", "reasoning", "start", "token"];
  assert.deepEqual([...shown].sort(), known.map((name) => `event: ${name}`));
  for (const { start, last } of streams) assert.equal(last.stream_id, start.stream_id);
});

Deno.test("each payload in docs/protocol.md has exactly the fields of protocol/events.ts, and the right id", () => {
  for (const { event, id, data } of streams.flatMap(({ events }): StreamEvent[] => events)) {
    if (event !== "token") assert.equal(id, event === "start" ? "0" : undefined, data);
    if (event in PAYLOADS) checkFields(JSON.parse(data), PAYLOADS[event]);
  }
  for (const [, data] of blocks.join("").matchAll(/^event: ping\n(.*)$/gm)) assert.equal(data, "data: {}");
});

Deno.test("each resumed stream in docs/protocol.md is the rest of a whole one, to the character", async () => {
  const resumed = fenced(protocol, "sse resumed");
  assert.ok(resumed.length > 0);
  for (const text of resumed) {
    const reader = readerOf(text);
    const { id, data } = (await reader.next())!;
    const from = Number(id) - data.length;
    const rest = await readToEnd(reader, from);
    const whole = streams.find(({ start }) => start.stream_id === rest.last.stream_id)!;
    assert.equal(rest.text, whole.text.slice(from));
    assert.ok(rest.text !== "" && rest.text !== whole.text);
    assert.deepEqual(rest.last, whole.last);
  }
});

// Bodies

/** Finds what a JSON example is by its fields, and checks it as that. */
function checkJson(body: Record<string, unknown>): string {
  if ("error" in body) {
    const { code, message, ...rest } = body.error as Record<string, unknown>;
    assert.ok(Object.hasOwn(ERRORS, String(code)), String(code));
    assert.match(String(message), /^[A-Z].*[^.]$/s);
    const more: Record<string, string[]> = {
      budget_exceeded: ["resets_at"],
      invalid_request: ["issues"],
      conversation_busy: ["stream_id"],
    };
    assert.deepEqual(Object.keys(rest), more[String(code)] ?? []);
    return "error";
  }
  if ("status" in body) return "status";
  if ("bot_reason" in body) {
    const { messages } = body as { messages: { role: "user"; characters: number }[] };
    const sized = messages.map((message) => ({ ...message, bytes: 0, message_id: null }));
    const row = {
      ...body,
      messages: sized,
      system_prompt: null,
      takes_system: true,
      fixed_bytes: 0,
      bytes_per_token: 3,
    };
    const answer = previewOf(row as unknown as Preview, { on_disconnect: "stop" });
    assert.deepEqual(Object.keys(body), Object.keys(answer));
    for (const message of messages) assert.deepEqual(Object.keys(message), Object.keys(answer.messages[0]));
    return "preview";
  }
  const isCancel = Object.keys(body).every((name) => name === "stream_id" || name === "at");
  if (isCancel) parseCancelRequest(body);
  else parseStreamRequest(body);
  return isCancel ? "cancel" : "stream";
}

Deno.test("each JSON body in docs/protocol.md is one that the relay takes or gives", () => {
  const kinds = fenced(protocol, "json").map((text) => checkJson(JSON.parse(text)));
  assert.deepEqual([...new Set(kinds)].sort(), ["cancel", "error", "preview", "status", "stream"]);
});

Deno.test("each body that a curl in docs/protocol.md sends to stream is one that the relay takes", () => {
  const commands = fenced(protocol, "sh").join("\n").split("curl ").filter((text) => /\/v1\/stream[/"]/.test(text));
  assert.ok(commands.length > 0);
  for (const command of commands) {
    const [, stream_id] = /\/v1\/stream\/([^"/]+)"/.exec(command) ?? [];
    const [, body] = /-d '([^']*)'/.exec(command) ?? [];
    if (stream_id !== undefined) assert.deepEqual(parseCancelRequest({ stream_id }), { stream_id });
    const isGet = stream_id !== undefined || command.includes("/v1/stream?conversation_id=");
    if (isGet) assert.equal(body, undefined, "A GET has no body");
    else parseStreamRequest(JSON.parse(body));
  }
});

// Errors

Deno.test("docs/errors.md has one row for each error code, with its status, and a scenario provokes each", () => {
  const table = rows(read("docs/errors.md"), /^[a-z_]+$/);
  assert.deepEqual(table.map(([code]) => code).sort(), Object.keys(ERRORS).sort());
  // Budgets are the operator's: no scenario of the contract can set one.
  const scenarios = ["contract", "faults", "races"].flatMap((group) => [...files(`tests/${group}/`)]).map(read).join(
    "",
  );
  for (const [code, status, retryable] of table) {
    const entry = ERRORS[code as keyof typeof ERRORS];
    assert.ok(status === "event" || Number(status) === entry.status, `${code}: ${status}`);
    if (entry.retryable !== undefined) assert.equal(retryable, entry.retryable ? "yes" : "no", code);
    assert.ok(scenarios.includes(`"${code}"`), `No scenario provokes ${code}`);
  }
});

// Configuration

const environmentOf = (variables: Record<string, string>): Environment => (name) => variables[name];

const REQUIRED = { SUPABASE_URL: "http://supabase.test", SUPABASE_SECRET_KEY: "sb_secret_test" };

const named = read(`${FUNCTIONS}_relay/platform/configuration.ts`).matchAll(/"((?:RELAY|SUPABASE)_[A-Z0-9_]+)"/g);
const variables = [...new Set([...named].map(([, name]) => name))].sort();
const relayVariables = variables.filter((name) => name.startsWith("RELAY_"));
const configurationRows = rows(read("docs/configuration.md"), /^(RELAY|SUPABASE)_/);
const table = new Map(configurationRows.map(([name, ...cells]) => [name, cells]));

/** RELAY_PING_MS is `pingMs`: the fields are named after the variables. */
function defaultOf(name: string): unknown {
  const words = name.slice("RELAY_".length).toLowerCase();
  const field = words.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const configuration = readConfiguration(environmentOf(REQUIRED));
  assert.ok(Object.hasOwn(configuration, field), `${name} is ${field}`);
  return configuration[field as keyof typeof configuration];
}

/** A default as the pages write it. */
function written(value: unknown): string {
  if (value === null) return "none";
  return `\`${String(value).replace(REQUIRED.SUPABASE_URL, "<SUPABASE_URL>")}\``;
}

Deno.test("docs/configuration.md has one row for each variable that a worker reads, with its default", () => {
  assert.ok(variables.length > 15);
  assert.deepEqual(configurationRows.map(([name]) => name).sort(), variables);
  for (const [name, ...cells] of configurationRows) {
    assert.ok(cells.length === 4 && cells.every((cell) => cell !== ""), name);
  }
  for (const name of relayVariables) assert.equal(table.get(name)?.[0], written(defaultOf(name)), name);
});

Deno.test("docs/configuration.md has the range that a worker accepts", () => {
  // A long lease and a short beat, or the rule between the two would answer first.
  const base = { ...REQUIRED, RELAY_LEASE_MS: "600000", RELAY_BEAT_MS: "50" };
  for (const name of relayVariables.filter((name) => typeof defaultOf(name) === "number")) {
    const [least, most] = table.get(name)![1].replaceAll(",", "").split(" to ").map(Number);
    const accepts = (value: number) => readConfiguration(environmentOf({ ...base, [name]: String(value) }));
    accepts(least);
    accepts(most);
    for (const value of [least - 1, most + 1]) assert.throws(() => accepts(value), new RegExp(name));
  }
});

Deno.test("docs/configuration.md says what a worker cannot start without", () => {
  const { SUPABASE_URL } = REQUIRED;
  assert.equal(table.get("SUPABASE_URL")?.[0], "required");
  assert.throws(() => readConfiguration(environmentOf({ SUPABASE_SECRET_KEY: "key" })), /SUPABASE_URL/);
  assert.throws(() => readConfiguration(environmentOf({ SUPABASE_URL })), /SUPABASE_SECRET_KEY/);
  const keys = variables.filter((name) => /^SUPABASE_S/.test(name));
  assert.equal(keys.length, 3);
  for (const name of keys) {
    assert.equal(table.get(name)?.[0], "one of the three is required");
    const value = name.endsWith("S") ? '{"default":"key"}' : "key";
    assert.equal(readConfiguration(environmentOf({ SUPABASE_URL, [name]: value })).secretKey, "key");
  }
});

Deno.test(".env.example lists each RELAY_* variable once, commented, with its default", () => {
  const lines = [...read(".env.example").matchAll(/^# (RELAY_\w+)=(.*)$/gm)];
  assert.deepEqual(lines.map(([, name]) => name).sort(), relayVariables);
  for (const [, name, value] of lines) {
    assert.equal(value === "" ? "none" : `\`${value}\``, written(defaultOf(name)), name);
  }
  assert.doesNotMatch(read(".env.example"), /^RELAY_/m);
});

// The log and the metrics

/** The second argument of a call, whose source begins right behind the opening bracket. */
function secondArgument(source: string): string {
  const parts = [""];
  let depth = 0;
  for (const character of source) {
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character) && --depth < 0) break;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts[1] ?? "";
}

Deno.test("docs/operations.md has one row for each event that the code logs, with fields that a line can have", () => {
  const relay = [...files(FUNCTIONS)].filter((path) => /(?<!_test)\.ts$/.test(path) && !path.includes("/testing/"));
  const sources = [...relay, "dev/serve.ts", "dev/server.ts"];
  const logged = sources.map(read).flatMap((source) =>
    [...source.matchAll(/\blog\(/g)].flatMap(({ index }) =>
      secondArgument(source.slice(index + "log(".length)).match(/(?<=")\w+(?=")/g) ?? []
    )
  );
  const section = operations.split("\n## ").find((text) => text.startsWith("The log"))!;
  const documented = rows(section, /^\w+$/);
  const names = documented.map(([name]) => name);
  assert.deepEqual(names.sort(), [...new Set(logged)].sort());
  const fields = read(`${FUNCTIONS}_relay/platform/log.ts`).match(/(?<=^ {2})\w+(?=\?: )/gm)!;
  for (const [name, , cell] of documented) {
    for (const [, field] of cell.matchAll(/`(\w+)`/g)) {
      assert.ok([...fields, ...names].includes(field), `${name} ${field}`);
    }
  }
});

Deno.test("docs/operations.md has one row for each metric, in the order of the page; alerts name no other", () => {
  const documented = rows(operations, /^storytellr_\w+$/).map(([name, type]) => [name, type]);
  assert.deepEqual(documented, FAMILIES.map(({ name, type }) => [`storytellr_${name}`, type]));
  const alerting = read("server/alerts.yml").match(/storytellr_\w+/g)!;
  assert.ok(alerting.length > 5);
  for (const name of alerting) assert.ok(documented.some(([known]) => known === name.replace(/_bucket$/, "")), name);
});

Deno.test("the dashboard of server/ shows every metric, and no other", () => {
  const shown = read("server/grafana/dashboard.json").match(/storytellr_\w+/g)!.map((name) =>
    name.replace(/_bucket$/, "")
  );
  assert.deepEqual([...new Set(shown)].sort(), FAMILIES.map(({ name }) => `storytellr_${name}`).sort());
});

// The pages themselves

const pages = [...files()].filter((path) => path.endsWith(".md"));

Deno.test("each relative link between the pages leads to a file, and to a heading of a page", () => {
  assert.ok(pages.includes("README.md") && pages.includes("docs/protocol.md"));
  const known = new Set(files());
  const broken = pages.flatMap((page) =>
    [...read(page).replace(/^```.*?^```$/gms, "").matchAll(/\]\(([^)\s]+)\)/g)].filter(([, target]) => {
      if (/^[a-z]+:/.test(target)) return false;
      const { href, hash } = new URL(target, new URL(page, ROOT));
      const path = href.slice(ROOT.href.length, href.length - hash.length);
      return !known.has(path) || path.endsWith(".md") && hash !== "" && !anchorsOf(path).includes(hash.slice(1));
    }).map(([, target]) => `${page}: ${target}`)
  );
  assert.deepEqual(broken, []);
});

function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

Deno.test("each source file that a page names is there, from the root, the functions or the page's folder on", () => {
  const known = new Set(files());
  const missing = pages.filter((page) => page !== "CHANGELOG.md").flatMap((page) => {
    const from = ["", FUNCTIONS, `${FUNCTIONS}_relay/`, page.replace(/[^/]+$/, "")];
    return [...read(page).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:tsx?|sql))`/g)]
      .filter(([, path]) => !from.some((folder) => known.has(folder + path)))
      .map(([, path]) => `${page}: ${path}`);
  });
  assert.deepEqual(missing, []);
});

Deno.test("each table has a head: a blank line in the middle makes the rest of it prose, which deno fmt wraps", () => {
  const headless = pages.flatMap((page) =>
    [...read(page).matchAll(/^\|.*\n(?:\|.*\n)*/gm)].filter(([rows]) => !/^\|.*\n\|[ :|-]+\|\n/.test(rows))
      .map(([rows]) => `${page}: ${rows.slice(0, 60)}`)
  );
  assert.deepEqual(headless, []);
});

Deno.test("no row of a table in README, CONTRIBUTING and docs has more than 200 characters", () => {
  const long = pages.filter((page) => /^(README\.md|CONTRIBUTING\.md|docs\/.*)$/.test(page)).flatMap((page) =>
    read(page).split("\n").filter((line) => line.startsWith("|") && line.length > 200).map((line) =>
      `${page}: ${line.length}, ${line.slice(0, 40)}`
    )
  );
  assert.deepEqual(long, []);
});
