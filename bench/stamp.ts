/** The text of a token: a mark that stands nowhere else in a stream, and the time at which it was sent. */

/** Counting tokens is counting this byte, whatever a relay's format is. */
export const MARK = "~".charCodeAt(0);

/** Five characters, as many as a model's token has: a stamp counts steps of 0.05 ms and wraps after 84 seconds. */
export const TOKEN_LENGTH = 5;
const STEP_MS = 0.05;
const WRAP = 36 ** (TOKEN_LENGTH - 1);

/** Milliseconds of a clock that processes of one machine share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** A token that is sent at this time. */
export function tokenOf(ms: number): string {
  return `~${(Math.floor(ms / STEP_MS) % WRAP).toString(36).padStart(TOKEN_LENGTH - 1, "0")}`;
}

/** How long ago the token after a mark was sent, below zero where clocks disagree; NaN where the bytes cut it. */
export function ageOf(bytes: Uint8Array, mark: number, ms: number): number {
  const digits = String.fromCharCode(...bytes.subarray(mark + 1, mark + TOKEN_LENGTH));
  if (!/^[0-9a-z]{4}$/.test(digits)) return NaN;
  const steps = (Math.floor(ms / STEP_MS) - parseInt(digits, 36)) % WRAP;
  return (steps > WRAP / 2 ? steps - WRAP : steps) * STEP_MS;
}
