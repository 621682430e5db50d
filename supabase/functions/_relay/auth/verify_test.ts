import assert from "node:assert/strict";
import { exportJWK, exportSPKI, importJWK, type JWTPayload } from "jose";
import { RelayError } from "../protocol/errors.ts";
import { type KeyServer, makeKey, serveKeys, sign } from "../testing/key_server.ts";
import { makePlatform, type PlatformOverrides } from "../testing/platform.ts";
import { type Caller, createVerifier, type VerifierOptions } from "./verify.ts";

const USER = "7b0c9f0e-94a2-4f3c-8d0b-0f5a1c2d3e4f";
const ISSUER = "http://supabase.test/auth/v1";
const NOW = Date.UTC(2026, 0, 1) / 1000;
const SECRET = "a legacy secret of at least thirty-two characters";

const es256 = await makeKey("es-1");
const rs256 = await makeKey("rs-1", "RS256");
const stranger = await makeKey("es-1");
const hs256 = { privateKey: new TextEncoder().encode(SECRET), alg: "HS256" };

const NOT_VALID = "Cannot authenticate: the token is not valid";
const EXPIRED = "Cannot authenticate: the token has expired";

/** What Supabase Auth puts into a user's access token. */
function makeClaims(overrides: JWTPayload = {}): JWTPayload {
  return {
    iss: ISSUER,
    aud: "authenticated",
    sub: USER,
    role: "authenticated",
    exp: NOW + 3600,
    iat: NOW,
    session_id: "0d2cf1bb-6a5d-4a3e-b2c3-9a8b7c6d5e4f",
    is_anonymous: false,
    ...overrides,
  };
}

interface Case extends PlatformOverrides {
  keys?: KeyServer;
  options?: VerifierOptions;
}

function makeVerifier({ configuration, keys, options }: Case = {}) {
  const platform = makePlatform({
    configuration: { jwksUrl: keys?.url ?? "http://127.0.0.1:9/none", ...configuration },
  });
  const verify = createVerifier(platform, options);
  return {
    ...platform,
    as: (authorization: string | null) =>
      verify(new Request("http://relay.test/stream", { headers: authorization === null ? {} : { authorization } })),
  };
}

/** A server that publishes the ES256 and the RS256 key. */
function serveBoth(): KeyServer {
  const keys = serveKeys();
  keys.publish(es256, rs256);
  return keys;
}

async function refusalOf(caller: Promise<Caller>): Promise<RelayError> {
  try {
    await caller;
  } catch (error) {
    assert.ok(error instanceof RelayError, String(error));
    assert.match(error.message, /^[A-Z].*[^.]$/s);
    return error;
  }
  throw new Error("the token was accepted");
}

async function assertRefused(caller: Promise<Caller>, code: string, message: string): Promise<RelayError> {
  const error = await refusalOf(caller);
  assert.deepEqual([error.code, error.message], [code, message]);
  return error;
}

const encode = (part: unknown) => btoa(JSON.stringify(part)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

Deno.test("a user's ES256 token gives the user", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), es256);
  assert.deepEqual(await as(`Bearer ${token}`), { userId: USER, isAnonymous: false, role: "authenticated" });
});

Deno.test("a user's RS256 token gives the user", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), rs256);
  assert.equal((await as(`Bearer ${token}`)).userId, USER);
});

Deno.test("a list of audiences and an OAuth client's id do no harm", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(
    makeClaims({ aud: ["other", "authenticated"], client_id: "9a8b7c6d-5e4f-4a3e-b2c3-0d2cf1bb6a5d" }),
    es256,
  );
  assert.equal((await as(`Bearer ${token}`)).userId, USER);
});

Deno.test("a request without a bearer token is refused", async () => {
  const { as } = makeVerifier();
  await assertRefused(as(null), "unauthenticated", "Cannot authenticate: the Authorization header is missing");
});

Deno.test("garbage is not a token, and is not quoted", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const header = encode({ alg: "ES256", kid: "es-1" });
  for (
    const token of [
      "garbage",
      "sb_publishable_garbage",
      "garbage.garbage.garbage",
      "..",
      `${header}..`,
      `${header}.garbage.garbage`,
      `${header}.${encode("garbage")}.garbage`,
      `${header}.a.b.c.d`,
      `${encode({ alg: ["ES256"] })}.a.b`,
      `${encode({ alg: "ES256", crit: ["exp"] })}.a.b`,
      `${encode({})}.a.b`,
      `${encode(null)}.a.b`,
    ]
  ) {
    const error = await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
    assert.ok(!String(error.cause).includes("garbage"), String(error.cause));
  }
  assert.ok(keys.requests <= 1);
});

