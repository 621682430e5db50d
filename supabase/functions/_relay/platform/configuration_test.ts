import assert from "node:assert/strict";
import { type Configuration, readConfiguration } from "./configuration.ts";

const LEAST = { SUPABASE_URL: "https://abc.supabase.co", SUPABASE_SECRET_KEY: "sb_secret_x" };

function read(variables: Record<string, string> = {}) {
  const environment: Record<string, string> = { ...LEAST, ...variables };
  return readConfiguration((name) => environment[name]);
}

/** The message of a start that fails; every one follows the rule for messages. */
function failure(environment: Record<string, string>): string {
  try {
    readConfiguration((name) => environment[name]);
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    assert.match(error.message, /^Cannot start: .*[^.]$/s);
    // The runtime prints an uncaught error with its causes.
    assert.doesNotMatch(Deno.inspect(error), /secret_quoted/);
    return error.message;
  }
  throw new Error("The configuration was accepted");
}

const fails = (variables: Record<string, string>) => failure({ ...LEAST, ...variables });

Deno.test("a URL and a key are enough: everything else has a default", () => {
  assert.deepEqual(read(), {
    supabaseUrl: "https://abc.supabase.co",
    restUrl: "https://abc.supabase.co/rest/v1",
    secretKey: "sb_secret_x",
    allowedOrigins: "*",
    rateLimitPerMinute: 5,
    maxConcurrent: 3,
    timeoutMs: 120_000,
    firstTokenTimeoutMs: 60_000,
    idleTimeoutMs: 30_000,
    pingMs: 4_000,
    beatMs: 1_000,
    leaseMs: 15_000,
    memoryBytes: 268_435_456,
    providerHosts: null,
    allowPrivateProviders: false,
    transport: "connection",
    isLocalStack: false,
    jwtSecret: null,
    jwksUrl: "https://abc.supabase.co/auth/v1/.well-known/jwks.json",
    jwtIssuer: null,
    allowAnonymous: false,
    requireAal2: false,
    oauthClients: null,
    metricsToken: null,
  });
});

Deno.test("an empty or blank variable counts as unset", () => {
  const names = "ALLOWED_ORIGINS RATE_LIMIT_PER_MINUTE PROVIDER_HOSTS ALLOW_PRIVATE_PROVIDERS JWT_SECRET JWKS_URL " +
    "JWT_ISSUER METRICS_TOKEN REQUIRE_AAL2 OAUTH_CLIENTS";
  for (const blank of ["", " ", "\n"]) {
    const blanks = Object.fromEntries(names.split(" ").map((name) => [`RELAY_${name}`, blank]));
    assert.deepEqual(read(blanks), read());
  }
});

Deno.test("the secret key is the default of SUPABASE_SECRET_KEYS, else SUPABASE_SECRET_KEY, else the legacy one", () => {
  const all = {
    SUPABASE_SECRET_KEYS: '{"other":"o","default":"first"}',
    SUPABASE_SECRET_KEY: "second",
    SUPABASE_SERVICE_ROLE_KEY: "third",
  };
  const key = (variables: Record<string, string>) => read(variables).secretKey;
  assert.equal(key(all), "first");
  for (const keys of ['{"other":"o"}', "{}", '{"default":""}', "null", "[]"]) {
    assert.equal(key({ ...all, SUPABASE_SECRET_KEYS: keys }), "second");
  }
  assert.equal(key({ SUPABASE_SECRET_KEY: "", SUPABASE_SERVICE_ROLE_KEY: "third" }), "third");
  assert.equal(
    failure({ SUPABASE_URL: LEAST.SUPABASE_URL }),
    "Cannot start: SUPABASE_SECRET_KEY (or SUPABASE_SECRET_KEYS, or SUPABASE_SERVICE_ROLE_KEY) is not set",
  );
});

/** Each integer: its variable, its field, its least and its greatest value. */
const INTEGERS = [
  ["RELAY_RATE_LIMIT_PER_MINUTE", "rateLimitPerMinute", 1, 100_000],
  ["RELAY_MAX_CONCURRENT", "maxConcurrent", 1, 100_000],
  ["RELAY_TIMEOUT_MS", "timeoutMs", 100, 3_600_000],
  ["RELAY_FIRST_TOKEN_TIMEOUT_MS", "firstTokenTimeoutMs", 100, 3_600_000],
  ["RELAY_IDLE_TIMEOUT_MS", "idleTimeoutMs", 100, 3_600_000],
  ["RELAY_PING_MS", "pingMs", 50, 120_000],
  ["RELAY_BEAT_MS", "beatMs", 50, 60_000],
  ["RELAY_LEASE_MS", "leaseMs", 200, 600_000],
  ["RELAY_MEMORY_BYTES", "memoryBytes", 67_108_864, 68_719_476_736],
] as const;

