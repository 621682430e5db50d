/** Reads JSON that a relay would have written. */

import { RelayClientError } from "./errors.ts";

/** Throws `unexpected_response` where it is none. */
export function parseJson<T>(text: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RelayClientError("unexpected_response", "Cannot use the answer: it is not JSON", { cause });
  }
}
