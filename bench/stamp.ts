/** The text of a token: a mark that stands nowhere else in a stream, and the time at which it was sent. */

/** Counting tokens is counting this byte, whatever the relay's format is. */
export const MARK = 0x7e;

/** Five characters, as many as a model's token has. */
export const TOKEN_LENGTH = 5;

/** A stamp counts steps of four microseconds and begins again after 67 seconds. */
const STEP_MS = 0.004;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const BASE = DIGITS.length;
const WRAP = BASE ** (TOKEN_LENGTH - 1);
/** What looks this much older than the wrap is a clock that is a little ahead. */
const AHEAD = 1_000 / STEP_MS;

const encoded = new TextEncoder().encode(DIGITS);
const decoded = new Uint8Array(256);
encoded.forEach((byte, digit) => decoded[byte] = digit);

/** Milliseconds of a clock that processes of one machine share, finer than a microsecond. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Writes a token that is sent at this time. */
export function writeToken(into: Uint8Array, at: number, ms: number): void {
  let steps = Math.floor(ms / STEP_MS) % WRAP;
  into[at] = MARK;
  for (let place = TOKEN_LENGTH - 1; place > 0; place--) {
    into[at + place] = encoded[steps % BASE];
    steps = Math.floor(steps / BASE);
  }
}

/** How long ago a stamp was written, in milliseconds; below zero where the clocks disagree by so much. */
export function age(stamp: number, ms: number): number {
  const steps = Math.floor(ms / STEP_MS) % WRAP;
  const passed = (steps - stamp + WRAP) % WRAP;
  return (passed > WRAP - AHEAD ? passed - WRAP : passed) * STEP_MS;
}

/** Finds tokens in bytes that may be cut anywhere. */
export interface Scanner {
  readonly count: number;
  push(bytes: Uint8Array): void;
}

/** Reads the stamps only where somebody wants them: the search for the mark alone runs at the speed of memory. */
export function createScanner(onStamp?: (stamp: number) => void): Scanner {
  let count = 0;
  let missing = 0;
  let stamp = 0;
  return {
    get count() {
      return count;
    },
    push(bytes) {
      for (let at = 0;;) {
        while (missing > 0 && at < bytes.length) {
          stamp = stamp * BASE + decoded[bytes[at++]];
          if (--missing === 0) onStamp!(stamp);
        }
        at = bytes.indexOf(MARK, at);
        if (at === -1) return;
        at++;
        count++;
        if (!onStamp) continue;
        stamp = 0;
        missing = TOKEN_LENGTH - 1;
      }
    },
  };
}
