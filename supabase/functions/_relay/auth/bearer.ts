/** Reads the bearer token out of a request, and compares it with one that the operator has set. */

import { RelayError } from "../protocol/errors.ts";

/** Characters of an Authorization header: Supabase's own tokens stay far below. */
export const MAX_AUTHORIZATION_CHARACTERS = 16 * 1024;

/** Throws `unauthenticated` where there is no such token. */
export function bearerToken(request: Request): string {
  const header = request.headers.get("authorization");
  if (header === null || header.trim() === "") throw refusal("the Authorization header is missing");
  if (header.length > MAX_AUTHORIZATION_CHARACTERS) {
    throw refusal(
      `the Authorization header has ${header.length} characters, the limit is ${MAX_AUTHORIZATION_CHARACTERS}`,
    );
  }
  const [scheme, token, ...more] = header.trim().split(/ +/);
  if (scheme.toLowerCase() === "bearer" && token && more.length === 0) return token;
  throw refusal('the Authorization header is not "Bearer" with one token');
}

/** Rejects with `unauthenticated` unless the request's bearer token is this one. */
export async function requireToken(request: Request, token: string): Promise<void> {
  const [left, right] = await Promise.all([digest(bearerToken(request)), digest(token)]);
  // Compares all bytes, so that the time does not reveal how much of the token was right.
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i] ^ right[i];
  if (difference !== 0) throw refusal("the token is not the one that was configured");
}

/** Has the same length for tokens of every length. */
async function digest(text: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function refusal(state: string): RelayError {
  return new RelayError("unauthenticated", `Cannot authenticate: ${state}`);
}