/** The lease must be twice the beat, so the other of the two is set to what fits any value. */
const FITTING: Record<string, Record<string, string>> = {
  RELAY_BEAT_MS: { RELAY_LEASE_MS: "600000" },
  RELAY_LEASE_MS: { RELAY_BEAT_MS: "50" },
};

Deno.test("each integer is accepted from its least to its greatest value, and refused by name otherwise", () => {
  for (const [name, field, min, max] of INTEGERS) {
    for (const value of [min, min + 1, max]) {
      assert.equal(read({ ...FITTING[name], [name]: ` ${value} ` })[field], value, name);
    }
    for (const value of [min - 1, max + 1, -1, "1s", "1e3", "0x10", "1.5", "NaN", "9".repeat(400)]) {
      const message = `Cannot start: ${name} is "${value}", not an integer from ${min} to ${max}`;
      assert.equal(fails({ ...FITTING[name], [name]: String(value) }), message);
    }
  }
  const beat = { RELAY_BEAT_MS: "2000" };
  assert.equal(read({ ...beat, RELAY_LEASE_MS: "4000" }).leaseMs, 4_000);
  assert.equal(
    fails({ ...beat, RELAY_LEASE_MS: "3999" }),
    "Cannot start: RELAY_LEASE_MS is 3999 ms, less than twice RELAY_BEAT_MS (2000 ms)",
  );
});

const issuer = "http://127.0.0.1:54321/auth/v1";

/** Variables with the field that they set, and its value. */
const ACCEPTED: [name: string, text: string, field: keyof Configuration, value: unknown][] = [
  ["SUPABASE_URL", "http://kong:8000/", "supabaseUrl", "http://kong:8000"],
  ["SUPABASE_URL", "https://abc.test/supabase/", "supabaseUrl", "https://abc.test/supabase"],
  ...(["true", "false"] as const).flatMap((text): [string, string, keyof Configuration, boolean][] => [
    ["RELAY_ALLOW_PRIVATE_PROVIDERS", text, "allowPrivateProviders", text === "true"],
    ["RELAY_ALLOW_ANONYMOUS", text, "allowAnonymous", text === "true"],
    ["RELAY_REQUIRE_AAL2", text, "requireAal2", text === "true"],
  ]),
  ["RELAY_ALLOWED_ORIGINS", "*", "allowedOrigins", "*"],
  ["RELAY_ALLOWED_ORIGINS", " https://a.example ,http://localhost:5173,", "allowedOrigins", [
    "https://a.example",
    "http://localhost:5173",
  ]],
  ["RELAY_PROVIDER_HOSTS", "API.OpenAI.com, openrouter.ai", "providerHosts", ["api.openai.com", "openrouter.ai"]],
  ["RELAY_PROVIDER_HOSTS", ",", "providerHosts", []],
  ["RELAY_TRANSPORT", "connection", "transport", "connection"],
  ["RELAY_TRANSPORT", "fetch", "transport", "fetch"],
  ...["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"].map(
    (name): [string, string, keyof Configuration, string] => [name, "http://proxy.test:3128", "transport", "fetch"],
  ),
  ["RELAY_JWT_ISSUER", issuer, "jwtIssuer", issuer],
  ["RELAY_OAUTH_CLIENTS", "*", "oauthClients", "*"],
  ["RELAY_OAUTH_CLIENTS", " 9a8b7c6d-5e4f, b.2_,", "oauthClients", ["9a8b7c6d-5e4f", "b.2_"]],

  ["RELAY_JWT_SECRET", "{s e c r e t}", "jwtSecret", "{s e c r e t}"],
  ["RELAY_JWKS_URL", "http://127.0.0.1:4000/jwks.json", "jwksUrl", "http://127.0.0.1:4000/jwks.json"],
  ["SUPABASE_JWKS_URL", "http://127.0.0.1:4000/jwks.json", "jwksUrl", "http://127.0.0.1:4000/jwks.json"],
  ["SUPABASE_JWKS_URL", "http://a.test/auth/v1/keys", "jwksUrl", "http://a.test/auth/v1/.well-known/jwks.json"],
  ["SUPABASE_REST_URL", "http://rest.test/rest/v1/", "restUrl", "http://rest.test/rest/v1"],
  ...["0123456789abcdef", "aB9._~+/=-aB9._~", "t".repeat(512)].map(
    (token): [string, string, keyof Configuration, string] => [
      "RELAY_METRICS_TOKEN",
      ` ${token} `,
      "metricsToken",
      token,
    ],
  ),
];

Deno.test("a RELAY_ variable wins over another one of the same meaning", () => {
  const { transport, jwksUrl } = read({
    ...{ RELAY_TRANSPORT: "connection", HTTPS_PROXY: "http://proxy.test:3128" },
    ...{ RELAY_JWKS_URL: "http://a.test", SUPABASE_JWKS_URL: "http://b.test" },
  });
  assert.deepEqual([transport, jwksUrl], ["connection", "http://a.test"]);
});