Deno.test("an expired token is told apart, five seconds late", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const endedAgo = async (seconds: number) => `Bearer ${await sign(makeClaims({ exp: NOW - seconds }), es256)}`;
  assert.equal((await as(await endedAgo(4))).userId, USER);
  await assertRefused(as(await endedAgo(5)), "unauthenticated", EXPIRED);
  await assertRefused(as(await endedAgo(3600)), "unauthenticated", EXPIRED);
});

Deno.test("a token expires while the worker runs", async () => {
  await using keys = serveBoth();
  const { as, clock } = makeVerifier({ keys });
  const header = `Bearer ${await sign(makeClaims(), es256)}`;
  assert.equal((await as(header)).userId, USER);
  clock.advance(3_605_000);
  await assertRefused(as(header), "unauthenticated", EXPIRED);
});

Deno.test("a forged token is not told that it would have expired", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims({ exp: NOW - 3600 }), stranger);
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
});

Deno.test("a token must have each claim of a user's access token, and the right one", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const wrong: Record<string, JWTPayload> = {
    "no exp": { exp: undefined },
    "exp that is no number": { exp: "never" as unknown as number },
    "not yet valid": { nbf: NOW + 60 },
    "no aud": { aud: undefined },
    "aud of an id token": { aud: "9a8b7c6d-5e4f-4a3e-b2c3-0d2cf1bb6a5d" },
    "no iss": { iss: undefined },
    "iss of another project": { iss: "https://other.test/auth/v1" },
    "iss with a slash": { iss: `${ISSUER}/` },
    "no sub": { sub: undefined },
    "sub that is no uuid": { sub: "alice" },
    "sub with more than a uuid": { sub: `${USER}\n` },
  };
  for (const [name, claims] of Object.entries(wrong)) {
    const token = await sign(makeClaims(claims), es256);
    const error = await refusalOf(as(`Bearer ${token}`));
    assert.equal(error.code, "unauthenticated", name);
    assert.equal(error.message, NOT_VALID, name);
    assert.equal(typeof error.cause, "string", name);
  }
});

Deno.test("a token that somebody else signed under the right kid is refused", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), stranger);
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
});

Deno.test("a token whose claims were changed after it was signed is refused", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const [header, , signature] = (await sign(makeClaims(), es256)).split(".");
  const claims = encode(makeClaims({ sub: USER.replace("7", "8") }));
  await assertRefused(as(`Bearer ${header}.${claims}.${signature}`), "unauthenticated", NOT_VALID);
});

Deno.test("a token without a signature is refused, whatever its algorithm is called", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys, configuration: { jwtSecret: SECRET } });
  for (const alg of ["none", "None", "NONE", "", "es256", "ES256", "HS256"]) {
    const token = `${encode({ alg, kid: "es-1" })}.${encode(makeClaims())}.`;
    await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
  }
});

Deno.test("other algorithms are refused, right signature or not", async () => {
  await using keys = serveKeys();
  const { privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const secret = new TextEncoder().encode(SECRET.repeat(2));
  const { as } = makeVerifier({ keys, configuration: { jwtSecret: SECRET.repeat(2) } });
  for (
    const key of [{ alg: "EdDSA", privateKey }, {
      alg: "HS384",
      privateKey: secret,
    }, { alg: "HS512", privateKey: secret }]
  ) {
    const token = await sign(makeClaims(), key);
    await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
  }
  assert.equal(keys.requests, 0);
});

Deno.test("HS256 is refused where no secret is configured", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), hs256);
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
  assert.equal(keys.requests, 0);
});

Deno.test("HS256 is taken with the configured secret, and needs no key set", async () => {
  const { as } = makeVerifier({ configuration: { jwtSecret: SECRET } });
  const token = await sign(makeClaims({ iss: undefined }), hs256);
  assert.equal((await as(`Bearer ${token}`)).userId, USER);
});

Deno.test("HS256 under another secret is refused", async () => {
  const { as } = makeVerifier({ configuration: { jwtSecret: SECRET.toUpperCase() } });
  const token = await sign(makeClaims(), hs256);
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
});

