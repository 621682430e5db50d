/** Holds the pages to the code: whole streams, request bodies, variables, log events and links are read and checked. */
import assert from "node:assert/strict";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { type Environment, readConfiguration } from "../../supabase/functions/_relay/platform/configuration.ts";
import { ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { parseCancelRequest, parseStreamRequest } from "../../supabase/functions/_relay/protocol/requests.ts";
import { FAMILIES } from "../../supabase/functions/metrics/families.ts";

const ROOT = new URL("../../", import.meta.url);
const FUNCTIONS = "supabase/functions/";

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

/** The texts between fences of one language. */
function fenced(page: string, language: string): string[] {
  const blocks = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms");
  return [...page.matchAll(blocks)].map(([, text]) => text);
}

/** The rows of the tables whose first cell is a name that fits, as cells. */
function rows(page: string, name: RegExp): string[][] {
  return page.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
    line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim())
  ).filter(([cell]) => name.test(cell.replaceAll("`", "")));
}

/** All files below a folder, as paths from the root, without what the tools put there. */
function* files(folder = ""): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder || ".", ROOT))) {
    const path = `${folder}${entry.name}`;
    if (/^(\.git|\.data|node_modules|\.temp|\.branches)$/.test(entry.name)) {
      continue;
    }
    if (entry.isDirectory) yield* files(`${path}/`);
    else yield path;
  }
}

/** Source files of the functions, without their tests. */
function sources(): string[] {
  return [...files(FUNCTIONS)].filter((path) =>
    path.endsWith(".ts") && !path.endsWith("_test.ts") &&
    !path.includes("/testing/")
  ).map(read);
}

// The streams

/** The fields of an interface of protocol/events.ts, each with its type as it is written there. */
function fieldsOf(name: string): [string, string][] {
  const source = read(`${FUNCTIONS}_relay/protocol/events.ts`);
  const body = new RegExp(`interface ${name} {\n(.*?)^}`, "ms").exec(source);
  assert.ok(body, `events.ts has an interface ${name}`);
  return [...body[1].matchAll(/^ {2}(\w+): (.*);$/gm)].map(([, field, type]) => [field, type]);
}

function checkValue(value: unknown, type: string, path: string): void {
  const types = type.split(" | ");
  if (value === null) assert.ok(types.includes("null"), `${path} is null`);
  else if (types.includes("Usage")) checkFields(value, "Usage", path);
  else if (types.includes("ErrorCode")) {
    assert.ok(Object.hasOwn(ERRORS, String(value)), path);
  } else assert.ok(types.includes(typeof value), `${path} is ${typeof value}`);
}

function checkFields(data: unknown, name: string, path: string): void {
  const fields = fieldsOf(name);
  assert.deepEqual(Object.keys(data as object), fields.map(([field]) => field), path);
  for (const [field, type] of fields) {
    const value = (data as Record<string, unknown>)[field];
    checkValue(value, type, `${path}.${field}`);
  }
}

const PAYLOADS: Record<string, string> = { start: "StartData", done: "DoneData", error: "ErrorData" };

function parseStream(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onError: (error) => {
      throw error;
    },
  });
  parser.feed(`${text}\n`);
  return events;
}

const streams = fenced(read("docs/protocol.md"), "sse").map(parseStream);

Deno.test("docs/protocol.md shows every event", () => {
  const shown = new Set(streams.flat().map(({ event }) => event));
  const known = ["done", "error", "ping", "reasoning", "start", "token"];
  assert.deepEqual([...shown].sort(), known);
});

Deno.test("each stream in docs/protocol.md begins with start and ends with its only terminal event", () => {
  for (const events of streams) {
    const names = events.map(({ event }) => event ?? "message");
    assert.equal(names.indexOf("start"), 0);
    assert.equal(names.lastIndexOf("start"), 0);
    const ends = names.filter((name) => name === "done" || name === "error");
    assert.deepEqual(ends, names.slice(-1));
  }
});

