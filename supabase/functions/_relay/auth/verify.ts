/** Verifies the access token of a Supabase user, and gives the caller. */

import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import type { Clock } from "../platform/clock.ts";
import type { Configuration } from "../platform/configuration.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { KEY_SET_RETRY_MS } from "../protocol/limits.ts";
import { bearerToken } from "./bearer.ts";

/** The user who calls. */
export interface Caller {
  userId: string;
  isAnonymous: boolean;
  role: string;
  /** What the project's own code wrote about the user, as JSON: for the admission hook alone. */
  appMetadata: string;
}

/** What tests replace. */
export interface VerifierOptions {
  fetch?: typeof fetch;
  /** Least milliseconds between two fetches of the key set that tokens with unknown keys cause. */
  cooldownMs?: number;
}

const AUDIENCE = "authenticated";
const ROLE = "authenticated";
const CLOCK_TOLERANCE_SECONDS = 5;
const KEY_SET_TIMEOUT_MS = 5_000;
const RETRY_AFTER_SECONDS = 5;
const LOCAL_ISSUER = /^https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?\/auth\/v1$/;

/** Milliseconds between two warnings of one kind: a stranger's tokens must not fill the log. */
const WARNING_PAUSE_MS = 60_000;
const MAX_ISSUER_CHARACTERS = 200;

/** Characters of all tokens that a worker remembers, some thousand users'. */
export const MAX_REMEMBERED_CHARACTERS = 2_000_000;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * The algorithm in a token's header only chooses a branch, and each branch pins the algorithms that its kind of key is
 * for: a public key never serves as an HMAC secret, and without a configured secret there is no HS256 at all. A session
 * that was revoked is accepted until its token expires.
 */
export function createVerifier(
  platform: Platform,
  options: VerifierOptions = {},
): (request: Request) => Promise<Caller> {
  const { configuration, clock } = platform;
  const isOver = (exp: number) => clock.now() / 1000 >= exp + CLOCK_TOLERANCE_SECONDS;
  let remembered = createRemembered(isOver);
  // A token that another key set has verified is verified again.
  const forget = () => void (remembered = createRemembered(isOver));
  const keySet = createKeySet(new URL(configuration.jwksUrl), clock, options, forget);
  const secret = configuration.jwtSecret === null ? null : new TextEncoder().encode(configuration.jwtSecret);
  const warn = createWarning(platform);

  async function verify(token: string): Promise<JWTPayload> {
    const claims = {
      audience: AUDIENCE,
      requiredClaims: ["exp", "sub"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.now()),
    };
    const { alg } = decodeProtectedHeader(token);
    if (alg === "ES256" || alg === "RS256") {
      return await verifyWithAnyKey(token, keySet.find, { ...claims, algorithms: [alg] });
    }
    if (alg === "HS256" && secret !== null) {
      return (await jwtVerify(token, secret, { ...claims, algorithms: [alg] })).payload;
    }
    // The legacy API keys are HS256, too: a client that is not signed in sends one, and no secret makes that a user's.
    if (alg === "HS256" && decodeJwt(token).aud === AUDIENCE) {
      warn("RELAY_JWT_SECRET", "A user's token is signed with HS256, and RELAY_JWT_SECRET is not set");
    }
    throw new TypeError("The algorithm is not one that is accepted");
  }

  return async (request) => {
    const token = bearerToken(request);
    const known = remembered.find(token, keySet.isFresh());
    if (known !== undefined) return known;
    // The key set may be read anew while this token is verified with a key of the old one.
    const current = remembered;
    const { alg, payload } = await verifyIssued(token);
    const caller = callerOf(payload, configuration);
    current.add(token, caller, payload.exp!, alg !== "HS256");
    return caller;
  };

  async function verifyIssued(token: string) {
    try {
      const payload = await verify(token);
      const { alg } = decodeProtectedHeader(token);
      checkIssuer(configuration, payload.iss, alg, warn);
      return { alg, payload };
    } catch (error) {
      throw refusal(error);
    }
  }
}

/**
 * The callers of tokens that were verified: a signature is verified on another thread, which costs each request 0.3 to
 * 1 ms. The whole token is the key, and only accepted tokens come in. The oldest makes room.
 */
function createRemembered(isOver: (exp: number) => boolean) {
  const callers = new Map<string, { caller: Caller; exp: number; needsKeySet: boolean }>();
  let characters = 0;

  function forget(token: string) {
    if (callers.delete(token)) characters -= token.length;
  }

  return {
    /** A key set that is due to be read again vouches for nothing. */
    find(token: string, isFresh: boolean): Caller | undefined {
      const known = callers.get(token);
      if (known === undefined || known.needsKeySet && !isFresh) return undefined;
      if (!isOver(known.exp)) return known.caller;
      forget(token);
    },
    add(token: string, caller: Caller, exp: number, needsKeySet: boolean) {
      forget(token);
      callers.set(token, { caller, exp, needsKeySet });
      characters += token.length;
      for (const oldest of callers.keys()) {
        if (characters <= MAX_REMEMBERED_CHARACTERS) break;
        forget(oldest);
      }
    },
  };
}

