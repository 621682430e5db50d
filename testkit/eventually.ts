/** Waits for what can be seen from outside, and not for ever. */

const PATIENCE_MS = 20_000;
const PAUSE_MS = 20;

/** Asks again and again until the answer is neither undefined nor false, and gives that answer; throws where it never comes. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`It never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
