import assert from "node:assert/strict";
import { readConfiguration } from "./configuration.ts";

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
    return error.message;
  }
  throw new Error("the configuration was accepted");
}

const fails = (variables: Record<string, string>) => failure({ ...LEAST, ...variables });

Deno.test("a URL and a key are enough: everything else has a default", () => {
  assert.deepEqual(read(), {
    supabaseUrl: "https://abc.supabase.co",
    secretKey: "sb_secret_x",
    allowedOrigins: "*",
    rateLimitPerMinute: 5,
    maxConcurrent: 3,
    timeoutMs: 120_000,
    firstTokenTimeoutMs: 60_000,
    idleTimeoutMs: 30_000,
    pingMs: 10_000,
    beatMs: 1_000,
    leaseMs: 15_000,
    providerHosts: null,
    allowPrivateProviders: false,
    jwtSecret: null,
    jwksUrl: "https://abc.supabase.co/auth/v1/.well-known/jwks.json",
    jwtIssuer: { asymmetric: "https://abc.supabase.co/auth/v1", symmetric: null },
    allowAnonymous: false,
    metricsToken: null,
  });
});

Deno.test("an empty or blank variable counts as unset", () => {
  const names = [
    "RELAY_ALLOWED_ORIGINS",
    "RELAY_RATE_LIMIT_PER_MINUTE",
    "RELAY_PROVIDER_HOSTS",
    "RELAY_ALLOW_PRIVATE_PROVIDERS",
    "RELAY_JWT_SECRET",
    "RELAY_JWKS_URL",
    "RELAY_JWT_ISSUER",
    "RELAY_METRICS_TOKEN",
  ];
  for (const blank of ["", " ", "\n"]) {
    const blanks = Object.fromEntries(names.map((name) => [name, blank]));
    assert.deepEqual(read(blanks), read());
  }
});

