import assert from "node:assert/strict";
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { RelayError } from "../protocol/errors.ts";
import { KEY_SET_RETRY_MS } from "../protocol/limits.ts";
import { makePlatform, type PlatformOverrides } from "../testing/platform.ts";
import { type Caller, createVerifier, MAX_REMEMBERED_CHARACTERS, type VerifierOptions } from "./verify.ts";

const USER = "7b0c9f0e-94a2-4f3c-8d0b-0f5a1c2d3e4f";
const ISSUER = "http://supabase.test/auth/v1";
const NOW = Date.UTC(2026, 0, 1) / 1000;
const SECRET = "a legacy secret of at least thirty-two characters";

/** A key pair of its own, with its public half as a key set shows it. */
async function makeKey(kid: string, alg: "ES256" | "RS256" = "ES256") {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { kid, alg, privateKey, publicJwk: { ...await exportJWK(publicKey), kid, alg, use: "sig" } };
}

type SigningKey = Awaited<ReturnType<typeof makeKey>>;

/** Signs claims as they are; without a `kid`, unless the key has one. */
function sign(
  claims: JWTPayload,
  { privateKey, alg, kid }: { privateKey: CryptoKey | Uint8Array; alg: string; kid?: string },
) {
  return new SignJWT(claims).setProtectedHeader({ alg, typ: "JWT", ...kid !== undefined && { kid } }).sign(privateKey);
}

const es256 = await makeKey("es-1");
const rs256 = await makeKey("rs-1", "RS256");
const stranger = await makeKey("es-1");
const secretKey = (secret: string, alg = "HS256") => ({ privateKey: new TextEncoder().encode(secret), alg });
const hs256 = secretKey(SECRET);

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

interface Options extends VerifierOptions {
  configuration?: PlatformOverrides["configuration"];
  keys?: ReturnType<typeof serve>;
}

function makeVerifier({ configuration, keys, ...options }: Options = {}) {
  const jwksUrl = keys?.url ?? "http://127.0.0.1:9/none";
  const platform = makePlatform({ configuration: { jwksUrl, ...configuration } });
  const verify = createVerifier(platform, options);
  const as = (token: string | null) => {
    const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
    return verify(new Request("http://relay.test/stream", { headers }));
  };
  /** Signs the claims of USER with these changes. */
  const asUser = async (claims: JWTPayload = {}, key: Parameters<typeof sign>[1] = es256) =>
    await as(await sign(makeClaims(claims), key));
  return { ...platform, as, asUser };
}

