/** Counts refusals for tests. */

import type { Refusals } from "../http/refusals.ts";
import type { ErrorCode } from "../protocol/errors.ts";

/** Keeps every code, in the order of coming. */
export function makeRefusals(): Refusals & { codes: ErrorCode[] } {
  const codes: ErrorCode[] = [];
  return { codes, count: (code) => void codes.push(code) };
}
