import assert from "node:assert/strict";
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { RelayError } from "../protocol/errors.ts";
import { TransportError } from "../transport/answer.ts";
import { MAX_PROVIDER_MESSAGE_CHARACTERS } from "../protocol/limits.ts";
import { makePlatform } from "../testing/platform.ts";
import { codeOf, providerMessage, ProviderRefusal, toProviderError } from "./errors.ts";
import { problemOf } from "./problem.ts";
import { secretsOf } from "./redact.ts";

const KEY = "sk-secret-of-the-bot";
const SECRETS = secretsOf(KEY, {});

/** What is thrown for an answer with this status and body. */
function refused(status: number, body: unknown): APIError {
  return new APIConnectionError({ cause: new ProviderRefusal(status, JSON.stringify(body) ?? "") });
}

/** The error with its causes, as a log line has them. */
function logged(error: RelayError): string {
  const { log, lines } = makePlatform();
  log("error", "generation_finished", { cause: error });
  return String(lines[0].cause);
}

Deno.test("each status of a provider has one code, and is in the message", () => {
  const codes = {
    provider_auth: [401, 403],
    provider_rate_limited: [429],
    provider_refused: [400, 402, 404, 405, 413, 415, 422, 451],
    provider_error: [300, 301, 302, 304, 307, 308, 408, 409, 425, 500, 502, 503, 529, 599],
  };
  for (const [code, statuses] of Object.entries(codes)) {
    for (const status of statuses) {
      const error = toProviderError(refused(status, {}), SECRETS);
      assert.equal(error.code, code, String(status));
      assert.match(error.message, new RegExp(`^[A-Z].*\\b${status}\\b(.*[^.])?$`));
    }
  }
});

const said = (message: unknown) => ({ error: { message, type: "secret", param: KEY }, secret: "secret" });
const keyRefused = "The provider refused the key of this bot with status";

/** A status with a body, and the message of the error, which is all that is logged. */
const REFUSALS: [status: number, body: unknown, message: string][] = [
  [429, said("Slow down."), 'The provider refused the request with status 429: "Slow down."'],
  ...[{}, { error: null }, said({ text: "secret" }), { text: "secret" }, { error: { hint: "secret" } }]
    .map((body): [number, unknown, string] => [500, body, "The provider refused the request with status 500"]),
  [500, undefined, "The provider refused the request with status 500"],
  // Providers quote parts of the key.
  [401, said("Incorrect API key: sk-se**bot"), `${keyRefused} 401`],
  [403, said("Incorrect API key: sk-se**bot"), `${keyRefused} 403`],
  [302, undefined, "The provider answered with a redirect (status 302), which is not followed"],
];

Deno.test("the seconds of a Retry-After are those of a 429 or a 503 alone", () => {
  const cases: [status: number, header: string | null, seconds: number | undefined][] = [
    [429, "2", 2],
    [503, " 0.5 ", 0.5],
    [503, "0", 0],
    [429, null, undefined],
    [429, "", undefined],
    [429, "-1", undefined],
    [429, "1e3", undefined],
    [429, "Fri, 31 Dec 1999 23:59:59 GMT", undefined],
    [500, "2", undefined],
    [401, "2", undefined],
  ];
  for (const [status, header, seconds] of cases) {
    const error = new APIConnectionError({ cause: new ProviderRefusal(status, "", header) });
    assert.equal(toProviderError(error, SECRETS).retryAfter, seconds, `${status} ${header}`);
  }
});

Deno.test("of a refusal the provider's message is passed on, and nothing else of its body; nothing about a key", () => {
  for (const [status, body, message] of REFUSALS) {
    const error = toProviderError(refused(status, body), SECRETS);
    assert.equal(error.message, message);
    assert.equal(logged(error), `RelayError: ${message}`);
  }
});

const BROKE_OFF = "The provider's answer broke off before it was finished";
const ring = new Error("round");
ring.cause = ring;

