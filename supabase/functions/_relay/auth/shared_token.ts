/** Checks the token that a caller and the operator share: who shows it is no user, and may see what users may not. */

import { RelayError } from "../protocol/errors.ts";
import { bearerToken } from "./bearer.ts";

/** Rejects with `unauthenticated` unless the request's bearer token is this one. */
export async function requireToken(request: Request, token: string): Promise<void> {
  const given = bearerToken(request.headers.get("authorization"));
  const [left, right] = await Promise.all([digest(given), digest(token)]);
  // Over all bytes, whatever they are: the time it takes tells nothing about how much of the token was right.
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i] ^ right[i];
  if (difference === 0) return;
  throw new RelayError("unauthenticated", "Cannot authenticate: the token is not the one that was configured");
}

/** Of one length for all tokens, which may have any. */
async function digest(text: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