/** A key set on loopback that has these keys: how often it was asked, and what it answers next. */
function serve(...published: SigningKey[]) {
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    keys.requests++;
    return keys.answer();
  });
  const keys = {
    url: `http://127.0.0.1:${server.addr.port}/jwks.json`,
    requests: 0,
    answer: () => Response.json({ keys: [] as unknown[] }),
    publish(...published: SigningKey[]) {
      keys.answer = () => Response.json({ keys: published.map((key) => key.publicJwk) });
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  keys.publish(...published);
  return keys;
}

async function assertRefused(caller: Promise<Caller>, code = "unauthenticated", words?: string): Promise<RelayError> {
  const error = await caller.then(() => assert.fail("The token was accepted"), (error) => error);
  assert.ok(error instanceof RelayError, String(error));
  const message = words ?? "Cannot authenticate: the token is not valid";
  assert.deepEqual([error.code, error.message], [code, message]);
  return error;
}

const EXPIRED = ["unauthenticated", "Cannot authenticate: the token has expired"] as const;
const UNREADABLE = ["unavailable", "Cannot verify the token: the key set cannot be read"] as const;

const encode = (part: unknown) => btoa(JSON.stringify(part)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

Deno.test("a user's token gives the user, of either algorithm, with more claims than are needed", async () => {
  await using keys = serve(es256, rs256);
  const { asUser } = makeVerifier({ keys });
  const user = { userId: USER, isAnonymous: false, role: "authenticated", appMetadata: "{}" };
  for (const key of [es256, rs256]) assert.deepEqual(await asUser({}, key), user);
  assert.deepEqual(await asUser({ aud: ["other", "authenticated"], aal: "aal1", client_id: "" }), user);
  assert.deepEqual(await asUser({ sub: USER.toUpperCase(), is_anonymous: undefined }), user);
  const app_metadata = { plan: "studio", roles: ["editor"] };
  const known = { ...user, appMetadata: JSON.stringify(app_metadata) };
  // Verified, and remembered.
  for (let count = 0; count < 2; count++) assert.deepEqual(await asUser({ app_metadata }), known);
  assert.deepEqual(await asUser({ app_metadata: null }), user);
});

Deno.test("garbage is not a token, and is not quoted", async () => {
  await using keys = serve(es256, rs256);
  const { as } = makeVerifier({ keys });
  const header = encode({ alg: "ES256", kid: "es-1" });
  const bodies = ["garbage", "sb_publishable_garbage", "garbage.garbage.garbage", "..", `${header}..`];
  const forged = [`${header}.garbage.garbage`, `${header}.${encode("garbage")}.garbage`, `${header}.a.b.c.d`];
  const headers = [{ alg: ["ES256"] }, { alg: "ES256", crit: ["exp"] }, {}, null].map((part) => `${encode(part)}.a.b`);
  for (const token of [...bodies, ...forged, ...headers]) {
    const { cause } = await assertRefused(as(token));
    assert.doesNotMatch(String(cause), /garbage/);
  }
  assert.ok(keys.requests <= 1);
});

Deno.test("an expired token is named as such, five seconds late, also if it expires while the worker runs", async () => {
  await using keys = serve(es256);
  const { asUser, clock } = makeVerifier({ keys });
  assert.equal((await asUser({ exp: NOW - 4 })).userId, USER);
  await assertRefused(asUser({ exp: NOW - 5 }), ...EXPIRED);
  clock.advance(3_605_000);
  await assertRefused(asUser(), ...EXPIRED);
  // Of a forged one that is no news.
  await assertRefused(asUser({ exp: NOW - 3600 }, stranger));
});

Deno.test("a token must have each claim of a user's access token, and the right one", async () => {
  await using keys = serve(es256);
  const { asUser } = makeVerifier({ keys });
  const wrong: JWTPayload[] = [
    { exp: undefined },
    { exp: "never" as unknown as number },
    { nbf: NOW + 60 },
    { aud: undefined },
    { aud: "the-client-of-an-id-token" },
    { iss: undefined },
    { iss: "https://other.test/auth/v1" },
    { iss: `${ISSUER}/` },
    { sub: undefined },
    { sub: "alice" },
    { sub: `${USER}\n` },
  ];
  for (const claims of wrong) assert.equal(typeof (await assertRefused(asUser(claims))).cause, "string");
});

Deno.test("a token that another key signed, whose claims were changed, or that has no signature is refused", async () => {
  await using keys = serve(es256);
  const { as, asUser } = makeVerifier({ keys, configuration: { jwtSecret: SECRET } });
  await assertRefused(asUser({}, stranger));
  const [header, , signature] = (await sign(makeClaims(), es256)).split(".");
  await assertRefused(as(`${header}.${encode(makeClaims({ sub: USER.replace("7", "8") }))}.${signature}`));
  for (const alg of ["none", "None", "NONE", "", "es256", "ES256", "HS256"]) {
    await assertRefused(as(`${encode({ alg, kid: "es-1" })}.${encode(makeClaims())}.`));
  }
});

Deno.test("other algorithms are refused, right signature or not", async () => {
  await using keys = serve();
  const { privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const secret = SECRET.repeat(2);
  const { asUser } = makeVerifier({ keys, configuration: { jwtSecret: secret } });
  for (const key of [{ alg: "EdDSA", privateKey }, secretKey(secret, "HS384"), secretKey(secret, "HS512")]) {
    await assertRefused(asUser({}, key));
  }
  assert.equal(keys.requests, 0);
});

Deno.test("HS256 needs the configured secret, never the key set, and no other issuer than the project's", async () => {
  await using keys = serve(es256);
  const jwtIssuer = "https://auth.example.com";
  const [none, own, other] = [undefined, ISSUER, "https://other.supabase.co/auth/v1"].map((iss) => ({ iss }));
  const cases: [configuration: Options["configuration"], claims: JWTPayload, accepted: boolean][] = [
    [{ jwtSecret: null }, own, false],
    [{ jwtSecret: SECRET.toUpperCase() }, own, false],
    [{ jwtSecret: SECRET }, none, true],
    [{ jwtSecret: SECRET }, own, true],
    [{ jwtSecret: SECRET }, other, false],
    [{ jwtSecret: SECRET }, { iss: null as unknown as string }, false],
    [{ jwtSecret: SECRET, jwtIssuer }, { iss: jwtIssuer }, true],
    [{ jwtSecret: SECRET, jwtIssuer }, none, false],
    [{ jwtSecret: SECRET, jwtIssuer }, own, false],
  ];
  for (const [configuration, claims, accepted] of cases) {
    const caller = makeVerifier({ keys, configuration }).asUser(claims, hs256);
    if (accepted) assert.equal((await caller).userId, USER);
    else await assertRefused(caller);
  }
  assert.equal(keys.requests, 0);
});

Deno.test("the CLI's stack writes a local issuer, of any port, which counts there alone and only by default", async () => {
  await using keys = serve(es256);
  const local = { supabaseUrl: "http://kong:8000", isLocalStack: true, jwtSecret: SECRET };
  const issuers = ["http://127.0.0.1:54321", "http://localhost:54321", "https://127.0.0.1:60000", "http://kong:8000"];
  const wrong = ["http://127.0.0.1.example.com", "http://localhost:54321/auth/v1#", "http://10.0.0.1:54321", "x"];
  const iss = (origin: string) => `${origin}/auth/v1`;
  const accepts = async (configuration: Options["configuration"], origin: string, key: typeof es256 | typeof hs256) =>
    await makeVerifier({ keys, configuration }).asUser({ iss: iss(origin) }, key).then(() => true, () => false);
  for (const key of [es256, hs256]) {
    for (const origin of issuers) assert.equal(await accepts(local, origin, key), true, origin);
    for (const origin of wrong) assert.equal(await accepts(local, origin, key), false, origin);
    const configured = { ...local, jwtIssuer: iss(issuers[0]) };
    assert.deepEqual([await accepts(configured, issuers[0], key), await accepts(configured, issuers[1], key)], [
      true,
      false,
    ]);
    assert.equal(await accepts({ jwtSecret: SECRET }, issuers[0], key), false);
  }
});

Deno.test("a warning names the variable that a good token may lack, once a minute; forged tokens cause none", async () => {
  await using keys = serve(es256);
  const { as, asUser, clock, logged } = makeVerifier({ keys });
  const iss = "https://auth.example.com/auth/v1";
  const noUser = { aud: undefined, sub: undefined, iss: "supabase", role: "anon" };
  const refuse = async () => {
    for (let round = 0; round < 3; round++) {
      for (const claims of [{ iss }, { iss: "\n".repeat(1_000) }]) await assertRefused(asUser(claims));
      await assertRefused(asUser({ iss }, stranger));
      await assertRefused(asUser({}, hs256));
      await assertRefused(asUser(noUser, hs256));
      await assertRefused(as(`${encode({ alg: "HS256" })}.garbage.garbage`));
    }
  };
  const warning = (reason: string, cause: string) => ({ level: "warn", event: "token_refused", reason, cause });
  const issuer = (iss: string) =>
    warning(
      "RELAY_JWT_ISSUER",
      `A token that the project signed has "iss" ${iss}: set RELAY_JWT_ISSUER if it is right`,
    );
  const secret = warning("RELAY_JWT_SECRET", "A user's token is signed with HS256, and RELAY_JWT_SECRET is not set");
  await assertRefused(asUser({ iss }, stranger));
  await assertRefused(asUser(noUser, hs256));
  assert.deepEqual(logged(), []);
  await refuse();
  assert.deepEqual(logged(), [issuer(JSON.stringify(iss)), secret]);
  clock.advance(59_999);
  await refuse();
  assert.equal(logged().length, 2);
  clock.advance(1);
  await assertRefused(asUser({ iss: "\n".repeat(1_000) }));
  assert.deepEqual(logged().slice(2), [issuer(`"${"\\n".repeat(99)}\\`)]);
});

Deno.test("a public key is no HMAC secret in any spelling, and a symmetric key in the key set verifies nothing", async () => {
  await using keys = serve(es256);
  const publicKey = await importJWK(es256.publicJwk, "ES256") as CryptoKey;
  const jwk = JSON.stringify(es256.publicJwk);
  const spellings = [await exportSPKI(publicKey), jwk, JSON.stringify(await exportJWK(publicKey)), es256.publicJwk.x!];
  for (const jwtSecret of [null, SECRET]) {
    const { asUser } = makeVerifier({ keys, configuration: { jwtSecret } });
    for (const spelling of spellings) await assertRefused(asUser({}, secretKey(spelling)));
  }
  keys.answer = () => Response.json({ keys: [{ kty: "oct", k: btoa(SECRET).replace(/=+$/, "") }] });
  await assertRefused(makeVerifier({ keys }).asUser({}, hs256));
});

Deno.test("another role may not use the relay, nor an anonymous user unless the configuration says so", async () => {
  await using keys = serve(es256);
  const { asUser } = makeVerifier({ keys });
  const noRole = 'Cannot use the relay: the token does not have the role "authenticated"';
  for (const role of ["service_role", "anon", "admin", "", undefined, 1]) {
    await assertRefused(asUser({ role }), "forbidden", noRole);
  }
  for (const is_anonymous of [true, "true"]) {
    const anonymous = "Cannot use the relay: the user is anonymous, not signed in";
    await assertRefused(asUser({ is_anonymous }), "forbidden", anonymous);
    const tolerant = makeVerifier({ keys, configuration: { allowAnonymous: true } });
    const user = { userId: USER, isAnonymous: true, role: "authenticated", appMetadata: "{}" };
    assert.deepEqual(await tolerant.asUser({ is_anonymous }), user);
  }
});

Deno.test("a token of an OAuth app needs the app to be configured, and a token without a second factor may need one", async () => {
  await using keys = serve(es256);
  const [app, other] = ["9a8b7c6d-5e4f-4a3e-b2c3-0d2cf1bb6a5d", "0d2cf1bb-5e4f-4a3e-b2c3-9a8b7c6d5e4f"];
  const foreign = "Cannot use the relay: the token is that of an OAuth app, which the relay does not accept";
  const oneFactor = "Cannot use the relay: the session has no second factor (aal2)";
  const cases: [configuration: Options["configuration"], claims: JWTPayload, refusal: string | null][] = [
    [{}, { client_id: app }, foreign],
    [{ oauthClients: [] }, { client_id: app }, foreign],
    [{ oauthClients: [other] }, { client_id: app }, foreign],
    [{ oauthClients: [app] }, { client_id: [app] }, foreign],
    [{ oauthClients: [other, app] }, { client_id: app }, null],
    [{ oauthClients: "*" }, { client_id: app }, null],
    [{ oauthClients: [app] }, {}, null],
    [{}, { aal: "aal1" }, null],
    [{ requireAal2: true }, { aal: "aal2" }, null],
    [{ requireAal2: true }, { aal: "aal1" }, oneFactor],
    [{ requireAal2: true }, {}, oneFactor],
    [{ requireAal2: true, oauthClients: "*" }, { client_id: app, aal: "aal1" }, oneFactor],
  ];
  for (const [configuration, claims, refusal] of cases) {
    const caller = makeVerifier({ keys, configuration }).asUser(claims);
    if (refusal === null) assert.equal((await caller).userId, USER);
    else await assertRefused(caller, "forbidden", refusal);
  }
});

Deno.test("a kid that the key set does not have is the token's failure, and a flood of them asks the key set once", async () => {
  for (const published of [[es256, rs256], []]) {
    await using keys = serve(...published);
    const { asUser } = makeVerifier({ keys });
    const kids = Array.from({ length: 20 }, (_, index) => `x${index}`);
    await Promise.all(kids.map((kid) => assertRefused(asUser({}, { ...es256, kid }))));
    assert.equal(keys.requests, 1);
  }
});

Deno.test("a token without kid is tried with every key that fits its algorithm", async () => {
  const [second, third] = [await makeKey("es-2"), await makeKey("es-3")];
  await using keys = serve(es256, rs256, second);
  const { asUser } = makeVerifier({ keys });
  const anyKid = (key: SigningKey) => ({ ...key, kid: undefined });
  for (const key of [es256, second, rs256]) assert.equal((await asUser({}, anyKid(key))).userId, USER);
  await assertRefused(asUser({}, anyKid(third)));
  await assertRefused(asUser({ exp: NOW - 60 }, anyKid(second)), ...EXPIRED);
});

Deno.test("a key set that cannot be read is the relay's failure, and is asked again a second later", async () => {
  await using keys = serve();
  const { asUser, clock } = makeVerifier({ keys });
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
    // Anyone can make such a token, and as many as they like.
    for (let round = 0; round < 3; round++) {
      const errors = await Promise.all([1, 2, 3].map(() => assertRefused(asUser(), ...UNREADABLE)));
      for (const error of errors) assert.ok(error.retryAfter === 5 && error.cause instanceof Error);
    }
    clock.advance(KEY_SET_RETRY_MS - 1);
    await assertRefused(asUser(), ...UNREADABLE);
    clock.advance(1);
  }
  assert.equal(keys.requests, failures.length);
  keys.publish(es256);
  assert.equal((await asUser()).userId, USER);
  for (const failure of [new TypeError("error sending request"), new DOMException("Timed out", "TimeoutError")]) {
    const unreachable = makeVerifier({ fetch: () => Promise.reject(failure) });
    assert.equal((await assertRefused(unreachable.asUser(), ...UNREADABLE)).retryAfter, 5);
  }
  let cancelled = 0;
  const body = new ReadableStream({ cancel: () => void cancelled++ });
  const unread = makeVerifier({ fetch: () => Promise.resolve(new Response(body, { status: 503 })) });
  await assertRefused(unread.asUser(), ...UNREADABLE);
  assert.equal(cancelled, 1, "An error's body holds its connection");
  // A key that cannot be imported is no better.
  keys.answer = () => Response.json({ keys: [{ ...es256.publicJwk, y: undefined }] });
  await assertRefused(makeVerifier({ keys }).asUser(), ...UNREADABLE);
});

Deno.test("a key set that was read once and fails now is unavailable to unknown kids alone", async () => {
  await using keys = serve(es256);
  const { asUser } = makeVerifier({ keys, cooldownMs: 0 });
  const unknown = await makeKey("es-2");
  assert.equal((await asUser()).userId, USER);
  keys.answer = () => new Response("down", { status: 503 });
  for (let round = 0; round < 2; round++) await assertRefused(asUser({}, unknown), ...UNREADABLE);
  assert.equal((await asUser()).userId, USER);
});

Deno.test("the key set is asked once, under the configured URL, within a time limit and without redirects", async () => {
  const asked: [string, RequestInit | undefined][] = [];
  const { asUser } = makeVerifier({
    configuration: { jwksUrl: "http://supabase.test/jwks" },
    fetch: (url, init) => {
      asked.push([String(url), init]);
      return Promise.resolve(Response.json({ keys: [es256.publicJwk] }));
    },
  });
  await Promise.all([asUser(), asUser(), asUser()]);
  await asUser();
  assert.equal(asked.length, 1);
  const [[url, init]] = asked;
  assert.deepEqual([url, init?.redirect], ["http://supabase.test/jwks", "manual"]);
  assert.ok(init?.signal instanceof AbortSignal);
});

/** Counts the signatures that are verified while it exists. */
function countVerifications() {
  const { verify } = crypto.subtle;
  const counter = {
    count: 0,
    [Symbol.dispose]: () => void (crypto.subtle.verify = verify),
  };
  crypto.subtle.verify = (...args: unknown[]) => {
    counter.count++;
    return Reflect.apply(verify, crypto.subtle, args);
  };
  return counter;
}

Deno.test("a verified token is remembered until it expires, whole, and a refused one is not", async () => {
  await using keys = serve(es256);
  using signatures = countVerifications();
  const { as, asUser, clock } = makeVerifier({ keys, configuration: { jwtSecret: SECRET } });
  // With this one the key set is read.
  await asUser();
  for (const key of [es256, hs256]) {
    const token = await sign(makeClaims({ exp: clock.now() / 1000 + 60 }), key);
    signatures.count = 0;
    for (let round = 0; round < 3; round++) assert.equal((await as(token)).userId, USER);
    assert.equal(signatures.count, 1);
    const [header, payload, signature] = token.split(".");
    const changed = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    for (let round = 1; round <= 2; round++) {
      await assertRefused(as(`${header}.${payload}.${changed}`));
      assert.equal(signatures.count, 1 + round);
    }
    clock.advance(64_999);
    assert.equal((await as(token)).userId, USER);
    clock.advance(1);
    await assertRefused(as(token), ...EXPIRED);
  }
});

Deno.test("a token is verified again once the key set was read again, and refused if its key is gone", async () => {
  await using keys = serve(es256);
  const { as, asUser } = makeVerifier({ keys, cooldownMs: 0 });
  const token = await sign(makeClaims(), es256);
  assert.equal((await as(token)).userId, USER);
  const next = await makeKey("es-2");
  keys.publish(next);
  assert.equal((await as(token)).userId, USER);
  assert.equal((await asUser({}, next)).userId, USER);
  await assertRefused(as(token));
});

Deno.test("a token that is verified while the key set is read again is not remembered", async () => {
  await using keys = serve(es256);
  const { as, asUser } = makeVerifier({ keys, cooldownMs: 0 });
  await asUser({ nth: -1 });
  const token = await sign(makeClaims(), es256);
  const { verify } = crypto.subtle;
  const gate = Promise.withResolvers<void>();
  let calls = 0;
  crypto.subtle.verify = async (...args: unknown[]) => {
    calls++;
    await gate.promise;
    return await Reflect.apply(verify, crypto.subtle, args);
  };
  const underWay = as(token);
  const next = await makeKey("es-2");
  keys.publish(next);
  const other = asUser({}, next);
  // The new key has been found, so the set was read again.
  while (calls < 2) await new Promise((resolve) => setTimeout(resolve));
  crypto.subtle.verify = verify;
  gate.resolve();
  assert.deepEqual([(await underWay).userId, (await other).userId], [USER, USER]);
  await assertRefused(as(token));
});

Deno.test("a remembered token does not outlive the time for which a key set is kept", async () => {
  await using keys = serve(es256);
  const { as, asUser } = makeVerifier({ keys });
  // With this one the key set is read.
  await asUser({ nth: -1 });
  const token = await sign(makeClaims(), es256);
  assert.equal((await as(token)).userId, USER);
  keys.publish(await makeKey("es-2"));
  const { now } = Date;
  try {
    // jose has no other clock.
    Date.now = () => now() + 601_000;
    await assertRefused(as(token));
  } finally {
    Date.now = now;
  }
});

Deno.test("tokens are remembered up to a number of characters, the newest ones", async () => {
  await using keys = serve(es256);
  using signatures = countVerifications();
  const { as, asUser } = makeVerifier({ keys });
  await asUser();
  const long = "x".repeat(11_000);
  const count = Math.ceil(MAX_REMEMBERED_CHARACTERS / 15_000) + 1;
  const tokens = await Promise.all(Array.from({ length: count }, (_, nth) => sign(makeClaims({ nth, long }), es256)));
  for (const token of tokens) await as(token);
  assert.equal(signatures.count, count + 1);
  signatures.count = 0;
  await as(tokens.at(-1)!);
  assert.equal(signatures.count, 0);
  await as(tokens[0]);
  assert.equal(signatures.count, 1);
});
