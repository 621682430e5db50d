/** What was measured, as it stands in `measured.json`: the model's only source of costs. */

import type { Ends, Load, Point } from "./point.ts";

/** One run of `deno task scale`. */
export interface Measured {
  /** When, with what command, on what. */
  about: string;
  /** Loads that the costs are taken from. */
  calibration: Point[];
  ends: Ends;
  /** Loads that the costs are not taken from: what the model says of them is compared with what they took. */
  checks: Point[];
}

const load = (streams: number, everyMs: number, beatMs = 1_000): Load => ({ streams, everyMs, beatMs });

/** About what a worker is given: a nearly idle one takes more CPU a token, because each wakes it. */
export const CALIBRATION: Load[] = [load(150, 20), load(500, 100), load(800, 100)];
// 1,000 streams at 20 ms would be 50,000 tokens a second: more than the core of one worker carries.
export const CHECKS: Load[] = [load(50, 20), load(200, 20), load(1_000, 100), load(200, 20, 2_000)];
export const STORIES = 400;