/** What is thrown, the code and the message that it becomes, and what the log has of it. */
const THROWN: [thrown: unknown, code: string, message: string, cause?: string][] = [
  [new APIConnectionTimeoutError(), "provider_timeout", "The provider did not answer in time"],
  [new APIConnectionError({}), "provider_error", "Cannot reach the provider", "Error: Connection error."],
  ...["Cannot read the answer of the provider: x", "The provider closed the connection before its answer"]
    .map((words): [unknown, string, string, string] => [
      new APIConnectionError({ cause: new TransportError(words) }),
      ...["provider_error", words, `TransportError: ${words}`] as const,
    ]),
  [new TypeError("error reading a body"), "provider_bad_response", BROKE_OFF, "TypeError: error reading a body"],
  [new APIError(undefined, undefined, "no status", undefined), "provider_bad_response", BROKE_OFF, "Error: no status"],
  [new APIUserAbortError(), "provider_bad_response", BROKE_OFF, "Error: Request was aborted."],
  [new DOMException("gone", "AbortError"), "provider_bad_response", BROKE_OFF, "AbortError: gone"],
  [ring, "provider_bad_response", BROKE_OFF, "Error: round"],
  ...["secret", undefined, null, 7].map((thrown): [unknown, string, string, string] => [
    thrown,
    "provider_bad_response",
    BROKE_OFF,
    typeof thrown,
  ]),
];

Deno.test("what is thrown has one code and one message, and a cause that the log may have", () => {
  for (const [thrown, ...wanted] of THROWN) {
    const { code, message, cause } = toProviderError(thrown, SECRETS);
    assert.deepEqual([code, message, cause], [wanted[0], wanted[1], wanted[2]]);
  }
  const error = new RelayError("provider_bad_response", "Cannot read");
  for (const thrown of [error, new APIConnectionError({ cause: error })]) {
    assert.equal(toProviderError(thrown, SECRETS), error);
  }
});

Deno.test("the log has the deepest cause, without the query of a URL and without the key", () => {
  const url = `https://api.example/v1/chat?key=${KEY}&x=1`;
  const deepest = new Error(`error sending request for url (${url}): dns error for ${KEY}`);
  const thrown = new APIConnectionError({ cause: new TypeError(`fetch failed ${KEY}`, { cause: deepest }) });
  const words = "Error: error sending request for url (https://api.example/v1/chat): dns error for ";
  const error = toProviderError(thrown, SECRETS);
  assert.equal(logged(error), `RelayError: Cannot reach the provider; caused by ${words}[key]`);
  assert.equal(toProviderError(thrown, () => null).cause, words + KEY);
});

Deno.test("a provider's message loses the key and becomes one line, cut at its limit, never through a character", () => {
  const whole = "x".repeat(MAX_PROVIDER_MESSAGE_CHARACTERS);
  const cases: [string, string][] = [
    ["Overloaded", ': "Overloaded"'],
    [
      "It ends with -bot, begins with sk-s and has secret within",
      ': "It ends with [key], begins with [key] and has secret within"',
    ],
    [`Bad key ${KEY}, yes: ${KEY}`, ': "Bad key [key], yes: [key]"'],
    ["  a\r\n\tb\0c\x7f ", ': "a b c"'],
    ["half \ud83d", ': "half \uFFFD"'],
    [whole, `: "${whole}"`],
    [`${whole}y`, `: "${whole}"`],
    [`${whole.slice(1)}🐉`, `: "${whole.slice(1)}\uFFFD"`],
    ...["", " \n "].map((said): [string, string] => [said, ""]),
  ];
  for (const [said, wanted] of cases) assert.equal(providerMessage([said], SECRETS), wanted);
  assert.equal(providerMessage(["abc", "d"], () => null), ': "abc: d"');
});

