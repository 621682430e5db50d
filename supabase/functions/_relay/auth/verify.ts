/** Verifies the access token of a Supabase user, and gives the caller. */

import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { bearerToken } from "./bearer.ts";

/** The user who calls. */
export interface Caller {
  userId: string;
  isAnonymous: boolean;
  role: string;
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
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * The algorithm in a token's header only chooses a branch, and each branch pins the algorithms that its kind of key is
 * for: a public key never serves as an HMAC secret, and without a configured secret there is no HS256 at all. A token
 * that an OAuth client holds (`client_id`) is accepted like the user's own, because the user agreed to it. A session
 * that was revoked is accepted until its token expires.
 */
export function createVerifier(
  platform: Platform,
  options: VerifierOptions = {},
): (request: Request) => Promise<Caller> {
  const { configuration, clock } = platform;
  const keySet = createKeySet(new URL(configuration.jwksUrl), options);
  const secret = configuration.jwtSecret === null ? null : new TextEncoder().encode(configuration.jwtSecret);

  function verify(token: string): Promise<JWTPayload> {
    const claims = {
      audience: AUDIENCE,
      requiredClaims: ["exp", "sub"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.now()),
    };
    const { alg } = decodeProtectedHeader(token);
    if (alg === "ES256" || alg === "RS256") {
      const issuer = configuration.jwtIssuer.asymmetric;
      return verifyWithAnyKey(token, keySet, { ...claims, algorithms: [alg], issuer });
    }
    if (alg === "HS256" && secret !== null) {
      const issuer = configuration.jwtIssuer.symmetric ?? undefined;
      return jwtVerify(token, secret, { ...claims, algorithms: [alg], issuer })
        .then(({ payload }) => payload);
    }
    throw new TypeError("The algorithm is not one that is accepted");
  }

  return async (request) => {
    const token = bearerToken(request);
    let payload: JWTPayload;
    try {
      payload = await verify(token);
    } catch (error) {
      throw refusal(error);
    }
    return callerOf(payload, configuration.allowAnonymous);
  };
}

/** A key set that cannot be read is a failure of its own; only a key that is not in it is the token's. */
function createKeySet(url: URL, options: VerifierOptions): JWTVerifyGetKey {
  const fetchKeySet = options.fetch ?? fetch;
  const keySet = createRemoteJWKSet(url, {
    timeoutDuration: KEY_SET_TIMEOUT_MS,
    cooldownDuration: options.cooldownMs,
    async [customFetch](url, init) {
      const response = await fetchKeySet(url, init);
      // jose leaves the body of an error unread, which would hold the connection.
      if (response.status !== 200) await response.body?.cancel();
      return response;
    },
  });
  return async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      throw new RelayError(
        "unavailable",
        "Cannot verify the token: the key set cannot be read",
        { cause, retryAfter: RETRY_AFTER_SECONDS },
      );
    }
  };
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

/** One code for all that is wrong with a token. Of the cause only its message is kept: deeper causes quote the token. */
function refusal(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const cause = error instanceof Error ? error.message : undefined;
  const state = error instanceof errors.JWTExpired ? "has expired" : "is not valid";
  return new RelayError("unauthenticated", `Cannot authenticate: the token ${state}`, { cause });
}

function callerOf(payload: JWTPayload, allowAnonymous: boolean): Caller {
  if (typeof payload.sub !== "string" || !UUID.test(payload.sub)) {
    throw refusal(new TypeError('"sub" is not a UUID'));
  }
  if (payload.role !== ROLE) {
    throw new RelayError("forbidden", `Cannot use the relay: the token does not have the role "${ROLE}"`);
  }
  const isAnonymous = Boolean(payload.is_anonymous);
  if (isAnonymous && !allowAnonymous) {
    throw new RelayError("forbidden", "Cannot use the relay: the user is anonymous, not signed in");
  }
  return { userId: payload.sub.toLowerCase(), isAnonymous, role: ROLE };
}