for (const [name, text, field, value] of ACCEPTED) {
  Deno.test(`${name} may be ${text.slice(0, 50)}`, () => {
    assert.deepEqual(read({ [name]: text })[field], value);
  });
}

Deno.test("the stack of Supabase's CLI is known by its URL, and its symmetric key is the secret of HS256", () => {
  const kong = { SUPABASE_URL: "http://kong:8000" };
  const keySet = (...keys: unknown[]) => JSON.stringify({ keys });
  const oct = { kty: "oct", k: "c8O8w59lcj8-Pz8_" };
  const jwks = { SUPABASE_JWKS: keySet({ kty: "EC", x: "x" }, oct) };
  const seen = (variables: Record<string, string>) => {
    const { isLocalStack, jwtSecret } = read(variables);
    return [isLocalStack, jwtSecret];
  };
  assert.equal(read(kong).jwksUrl, "http://kong:8000/auth/v1/.well-known/jwks.json");
  assert.deepEqual(seen({ ...kong, ...jwks }), [true, "süßer?>???"]);
  assert.deepEqual(seen({ ...kong, ...jwks, RELAY_JWT_SECRET: "mine" }), [true, "mine"]);
  // Anywhere else a symmetric key in a key set is nothing to verify with.
  assert.deepEqual(seen(jwks), [false, null]);
  for (const text of ["", "secret_quoted", "null", "[]", keySet(), keySet({ kty: "EC" }), keySet({ kty: "oct" })]) {
    assert.deepEqual(seen({ ...kong, SUPABASE_JWKS: text }), [true, null]);
  }
  for (const k of ["", "!", "_w", 7]) {
    assert.deepEqual(seen({ ...kong, SUPABASE_JWKS: keySet({ ...oct, k }) }), [true, null]);
  }
});

/** What variables cannot be, and what the message says of it. */
const REFUSED: [name: string, texts: string[], state: (text: string) => string][] = [
  ["SUPABASE_URL", ["abc.supabase.co", "ftp://abc", "https://", "x y"], () => "is not a URL with http or https"],
  ["SUPABASE_URL", [""], () => "is not set"],
  [
    "SUPABASE_URL",
    ["auth/v1", "functions/v1/", "rest/v1", "base/rest/v1", "?apikey=x", "#x"].map((path) =>
      `https://abc.test/${path}`
    ),
    () => "has the path of an API or a query, not the project's address alone",
  ],
  ...["RELAY_JWKS_URL", "SUPABASE_JWKS_URL", "SUPABASE_REST_URL"].map((name): typeof REFUSED[number] => [
    name,
    ["jwks.json", "ftp://a.test"],
    () => "is not a URL with http or https",
  ]),
  ["SUPABASE_SECRET_KEYS", ["sb_secret_quoted"], () => "is not a JSON object of keys"],
  ["RELAY_ALLOW_PRIVATE_PROVIDERS", ["yes", "1", "TRUE"], (text) => `is "${text}", not "true" or "false"`],
  ["RELAY_ALLOW_ANONYMOUS", ["yes", "1", "TRUE"], (text) => `is "${text}", not "true" or "false"`],
  [
    "RELAY_ALLOWED_ORIGINS",
    "a.example https://a.example/ https://a.example/app https://A.example https://a.example:443 null https://*.a.example/"
      .split(" ").flatMap((origin) => [origin, `https://b.example,${origin}`]),
    (text) => `has "${text.split(",").at(-1)}", not an origin such as "https://example.com"`,
  ],
  [
    "RELAY_PROVIDER_HOSTS",
    ["https://api.openai.com", "api.openai.com:8443", "api.openai.com.", "a b"],
    (text) => `has "${text}", not a host name such as "api.openai.com"`,
  ],
  ["RELAY_TRANSPORT", ["http", "Fetch", "direct"], (text) => `is "${text}", not "connection" or "fetch"`],
  ["RELAY_REQUIRE_AAL2", ["aal2"], () => 'is "aal2", not "true" or "false"'],
  ["RELAY_OAUTH_CLIENTS", ["a b", "x,*"], (text) => `has "${text.split(",").at(-1)}", not a client's id`],
  [
    "RELAY_METRICS_TOKEN",
    ["short", "t".repeat(513), "with a space in it", "schlüssel-schlüssel"],
    (text) => `has ${text.length} characters, not 16 to 512 of A-Z a-z 0-9 . _ ~ + / = -`,
  ],
];

for (const [index, [name, texts, state]] of REFUSED.entries()) {
  Deno.test(`${name} is refused by name: ${index}`, () => {
    for (const text of texts) assert.equal(fails({ [name]: text }), `Cannot start: ${name} ${state(text)}`);
  });
}