Deno.test("each payload in docs/protocol.md has exactly the fields of protocol/events.ts", () => {
  for (const { event = "", data } of streams.flat()) {
    if (event === "ping") assert.equal(data, "{}");
    if (Object.hasOwn(PAYLOADS, event)) {
      checkFields(JSON.parse(data), PAYLOADS[event], event);
    }
  }
});

Deno.test("each id in docs/protocol.md is the text's length so far, in UTF-16 units", () => {
  for (const events of streams) {
    let text = "";
    for (const { event, id, data } of events) {
      if (event === "token") text += data;
      const carries = event === "token" || event === "start";
      assert.equal(id, carries ? String(text.length) : undefined, data);
    }
  }
});

Deno.test("each stream in docs/protocol.md names one generation throughout", () => {
  for (const events of streams) {
    const ids = events.filter(({ event = "" }) => event in PAYLOADS).map(({ data }) => JSON.parse(data).stream_id);
    assert.equal(new Set(ids).size, 1);
  }
});

Deno.test("each resumed stream in docs/protocol.md is the rest of a whole one, to the character", () => {
  const resumed = fenced(read("docs/protocol.md"), "sse resumed").map(parseStream);
  assert.ok(resumed.length > 0);
  for (const events of resumed) {
    const last = events.at(-1)!;
    const { stream_id } = JSON.parse(last.data);
    const whole = streams.find((stream) => JSON.parse(stream[0].data).stream_id === stream_id);
    assert.ok(whole, stream_id);
    const text = tokensOf(whole);
    const rest = tokensOf(events);
    assert.ok(rest !== "" && text !== rest && text.endsWith(rest), stream_id);
    let length = text.length - rest.length;
    for (const { event, id, data } of events.slice(0, -1)) {
      assert.equal(event, "token");
      assert.equal(id, String(length += data.length));
    }
    assert.deepEqual(last, whole.at(-1));
  }
});

function tokensOf(events: EventSourceMessage[]): string {
  return events.filter(({ event }) => event === "token").map(({ data }) => data)
    .join("");
}

// Bodies

/** Says what a JSON example is, by its fields, and checks it as that. */
function checkJson(body: Record<string, unknown>): string {
  if ("error" in body) {
    const { code, message, ...rest } = body.error as Record<string, unknown>;
    assert.ok(Object.hasOwn(ERRORS, String(code)), String(code));
    assert.match(String(message), /^[A-Z].*[^.]$/s);
    const more = code === "invalid_request" ? ["issues"] : [];
    assert.deepEqual(Object.keys(rest), more);
    return "error";
  }
  if ("status" in body) return "status";
  if (Object.keys(body).join() === "stream_id") {
    parseCancelRequest(body);
    return "cancel";
  }
  parseStreamRequest(body);
  return "stream";
}

Deno.test("each JSON body in docs/protocol.md is one that the relay takes or gives", () => {
  const page = read("docs/protocol.md");
  const kinds = fenced(page, "json").map((text) => checkJson(JSON.parse(text)));
  assert.deepEqual([...new Set(kinds)].sort(), ["cancel", "error", "status", "stream"]);
});

Deno.test("each body that a curl in docs/protocol.md sends to stream is one that the relay takes", () => {
  const commands = fenced(read("docs/protocol.md"), "sh").join("\n").split(
    "curl ",
  ).filter((command) => command.includes("/v1/stream"));
  assert.ok(commands.length > 0);
  for (const command of commands) {
    // A GET has no body, and names in the path what a body may name.
    const [, stream_id] = /\/v1\/stream\/([^"/]+)"/.exec(command) ?? [];
    const [, body = "null"] = /-d '([^']*)'/.exec(command) ?? [];
    if (stream_id === undefined) parseStreamRequest(JSON.parse(body));
    else {assert.deepEqual([parseCancelRequest({ stream_id }), body], [
        stream_id,
        "null",
      ]);}
  }
});

