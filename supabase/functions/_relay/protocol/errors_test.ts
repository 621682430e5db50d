import assert from "node:assert/strict";
import { type ErrorCode, ERRORS, RelayError, toEndingCode, toRelayError } from "./errors.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];
const FUNCTIONS = new URL("../../", import.meta.url);
const RULE = /^[A-Z].*[^.]$/s;

/** Not a genitive: "the provider's" may stand. */
const CONTRACTION = /n['’]t\b|['’](?:re|ve|ll|d|m)\b|\b(?:it|that|there|what|who|here)['’]s\b/i;

/** The codes that only a stream can end with; `internal` comes as both. */
const EVENTS = [
  "interrupted",
  "timeout",
  ...CODES.filter((code) => /^provider_(?!not_allowed)/.test(code)),
];

/** The rows of the table in docs/errors.md: code, status, retryable, meaning, what to do. */
function documented(): string[][] {
  const page = new URL("../../docs/errors.md", FUNCTIONS);
  return Deno.readTextFileSync(page).split("\n").filter((line) => line.startsWith("| `")).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

/** All source files of the functions, without their tests. */
function* sources(folder = FUNCTIONS): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (/(?<!_test)\.ts$/.test(name)) yield new URL(name, folder);
  }
}

/** The messages that the sources give to a RelayError on the spot, as they stand between the quotes. */
function messages(): { code: string; message: string }[] {
  const call = /new RelayError\(\s*"(\w+)",\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)/g;
  return [...sources()].flatMap((file) =>
    [...Deno.readTextFileSync(file).matchAll(call)].map(([, code, text]) => ({ code, message: text.slice(1, -1) }))
  );
}

Deno.test("each code has one row in docs/errors.md, with its status, or that it comes as an event, and whether to retry", () => {
  const rows = documented();
  assert.deepEqual(rows.map(([code]) => code.slice(1, -1)).sort(), [...CODES].sort());
  for (const [cell, status, retryable, meaning, advice] of rows) {
    const code = cell.slice(1, -1) as ErrorCode;
    assert.equal(status, EVENTS.includes(code) ? "event" : String(ERRORS[code].status), code);
    assert.equal(retryable, ERRORS[code].retryable ? "yes" : "no", code);
    for (const text of [meaning, advice]) assert.match(text, /^[A-Z].*\.$/, code);
  }
});

Deno.test("each code has its form, a status of a failure and words of its own", () => {
  for (const code of CODES) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    const error = new RelayError(code);
    assert.deepEqual([error.status, error.message], [ERRORS[code].status, ERRORS[code].message]);
    assert.ok(error.status >= 400 && error.status <= 599, code);
    assert.match(error.message, RULE);
    assert.doesNotMatch(error.message, CONTRACTION);
  }
});

Deno.test("what the client did wrong is not retryable, what passes by itself is", () => {
  for (const code of CODES) {
    const { status, retryable } = new RelayError(code);
    // What the provider refused stays refused, although the failure is the provider's.
    const stays = code === "provider_auth" || code === "provider_refused";
    const passes = status === 429 || code === "conversation_busy";
    assert.equal(retryable, (status >= 500 && !stays) || passes, code);
  }
});

Deno.test("a generation ends with the codes of events, with internal, overloaded and a provider that is not allowed", () => {
  const ending = ["context_exceeded", ...EVENTS, "internal", "overloaded", "provider_not_allowed"].sort();
  assert.deepEqual(CODES.filter((code) => ERRORS[code].ends).sort(), ending);
  for (const code of CODES) assert.equal(toEndingCode(code), ending.includes(code) ? code : "internal");
  for (const unknown of ["of_a_newer_worker", "toString"]) assert.equal(toEndingCode(unknown as ErrorCode), "internal");
});

Deno.test("a RelayError keeps what it was given, and needs no details", () => {
  const cause = new Error("refused");
  const issues = [{ path: "prompt", message: "It is empty" }];
  const error = new RelayError("invalid_request", "Cannot accept the prompt", { cause, issues, retryAfter: 5 });
  assert.ok(error instanceof Error);
  const { name, message } = error;
  assert.deepEqual([name, message, error.cause, error.issues, error.retryAfter], [
    "RelayError",
    "Cannot accept the prompt",
    cause,
    issues,
    5,
  ]);
  const plain = new RelayError("internal");
  assert.deepEqual([plain.cause, plain.issues, plain.retryAfter], [undefined, undefined, undefined]);
});

Deno.test("toRelayError() gives a RelayError back unchanged", () => {
  const error = new RelayError("bot_not_found", "Cannot find the bot");
  assert.equal(toRelayError(error), error);
});

Deno.test("toRelayError() makes one opaque failure of everything else, and keeps the cause", () => {
  const surprises: unknown[] = [new TypeError("secret"), "secret", undefined];
  for (const cause of surprises) {
    const error = toRelayError(cause);
    assert.deepEqual([error.code, error.message, error.cause], [
      "internal",
      "The relay failed: its log has the cause",
      cause,
    ]);
  }
});

Deno.test("each message of a RelayError begins with a capital, ends without a period and has no contractions", () => {
  const found = messages();
  assert.ok(found.length >= 10, "the search finds the messages");
  for (const { code, message } of found) {
    assert.ok(CODES.includes(code as ErrorCode), code);
    assert.match(message, RULE);
    assert.doesNotMatch(message, CONTRACTION);
  }
});