/** Called after the signature was verified, so that only the project's own tokens can cause a warning. */
function checkIssuer(
  configuration: Configuration,
  found: unknown,
  alg: string | undefined,
  warn: ReturnType<typeof createWarning>,
) {
  if (isIssuer(configuration, found, alg)) return;
  const issuer = JSON.stringify(found ?? null).slice(0, MAX_ISSUER_CHARACTERS);
  warn("RELAY_JWT_ISSUER", `A token that the project signed has "iss" ${issuer}: set RELAY_JWT_ISSUER if it is right`);
  throw new TypeError('"iss" is not the issuer of the project');
}

/** Whether the project's Auth writes this `iss`; an HS256 token of an Auth that writes none may lack it. */
function isIssuer({ jwtIssuer, supabaseUrl, isLocalStack }: Configuration, issuer: unknown, alg?: string): boolean {
  if (jwtIssuer !== null) return issuer === jwtIssuer;
  if (issuer === undefined) return alg === "HS256";
  // The local stack's tokens name the address that browsers use.
  return issuer === `${supabaseUrl}/auth/v1` ||
    isLocalStack && typeof issuer === "string" && LOCAL_ISSUER.test(issuer);
}

/** Says in the log which variable may be wrong; the client does not learn it. */
function createWarning({ clock, log }: Platform): (variable: string, cause: string) => void {
  const warnedAt = new Map<string, number>();
  return (variable, cause) => {
    if (clock.now() - (warnedAt.get(variable) ?? -Infinity) < WARNING_PAUSE_MS) return;
    warnedAt.set(variable, clock.now());
    log("warn", "token_refused", { reason: variable, cause });
  };
}

/**
 * A key set that cannot be read is a failure of its own; only a key that is not in it is the token's. Anyone can make a
 * token whose key must be looked up, so after a failure it is not asked again for `KEY_SET_RETRY_MS`.
 */
function createKeySet(url: URL, clock: Clock, options: VerifierOptions, onRead: () => void) {
  const fetchKeySet = options.fetch ?? fetch;
  let failed = { until: -Infinity, cause: undefined as unknown };
  let reads = 0;
  const keySet = createRemoteJWKSet(url, {
    timeoutDuration: KEY_SET_TIMEOUT_MS,
    cooldownDuration: options.cooldownMs,
    async [customFetch](url, init) {
      if (clock.now() < failed.until) throw failed.cause;
      reads++;
      const response = await fetchKeySet(url, init);
      // jose leaves the body of an error unread, which would hold the connection.
      if (response.status !== 200) await response.body?.cancel();
      return response;
    },
  });
  const find: JWTVerifyGetKey = async (header, token) => {
    const before = reads;
    try {
      return await keySet(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      if (clock.now() >= failed.until) failed = { until: clock.now() + KEY_SET_RETRY_MS, cause };
      throw new RelayError(
        "unavailable",
        "Cannot verify the token: the key set cannot be read",
        { cause, retryAfter: RETRY_AFTER_SECONDS },
      );
    } finally {
      // Here, and not where the answer comes: until jose has taken that, tokens are verified with the old set.
      if (reads !== before) onRead();
    }
  };
  return { find, isFresh: () => keySet.fresh };
}

/** A token without `kid` may fit several keys of the set; the right one is known by its signature alone. */
async function verifyWithAnyKey(
  token: string,
  keySet: JWTVerifyGetKey,
  options: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keySet, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) {
          throw failure;
        }
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/**
 * One code for everything that is wrong with a token. Only the message of the cause is kept: deeper causes quote the
 * token.
 */
function refusal(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const cause = error instanceof Error ? error.message : undefined;
  const state = error instanceof errors.JWTExpired ? "has expired" : "is not valid";
  return new RelayError("unauthenticated", `Cannot authenticate: the token ${state}`, { cause });
}

/**
 * Supabase leaves it to policies what a session may do. But the relay reads and writes past the policies, so what
 * projects usually write into them about second factors and OAuth apps (`client_id`) is a setting here.
 */
function callerOf(payload: JWTPayload, { allowAnonymous, requireAal2, oauthClients }: Configuration): Caller {
  if (typeof payload.sub !== "string" || !UUID.test(payload.sub)) {
    throw refusal(new TypeError('"sub" is not a UUID'));
  }
  if (payload.role !== ROLE) throw forbidden(`the token does not have the role "${ROLE}"`);
  const isAnonymous = Boolean(payload.is_anonymous);
  if (isAnonymous && !allowAnonymous) throw forbidden("the user is anonymous, not signed in");
  const client = payload.client_id || null;
  if (client !== null && oauthClients !== "*" && !oauthClients?.includes(client as string)) {
    throw forbidden("the token is that of an OAuth app, which the relay does not accept");
  }
  if (requireAal2 && payload.aal !== "aal2") throw forbidden("the session has no second factor (aal2)");
  const appMetadata = JSON.stringify(payload.app_metadata ?? {});
  return { userId: payload.sub.toLowerCase(), isAnonymous, role: ROLE, appMetadata };
}

function forbidden(state: string): RelayError {
  return new RelayError("forbidden", `Cannot use the relay: ${state}`);
}