Deno.test("SUPABASE_URL must be there, and be a URL with http or https", () => {
  assert.equal(failure({ SUPABASE_SECRET_KEY: "x" }), "Cannot start: SUPABASE_URL is not set");
  for (const text of ["abc.supabase.co", "ftp://abc", "https://", "x y"]) {
    assert.equal(fails({ SUPABASE_URL: text }), "Cannot start: SUPABASE_URL is not a URL with http or https");
  }
  assert.equal(read({ SUPABASE_URL: "http://kong:8000/" }).supabaseUrl, "http://kong:8000");
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

Deno.test("SUPABASE_SECRET_KEYS that is no JSON is refused, and not quoted", () => {
  try {
    read({ SUPABASE_SECRET_KEYS: "sb_secret_quoted" });
    assert.fail("the configuration was accepted");
  } catch (error) {
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, "Cannot start: SUPABASE_SECRET_KEYS is not a JSON object of keys");
    // The runtime prints an uncaught error with its causes.
    assert.ok(!Deno.inspect(error).includes("quoted"));
  }
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
] as const;

/** The lease must be twice the beat, so the other of the two is set to what fits any value. */
const FITTING: Record<string, Record<string, string>> = {
  RELAY_BEAT_MS: { RELAY_LEASE_MS: "600000" },
  RELAY_LEASE_MS: { RELAY_BEAT_MS: "50" },
};

Deno.test("each integer is taken from its least to its greatest value", () => {
  for (const [name, field, min, max] of INTEGERS) {
    for (const value of [min, min + 1, max]) {
      const configuration = read({ ...FITTING[name], [name]: ` ${value} ` });
      assert.equal(configuration[field], value, name);
    }
  }
});

Deno.test("each integer is refused by name outside its bounds and where it is none", () => {
  for (const [name, , min, max] of INTEGERS) {
    const wrong = [min - 1, max + 1, -1, "1s", "1e3", "0x10", "1.5", "NaN"];
    for (const value of [...wrong, "9".repeat(400)]) {
      assert.equal(
        fails({ ...FITTING[name], [name]: String(value) }),
        `Cannot start: ${name} is "${value}", not an integer from ${min} to ${max}`,
      );
    }
  }
});

Deno.test("a lease shorter than two beats is refused", () => {
  const both = { RELAY_BEAT_MS: "2000", RELAY_LEASE_MS: "4000" };
  assert.equal(read(both).leaseMs, 4_000);
  assert.equal(
    fails({ ...both, RELAY_LEASE_MS: "3999" }),
    "Cannot start: RELAY_LEASE_MS is 3999 ms, less than twice RELAY_BEAT_MS (2000 ms)",
  );
});

Deno.test("each switch is true or false and nothing else", () => {
  const switches = [
    ["RELAY_ALLOW_PRIVATE_PROVIDERS", "allowPrivateProviders"],
    ["RELAY_ALLOW_ANONYMOUS", "allowAnonymous"],
  ] as const;
  for (const [name, field] of switches) {
    assert.equal(read({ [name]: "true" })[field], true);
    assert.equal(read({ [name]: "false" })[field], false);
    for (const text of ["yes", "1", "TRUE"]) {
      assert.equal(fails({ [name]: text }), `Cannot start: ${name} is "${text}", not "true" or "false"`);
    }
  }
});

Deno.test("RELAY_ALLOWED_ORIGINS is * or a list of origins", () => {
  const origins = (text: string) => read({ RELAY_ALLOWED_ORIGINS: text }).allowedOrigins;
  assert.equal(origins("*"), "*");
  assert.deepEqual(origins("https://a.example"), ["https://a.example"]);
  assert.deepEqual(origins(" https://a.example ,http://localhost:5173,"), [
    "https://a.example",
    "http://localhost:5173",
  ]);
  for (
    const text of [
      "a.example",
      "https://a.example/",
      "https://a.example/app",
      "https://A.example",
      "https://a.example:443",
      "null",
      "https://*.a.example/",
    ]
  ) {
    assert.equal(
      fails({ RELAY_ALLOWED_ORIGINS: `https://b.example,${text}` }),
      `Cannot start: RELAY_ALLOWED_ORIGINS has "${text}", not an origin such as "https://example.com"`,
    );
  }
});

Deno.test("RELAY_PROVIDER_HOSTS is a list of names in lower case; no name at all allows none", () => {
  const hosts = (text: string) => read({ RELAY_PROVIDER_HOSTS: text }).providerHosts;
  assert.deepEqual(hosts("API.OpenAI.com, openrouter.ai"), ["api.openai.com", "openrouter.ai"]);
  assert.deepEqual(hosts(","), []);
});

Deno.test("RELAY_JWT_ISSUER sets the issuer of both kinds of tokens", () => {
  const issuer = "http://127.0.0.1:54321/auth/v1";
  assert.deepEqual(read({ RELAY_JWT_ISSUER: issuer }).jwtIssuer, { asymmetric: issuer, symmetric: issuer });
});

Deno.test("RELAY_JWT_SECRET is taken as it is", () => {
  const jwtSecret = read({ RELAY_JWT_SECRET: "{s e c r e t}" }).jwtSecret;
  assert.equal(jwtSecret, "{s e c r e t}");
});

Deno.test("RELAY_JWKS_URL replaces the project's own key set, and must be a URL", () => {
  const url = "http://127.0.0.1:4000/jwks.json";
  assert.equal(read({ RELAY_JWKS_URL: url }).jwksUrl, url);
  assert.equal(fails({ RELAY_JWKS_URL: "jwks.json" }), "Cannot start: RELAY_JWKS_URL is not a URL with http or https");
});

Deno.test("RELAY_PROVIDER_HOSTS refuses by name what no host could ever equal", () => {
  for (const host of ["https://api.openai.com", "api.openai.com:8443", "api.openai.com.", "a b"]) {
    assert.throws(() => read({ RELAY_PROVIDER_HOSTS: `good.example,${host}` }), /RELAY_PROVIDER_HOSTS has/, host);
  }
});

Deno.test("RELAY_METRICS_TOKEN is a bearer token that is not guessed, and no message has it", () => {
  for (const token of ["0123456789abcdef", "aB9._~+/=-aB9._~", "t".repeat(512)]) {
    assert.equal(read({ RELAY_METRICS_TOKEN: ` ${token} ` }).metricsToken, token);
  }
  for (const token of ["short", "t".repeat(513), "with a space in it", "schlüssel-schlüssel"]) {
    assert.equal(
      fails({ RELAY_METRICS_TOKEN: token }),
      `Cannot start: RELAY_METRICS_TOKEN has ${token.length} characters, not 16 to 512 of A-Z a-z 0-9 . _ ~ + / = -`,
    );
  }
});