Deno.test("HS256 must name the issuer where one is configured", async () => {
  const { as } = makeVerifier({
    configuration: { jwtSecret: SECRET, jwtIssuer: { asymmetric: ISSUER, symmetric: ISSUER } },
  });
  const header = async (iss?: string) => `Bearer ${await sign(makeClaims({ iss }), hs256)}`;
  assert.equal((await as(await header(ISSUER))).userId, USER);
  await assertRefused(as(await header()), "unauthenticated", NOT_VALID);
  await assertRefused(as(await header("x")), "unauthenticated", NOT_VALID);
});

Deno.test("a public key is no HMAC secret, in any of its spellings", async () => {
  await using keys = serveBoth();
  const publicKey = await importJWK(es256.publicJwk, "ES256") as CryptoKey;
  const spellings = [
    await exportSPKI(publicKey),
    JSON.stringify(es256.publicJwk),
    JSON.stringify(await exportJWK(publicKey)),
    es256.publicJwk.x!,
  ];
  for (const jwtSecret of [null, SECRET]) {
    const { as } = makeVerifier({ keys, configuration: { jwtSecret } });
    for (const spelling of spellings) {
      const privateKey = new TextEncoder().encode(spelling);
      const token = await sign(makeClaims(), { ...hs256, privateKey });
      await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
    }
  }
});

Deno.test("a symmetric key in the key set verifies nothing", async () => {
  await using keys = serveKeys();
  const oct = { kty: "oct", k: btoa(SECRET).replace(/=+$/, "") };
  keys.answer = () => Response.json({ keys: [oct] });
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), hs256);
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
});

Deno.test("a legacy API key is nobody's token", async () => {
  const { as } = makeVerifier({ configuration: { jwtSecret: SECRET } });
  for (const role of ["anon", "service_role"]) {
    const token = await sign({ iss: "supabase", ref: "abc", role, iat: NOW, exp: NOW + 3600 }, hs256);
    await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
  }
});

Deno.test("another role may not use the relay", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  for (const role of ["service_role", "anon", "admin", "", undefined, 1]) {
    const token = await sign(makeClaims({ role }), es256);
    await assertRefused(
      as(`Bearer ${token}`),
      "forbidden",
      'Cannot use the relay: the token does not have the role "authenticated"',
    );
  }
});

Deno.test("an anonymous user may not use the relay, unless the configuration says so", async () => {
  await using keys = serveBoth();
  for (const is_anonymous of [true, "true"]) {
    const header = `Bearer ${await sign(makeClaims({ is_anonymous }), es256)}`;
    await assertRefused(
      makeVerifier({ keys }).as(header),
      "forbidden",
      "Cannot use the relay: the user is anonymous, not signed in",
    );
    const { as } = makeVerifier({ keys, configuration: { allowAnonymous: true } });
    assert.deepEqual(await as(header), { userId: USER, isAnonymous: true, role: "authenticated" });
  }
});

Deno.test("a token without is_anonymous is a signed-in user's", async () => {
  const { as } = makeVerifier({ configuration: { jwtSecret: SECRET } });
  const token = await sign(makeClaims({ is_anonymous: undefined }), hs256);
  assert.equal((await as(`Bearer ${token}`)).isAnonymous, false);
});

Deno.test("a kid that the key set does not have is the token's failure", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), { ...es256, kid: "es-2" });
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
});

Deno.test("a flood of unknown kids asks the key set once", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys });
  await Promise.all(Array.from({ length: 20 }, async (_, index) => {
    const token = await sign(makeClaims(), { ...es256, kid: `x${index}` });
    await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
  }));
  assert.equal(keys.requests, 1);
});

Deno.test("an empty key set refuses every token", async () => {
  await using keys = serveKeys();
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), es256);
  await assertRefused(as(`Bearer ${token}`), "unauthenticated", NOT_VALID);
});

Deno.test("a new key is found when the first token comes that was signed with it", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys, options: { cooldownMs: 0 } });
  const next = await makeKey("es-2");
  const header = `Bearer ${await sign(makeClaims(), next)}`;
  await assertRefused(as(header), "unauthenticated", NOT_VALID);
  keys.publish(next, es256);
  assert.equal((await as(header)).userId, USER);
  const before = `Bearer ${await sign(makeClaims(), es256)}`;
  assert.equal((await as(before)).userId, USER);
});

