/** Reads the bearer token out of a request's Authorization header. */

import { RelayError } from "../protocol/errors.ts";

/** Characters of an Authorization header: Supabase's own tokens stay far below. */
export const MAX_AUTHORIZATION_CHARACTERS = 16 * 1024;

/** Throws `unauthenticated` where there is no such token. */
export function bearerToken(header: string | null): string {
  if (header === null || header.trim() === "") {
    throw new RelayError("unauthenticated", "Cannot authenticate: the Authorization header is missing");
  }
  if (header.length > MAX_AUTHORIZATION_CHARACTERS) {
    throw new RelayError(
      "unauthenticated",
      `Cannot authenticate: the Authorization header has ${header.length} characters, the limit is ${MAX_AUTHORIZATION_CHARACTERS}`,
    );
  }
  const [scheme, token, ...more] = header.trim().split(/ +/);
  if (scheme.toLowerCase() === "bearer" && token && more.length === 0) {
    return token;
  }
  throw new RelayError(
    "unauthenticated",
    'Cannot authenticate: the Authorization header is not "Bearer" with one token',
  );
}
