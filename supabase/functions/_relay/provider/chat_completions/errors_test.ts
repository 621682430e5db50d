import assert from "node:assert/strict";
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { RelayError } from "../../protocol/errors.ts";
import { MAX_PROVIDER_MESSAGE_CHARACTERS } from "../../protocol/limits.ts";
import { makePlatform } from "../../testing/platform.ts";
import { providerMessage, toProviderError } from "./errors.ts";

const KEY = "sk-secret-of-the-bot";

/** What the openai package throws for an answer with this status and body. */
function refused(status: number, body: unknown): APIError {
  return APIError.generate(status, body as object, `${status} ${JSON.stringify(body)}`, new Headers());
}

/** The error with its causes, as a log line has them. */
function logged(error: RelayError): string {
  const { log, lines } = makePlatform();
  log("error", "generation_finished", { cause: error });
  return String(lines[0].cause);
}

Deno.test("each status of a provider has one code", () => {
  const codes = {
    provider_auth: [401, 403],
    provider_rate_limited: [429],
    provider_error: [
      300,
      301,
      302,
      304,
      307,
      308,
      400,
      402,
      404,
      408,
      409,
      413,
      422,
      500,
      502,
      503,
      529,
      599,
    ],
  };
  for (const [code, statuses] of Object.entries(codes)) {
    for (const status of statuses) {
      const error = toProviderError(refused(status, {}), KEY);
      assert.equal(error.code, code, String(status));
      assert.match(error.message, new RegExp(`\\b${status}\\b`));
      assert.match(error.message, /^[A-Z].*[^.]$/s);
    }
  }
});

Deno.test("of a refusal the provider's message is passed on, and nothing else of its body", () => {
  const error = toProviderError(
    refused(429, { error: { message: "Slow down.", type: "secret", param: KEY }, secret: "secret" }),
    KEY,
  );
  assert.equal(error.message, 'The provider refused the request with status 429: "Slow down."');
  assert.equal(error.cause, undefined);
  assert.equal(logged(error), `RelayError: ${error.message}`);
});

Deno.test("a body without such a message is not passed on at all", () => {
  for (
    const body of [
      {},
      { error: "secret" },
      { error: null },
      { error: { message: { text: "secret" } } },
      { detail: "secret" },
      { message: "secret" },
      undefined,
    ]
  ) {
    const error = toProviderError(refused(500, body), KEY);
    assert.equal(error.message, "The provider refused the request with status 500");
    assert.doesNotMatch(logged(error), /secret/);
  }
});

Deno.test("what a provider says of a key stays here, for it quotes parts of it", () => {
  for (const status of [401, 403]) {
    const body = { error: { message: "Incorrect API key: sk-se**bot" } };
    const error = toProviderError(refused(status, body), KEY);
    assert.equal(error.message, `The provider refused the key of this bot with status ${status}`);
    assert.equal(logged(error), `RelayError: ${error.message}`);
  }
});

Deno.test("a redirect is named as one", () => {
  const error = toProviderError(refused(302, undefined), KEY);
  assert.equal(error.message, "The provider answered with a redirect (status 302), which is not followed");
});

Deno.test("no answer in time is a timeout, no connection an error", () => {
  const timeout = toProviderError(new APIConnectionTimeoutError(), KEY);
  assert.deepEqual([timeout.code, timeout.message], ["provider_timeout", "The provider did not answer in time"]);
  const error = toProviderError(new APIConnectionError({}), KEY);
  assert.deepEqual([error.code, error.message, error.cause], [
    "provider_error",
    "Cannot reach the provider",
    "Error: Connection error.",
  ]);
});

Deno.test("whatever else breaks is a stream that broke off", () => {
  const broken = [
    new TypeError("error reading a body from connection"),
    new APIError(undefined, undefined, "no status", undefined),
    new APIUserAbortError(),
    new DOMException("gone", "AbortError"),
  ];
  for (const thrown of broken) {
    const error = toProviderError(thrown, null);
    assert.deepEqual([error.code, error.message], [
      "provider_bad_response",
      "The provider's answer broke off before it was finished",
    ]);
  }
  assert.equal(toProviderError(broken[0], null).cause, "TypeError: error reading a body from connection");
});

Deno.test("what is thrown and is no error is kept as its type alone", () => {
  for (const thrown of ["secret", undefined, null, 7]) {
    assert.equal(toProviderError(thrown, KEY).cause, typeof thrown);
  }
});

Deno.test("the log has the deepest cause, without the query of a URL and without the key", () => {
  const deepest = new Error(
    `error sending request for url (https://api.example/v1/chat?key=${KEY}&x=1): dns error for ${KEY}`,
  );
  const thrown = new APIConnectionError({ cause: new TypeError(`fetch failed ${KEY}`, { cause: deepest }) });
  const error = toProviderError(thrown, KEY);
  assert.equal(
    logged(error),
    "RelayError: Cannot reach the provider; caused by " +
      "Error: error sending request for url (https://api.example/v1/chat): dns error for [key]",
  );
  const withoutKey = toProviderError(thrown, null).cause as string;
  assert.ok(withoutKey.startsWith("Error: error sending request for url (https://api.example/v1/chat): "));
});

Deno.test("a cause that is its own cause does no harm", () => {
  const ring = new Error("round");
  ring.cause = ring;
  assert.equal(toProviderError(ring, KEY).cause, "Error: round");
});

Deno.test("a RelayError passes as it is", () => {
  const error = new RelayError("provider_bad_response", "Cannot read");
  assert.equal(toProviderError(error, KEY), error);
});

Deno.test("a provider's message loses the key and becomes one line", () => {
  const cases: [unknown, string][] = [
    ["Overloaded", ': "Overloaded"'],
    [`Bad key ${KEY}, yes: ${KEY}`, ': "Bad key [key], yes: [key]"'],
    ["  a\r\n\tb\0c\x7f ", ': "a b c"'],
    ["half \ud83d", ': "half \uFFFD"'],
    ["", ""],
    [" \n ", ""],
    [null, ""],
    [undefined, ""],
    [7, ""],
    [["a"], ""],
  ];
  for (const [said, wanted] of cases) {
    assert.equal(providerMessage(said, KEY), wanted);
  }
});

Deno.test("a provider's message is cut at its limit, and never through a character", () => {
  const limit = MAX_PROVIDER_MESSAGE_CHARACTERS;
  const whole = "x".repeat(limit);
  assert.equal(providerMessage(whole, null), `: "${whole}"`);
  assert.equal(providerMessage(`${whole}y`, null), `: "${whole}"`);
  assert.equal(providerMessage(`${"x".repeat(limit - 1)}🐉`, null), `: "${"x".repeat(limit - 1)}\uFFFD"`);
});

Deno.test("a message is left alone where there is no key to look for", () => {
  for (const key of [null, ""]) {
    assert.equal(providerMessage("abc", key), ': "abc"');
  }
});