// Configuration

const environmentOf = (variables: Record<string, string>): Environment => (name) => variables[name];

const REQUIRED = { SUPABASE_URL: "http://supabase.test", SUPABASE_SECRET_KEY: "sb_secret_test" };

const variables = [
  ...new Set(
    [
      ...read(`${FUNCTIONS}_relay/platform/configuration.ts`).matchAll(
        /"((?:RELAY|SUPABASE)_[A-Z_]+)"/g,
      ),
    ].map(([, name]) => name),
  ),
].sort();
const relayVariables = variables.filter((name) => name.startsWith("RELAY_"));
const table = new Map(
  rows(read("docs/configuration.md"), /^(RELAY|SUPABASE)_/).map((
    [name, ...cells],
  ) => [name.replaceAll("`", ""), cells] as const),
);

/** RELAY_PING_MS is `pingMs`: the fields are named after the variables. */
function defaultOf(name: string): unknown {
  const field = name.slice("RELAY_".length).toLowerCase().replace(
    /_(\w)/g,
    (_, letter: string) => letter.toUpperCase(),
  );
  const configuration = readConfiguration(environmentOf(REQUIRED));
  assert.ok(Object.hasOwn(configuration, field), `${name} is ${field}`);
  return configuration[field as keyof typeof configuration];
}

/** A default as the pages write it. */
function written(value: unknown): string {
  if (value === null) return "none";
  if (typeof value !== "object") {
    return `\`${String(value).replace(REQUIRED.SUPABASE_URL, "<SUPABASE_URL>")}\``;
  }
  const { asymmetric, symmetric } = value as Record<string, unknown>;
  return `${written(asymmetric)}; HS256: ${written(symmetric)}`;
}

Deno.test("docs/configuration.md has one row for each variable that a worker reads", () => {
  assert.ok(variables.length > 15);
  const names = rows(read("docs/configuration.md"), /^(RELAY|SUPABASE)_/).map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(names.sort(), variables);
  for (const [name, cells] of table) {
    assert.ok(cells.length === 4 && cells.every((cell) => cell !== ""), name);
  }
});

Deno.test("docs/configuration.md has the default that a worker takes", () => {
  for (const name of relayVariables) {
    assert.equal(table.get(name)?.[0], written(defaultOf(name)), name);
  }
});

Deno.test("docs/configuration.md has the range that a worker accepts", () => {
  // A long lease and a short beat, or the rule between the two would answer first.
  const base = { ...REQUIRED, RELAY_LEASE_MS: "600000", RELAY_BEAT_MS: "50" };
  for (const name of relayVariables) {
    if (typeof defaultOf(name) !== "number") continue;
    const [least, most] = table.get(name)![1].replaceAll(",", "").split(" to ")
      .map(Number);
    const accepts = (value: number) => readConfiguration(environmentOf({ ...base, [name]: String(value) }));
    accepts(least);
    accepts(most);
    for (const value of [least - 1, most + 1]) {
      assert.throws(() => accepts(value), new RegExp(name));
    }
  }
});

Deno.test("docs/configuration.md says what a worker cannot start without", () => {
  assert.equal(table.get("SUPABASE_URL")?.[0], "required");
  assert.throws(() => readConfiguration(environmentOf({ SUPABASE_SECRET_KEY: "key" })), /SUPABASE_URL/);
  const { SUPABASE_URL } = REQUIRED;
  assert.throws(() => readConfiguration(environmentOf({ SUPABASE_URL })), /SUPABASE_SECRET_KEY/);
  const keys = variables.filter((name) => /^SUPABASE_(?!URL)/.test(name));
  assert.equal(keys.length, 3);
  for (const name of keys) {
    assert.equal(table.get(name)?.[0], "one of the three is required");
    const value = name.endsWith("S") ? '{"default":"key"}' : "key";
    const environment = environmentOf({ SUPABASE_URL, [name]: value });
    assert.equal(readConfiguration(environment).secretKey, "key");
  }
});

