/**
 * Looks from time to time whether another device has changed something. It looks soon after the user has come back or done
 * something, then less and less often; never while the page is hidden, offline or streaming an answer.
 */

/** The first wait, and the longest. */
const FIRST_MS = 4_000;
const LONGEST_MS = 60_000;
const GROWTH = 1.5;

/** An action of the user brings the next look forward only if the last one is this long ago. */
const RECENT_MS = 15_000;

/** What it needs; the clock and chance are arguments, so that tests have their own. */
export interface WatchTools {
  look(): Promise<unknown>;
  mayLook(): boolean;
  after(ms: number, callback: () => void): () => void;
  now(): number;
  random(): number;
}

/** A watch that runs. */
export interface Watch {
  /** The user has done something: the next look comes soon. */
  wake(): void;
}

/** Begins with the first wait. */
export function startWatch({ look, mayLook, after, now, random }: WatchTools): Watch {
  let wait = FIRST_MS;
  let lastLook = now();
  let isLooking = false;
  let stop = () => {};

  // A quarter more or less, so that the pages of many users do not ask at once.
  const schedule = () => stop = after(wait * (0.75 + random() / 2), () => void tick());

  async function tick() {
    wait = Math.min(wait * GROWTH, LONGEST_MS);
    if (mayLook()) {
      lastLook = now();
      isLooking = true;
      // The next look asks again.
      await look().catch(() => {});
      isLooking = false;
    }
    schedule();
  }

  schedule();
  return {
    wake() {
      if (isLooking || wait === FIRST_MS || now() - lastLook < RECENT_MS) return;
      stop();
      wait = FIRST_MS;
      schedule();
    },
  };
}