/** Status (null: 200), words or a body, and the code that these mean. */
const MEANINGS: [status: number | null, said: unknown, code: string][] = [
  [400, "Your request exceeded model token limit: 8192 (requested: 9000)", "context_exceeded"],
  [400, "Prompt exceeds max length", "context_exceeded"],
  [400, "The decoder prompt is longer than the maximum model length of 8192", "context_exceeded"],
  [400, "Input prompt (9000 tokens) is too long", "context_exceeded"],
  [400, "length of prompt_tokens (9000) must be less than max_seq_len (8192)", "context_exceeded"],
  [400, "Input length should not exceed 30720 tokens", "context_exceeded"],
  [413, "Request body too large for gpt-4o model. Max size: 8000 tokens", "context_exceeded"],
  [400, "prompt tokens too long", "context_exceeded"],
  [400, "the max input characters is 11200", "context_exceeded"],
  [500, "Error code: 400 - {'error': {'code': 'context_length_exceeded'}}", "context_exceeded"],
  [400, "max_tokens is too large: 9000", "provider_refused"],
  [403, "Sorry, your account balance is insufficient", "provider_refused"],
  [403, "该令牌额度已用尽", "provider_refused"],
  [429, "Your team has used all available credits or reached its monthly spending limit", "provider_refused"],
  [403, "Content violates usage guidelines.", "provider_refused"],
  [403, { error: { message: "No", code: "guardrail_intervened" } }, "provider_refused"],
  [null, { error: { message: "Your request was flagged by our content policy" } }, "provider_refused"],
  [null, { base_resp: { status_code: 1026, status_msg: "input new_sensitive" } }, "provider_refused"],
  [400, "This key has been disabled: sk-1", "provider_auth"],
  [500, "No cookie auth credentials found", "provider_auth"],
  [400, { __type: "ExpiredTokenException", message: "No" }, "provider_auth"],
  [400, "Invalid token count: must be positive", "provider_refused"],
  [400, "Rate limit reached for model m", "provider_rate_limited"],
  [498, "capacity_exceeded", "provider_error"],
];

for (const [status, said, code] of MEANINGS) {
  Deno.test(`status ${status} with ${JSON.stringify(said)} is ${code}`, () => {
    assert.equal(codeOf(problemOf(said), status), code);
  });
}

Deno.test("of what a provider says of a failure a bounded part is looked through", () => {
  const many = (value: unknown) => Array(5).fill(value);
  const words = many({
    message: "a".repeat(1_999),
    details: many({ message: "b".repeat(1_500), loc: Array(50).fill("p") }),
  });
  const { said, parameters } = problemOf({ error: words, errors: many({ detail: "c".repeat(1_999) }) });
  assert.deepEqual(said.map(({ length }) => length), [1_999, 1_500, 501]);
  assert.equal(parameters.length, 20);
  const { codes } = problemOf({ errors: many({ errors: many({ code: "x", type: "y", reason: "z" }) }) });
  assert.equal(codes.length, 20);
  assert.equal(problemOf({ message: "a".repeat(3_000) }).said[0].length, 2_000);
  assert.equal(problemOf({ code: "a".repeat(200) }).codes[0].length, 100);
  assert.deepEqual(problemOf({ loc: [...Array(20).fill(0), "stop"] }).parameters, []);
  const within = (depth: number) => Array(depth).fill("error").reduce((inner, name) => ({ [name]: inner }), words[0]);
  assert.deepEqual([within(5), within(6)].map((value) => problemOf(value).said.length > 0), [true, false]);
  const messages = Array.from({ length: 9 }, (_, index) => ({ message: `${index}` }));
  assert.deepEqual(problemOf({ errors: messages }).said, ["0", "1", "2", "3", "4"]);
  const inner = (length: number) => JSON.stringify({ message: "a" }).padEnd(length);
  assert.deepEqual(problemOf({ message: inner(65_536) }).said, ["a"]);
  assert.deepEqual(problemOf({ message: inner(65_537) }).said, [inner(0)]);
});