Deno.test(".env.example lists each RELAY_* variable once, commented, with its default", () => {
  const lines = [...read(".env.example").matchAll(/^# (RELAY_\w+)=(.*)$/gm)];
  assert.deepEqual(lines.map(([, name]) => name).sort(), relayVariables);
  for (const [, name, value] of lines) {
    // Two issuers by default: the line has the one of asymmetric keys.
    const [expected] = written(defaultOf(name)).split("; ");
    assert.equal(value === "" ? "none" : `\`${value}\``, expected, name);
  }
  assert.doesNotMatch(read(".env.example"), /^RELAY_/m);
});

// The log

/** The arguments of a call, of which the source begins right behind the opening bracket. */
function argumentsOf(source: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of source) {
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character) && --depth < 0) break;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function loggedEvents(): string[] {
  const names = sources().flatMap((source) =>
    [...source.matchAll(/\blog\(/g)].flatMap((call) => {
      const [, event = ""] = argumentsOf(source.slice(call.index + call[0].length));
      return [...event.matchAll(/"(\w+)"/g)].map(([, name]) => name);
    })
  );
  return [...new Set(names)].sort();
}

Deno.test("docs/operations.md has one row for each event that the code logs", () => {
  const section = read("docs/operations.md").split("\n## ").find((text) => text.startsWith("The log"));
  const documented = rows(section ?? "", /^\w+$/);
  const names = documented.map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(names.sort(), loggedEvents());
  const fields = new Set(
    [...read(`${FUNCTIONS}_relay/platform/log.ts`).matchAll(/^ {2}(\w+)\?: /gm)]
      .map(([, field]) => field),
  );
  for (const [name, , cell] of documented) {
    for (const [, field] of cell.matchAll(/`(\w+)`/g)) {
      assert.ok(fields.has(field) || names.includes(field), `${name} ${field}`);
    }
  }
});

// The metrics

Deno.test("docs/operations.md has one row for each metric, with its type, in the order of the page", () => {
  const documented = rows(read("docs/operations.md"), /^storytellr_\w+$/).map((
    [name, type],
  ) => [name.replaceAll("`", ""), type]);
  assert.deepEqual(documented, FAMILIES.map(({ name, type }) => [`storytellr_${name}`, type]));
});

Deno.test("each metric that an alert or a rule in docs/operations.md names is there", () => {
  const [section] = read("docs/operations.md").split("\n## ").filter((text) => text.startsWith("Metrics"));
  const named = [...fenced(section, "yaml").join("\n").matchAll(/storytellr_(\w+)/g)].map(([, name]) => name);
  assert.ok(named.length > 5);
  for (const name of named) {
    const family = name.replace(/_bucket$/, "");
    assert.ok(FAMILIES.some((known) => known.name === family), name);
  }
});

// Links

Deno.test("each relative link between the pages leads to a file that is there", () => {
  const pages = [...files()].filter((path) => path.endsWith(".md"));
  assert.ok(pages.includes("README.md") && pages.includes("docs/protocol.md"));
  const broken = pages.flatMap((page) => {
    const text = read(page).replace(/^```.*?^```$/gms, "");
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
      .filter((target) => !/^([a-z]+:|#)/.test(target)).filter((target) =>
        !isThere(new URL(target, new URL(page, ROOT)))
      ).map((target) => `${page}: ${target}`);
  });
  assert.deepEqual(broken, []);
});

Deno.test("each link to a heading of docs/protocol.md leads to one", () => {
  const page = read("docs/protocol.md");
  const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
  for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) {
    assert.ok(anchors.includes(anchor), anchor);
  }
});

function isThere(url: URL): boolean {
  try {
    return Deno.statSync(new URL(url.pathname, url)).isFile;
  } catch {
    return false;
  }
}
