/** Plays Supabase Auth's signing keys: a key set on loopback, and tokens that it would sign. */

import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** A signing key with its public half, as a key set shows it. */
export interface SigningKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

/** A key set that tests change while it is served. */
export interface KeyServer extends AsyncDisposable {
  url: string;
  /** How often it was asked. */
  requests: number;
  /** What it answers next. */
  answer: () => Response | Promise<Response>;
  /** Answers with these keys from now on. */
  publish(...keys: SigningKey[]): void;
}

/** Makes a key pair of its own. */
export async function makeKey(kid: string, alg: "ES256" | "RS256" = "ES256"): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const publicJwk = { ...await exportJWK(publicKey), kid, alg, use: "sig" };
  return { kid, alg, privateKey, publicJwk };
}

/** Serves an empty key set on a free port of loopback. */
export function serveKeys(): KeyServer {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => {
      keyServer.requests++;
      return keyServer.answer();
    },
  );
  const keyServer: KeyServer = {
    url: `http://127.0.0.1:${server.addr.port}/jwks.json`,
    requests: 0,
    answer: () => Response.json({ keys: [] }),
    publish(...keys) {
      const set = { keys: keys.map((key) => key.publicJwk) };
      keyServer.answer = () => Response.json(set);
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return keyServer;
}

/** Signs claims as they are; without a `kid`, unless the key has one. */
export function sign(
  claims: JWTPayload,
  key: { privateKey: CryptoKey | Uint8Array; alg: string; kid?: string },
): Promise<string> {
  const header = key.kid === undefined ? { alg: key.alg, typ: "JWT" } : { alg: key.alg, typ: "JWT", kid: key.kid };
  return new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
}
