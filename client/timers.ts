/** Time, as an argument: tests drive it. */

/** Calls back once after `ms`; the returned function takes the timer down. */
export type After = (ms: number, callback: () => void) => () => void;

/** The runtime's timers. */
export const after: After = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};