Deno.test("a token without kid is tried with every key that fits its algorithm", async () => {
  await using keys = serveKeys();
  const second = await makeKey("es-2");
  const third = await makeKey("es-3");
  keys.publish(es256, rs256, second);
  const { as } = makeVerifier({ keys });
  const header = async (key: typeof es256, claims?: JWTPayload) =>
    `Bearer ${await sign(makeClaims(claims), { ...key, kid: undefined })}`;
  for (const key of [es256, second, rs256]) {
    assert.equal((await as(await header(key))).userId, USER);
  }
  await assertRefused(as(await header(third)), "unauthenticated", NOT_VALID);
  await assertRefused(as(await header(second, { exp: NOW - 60 })), "unauthenticated", EXPIRED);
});

const UNREADABLE = "Cannot verify the token: the key set cannot be read";

Deno.test("a key set that cannot be read is nobody's fault but ours, and is asked again at once", async () => {
  await using keys = serveKeys();
  const { as } = makeVerifier({ keys });
  const header = `Bearer ${await sign(makeClaims(), es256)}`;
  const failures: (() => Response)[] = [
    () => new Response("down", { status: 503 }),
    () => new Response(null, { status: 404 }),
    () => new Response(null, { status: 302, headers: { location: "/x" } }),
    () => new Response("<html>"),
    () => Response.json({ keys: "none" }),
    () => Response.json(null),
    () => new Response(),
  ];
  for (const failure of failures) {
    keys.answer = failure;
    const error = await assertRefused(as(header), "unavailable", UNREADABLE);
    assert.equal(error.retryAfter, 5);
    assert.ok(error.cause instanceof Error);
  }
  assert.equal(keys.requests, failures.length);
  keys.publish(es256);
  assert.equal((await as(header)).userId, USER);
});

Deno.test("a key set that was read once and fails now is unavailable to unknown kids alone", async () => {
  await using keys = serveBoth();
  const { as } = makeVerifier({ keys, options: { cooldownMs: 0 } });
  const known = `Bearer ${await sign(makeClaims(), es256)}`;
  const unknown = `Bearer ${await sign(makeClaims(), await makeKey("es-2"))}`;
  assert.equal((await as(known)).userId, USER);
  keys.answer = () => new Response("down", { status: 503 });
  await assertRefused(as(unknown), "unavailable", UNREADABLE);
  await assertRefused(as(unknown), "unavailable", UNREADABLE);
  assert.equal((await as(known)).userId, USER);
});

Deno.test("a key that cannot be imported is the key set's failure", async () => {
  await using keys = serveKeys();
  const broken = { ...es256.publicJwk, y: undefined };
  keys.answer = () => Response.json({ keys: [broken] });
  const { as } = makeVerifier({ keys });
  const token = await sign(makeClaims(), es256);
  await assertRefused(as(`Bearer ${token}`), "unavailable", UNREADABLE);
});

Deno.test("a key server that nobody reaches, or that takes too long, is unavailable", async () => {
  const header = `Bearer ${await sign(makeClaims(), es256)}`;
  for (
    const failure of [new TypeError("error sending request"), new DOMException("Signal timed out", "TimeoutError")]
  ) {
    const { as } = makeVerifier({ options: { fetch: () => Promise.reject(failure) } });
    const error = await assertRefused(as(header), "unavailable", UNREADABLE);
    assert.equal(error.retryAfter, 5);
  }
});

Deno.test("the key set is asked under the configured URL, within a time limit and without redirects", async () => {
  const asked: [string, RequestInit | undefined][] = [];
  const { as } = makeVerifier({
    configuration: { jwksUrl: "http://supabase.test/jwks" },
    options: {
      fetch: (url, init) => {
        asked.push([String(url), init]);
        return Promise.resolve(Response.json({ keys: [es256.publicJwk] }));
      },
    },
  });
  const header = `Bearer ${await sign(makeClaims(), es256)}`;
  await Promise.all([as(header), as(header), as(header)]);
  await as(header);
  assert.equal(asked.length, 1);
  assert.equal(asked[0][0], "http://supabase.test/jwks");
  assert.equal(asked[0][1]?.redirect, "manual");
  assert.ok(asked[0][1]?.signal instanceof AbortSignal);
});
