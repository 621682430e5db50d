/** Ends starts that may have been admitted although the database's answer got lost. */

import type { Database } from "../database/database.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { toRelayError } from "../protocol/errors.ts";
import { ABANDON_GIVE_UP_MS, MAX_LOST_STARTS } from "../protocol/limits.ts";
import { endingOf, EndReason } from "./ending.ts";
import { Transcript } from "./transcript.ts";

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;

const NOTHING_SENT = { units: 0, toOthers: 0 };

interface LostStart {
  streamId: string;
  fence: string;
  until: number;
  dueAt: number;
  pauseMs: number;
}

/**
 * Gives what takes each lost start of a worker. A client that repeats its start with the same stream_id then finds an end, not a generation that no worker runs. The
 * lost call may still be running in the database, so a start that is not found is looked for until `ABANDON_GIVE_UP_MS`
 * have passed; one that is admitted later ends with its lease. There is one call at a time for all starts: while the
 * database is away, one of them asks it, with growing pauses.
 */
export function createLostStarts(
  { clock, keepAlive }: Platform,
  database: Pick<Database, "finish">,
): (streamId: string, fence: string) => void {
  const lost = new Set<LostStart>();
  /** How long the next pause is if the database is away; null: it answered last time. */
  let awayMs: number | null = null;
  let working = false;
  let wake = new AbortController();

  /** False: the database is away. */
  async function end(start: LostStart): Promise<boolean> {
    const hasEnded = await finish(database, start);
    if (hasEnded === null) return false;
    start.dueAt = clock.now() + start.pauseMs;
    start.pauseMs *= 2;
    if (hasEnded || start.dueAt >= start.until) lost.delete(start);
    awayMs = null;
    return true;
  }

  /** Gives the pause until the next attempt. */
  async function endDue(): Promise<number> {
    for (const start of lost) {
      if (clock.now() >= start.until) lost.delete(start);
      else if (start.dueAt <= clock.now() && !await end(start)) {
        const ms = awayMs ?? FIRST_PAUSE_MS;
        awayMs = Math.min(ms * 2, MAX_PAUSE_MS);
        return ms;
      }
    }
    return Math.max(Math.min(...[...lost].map(({ dueAt }) => dueAt)) - clock.now(), 1);
  }

  async function work() {
    try {
      while (lost.size > 0) {
        wake = new AbortController();
        const ms = await endDue();
        if (lost.size > 0) await pause(clock, ms, wake.signal);
      }
    } finally {
      working = false;
      awayMs = null;
    }
  }

  return (streamId, fence) => {
    if (lost.size >= MAX_LOST_STARTS) return;
    const now = clock.now();
    lost.add({ streamId, fence, until: now + ABANDON_GIVE_UP_MS, dueAt: now, pauseMs: FIRST_PAUSE_MS });
    // While the database is away, this start waits with the others.
    if (awayMs === null) wake.abort("another start was lost");
    if (!working) keepAlive.run("lost_starts", work);
    working = true;
  };
}

/** Whether it was there and has ended; null: the database is away. */
async function finish(database: Pick<Database, "finish">, { streamId, fence }: LostStart): Promise<boolean | null> {
  try {
    const ending = endingOf(new EndReason("lost"));
    return await database.finish(streamId, fence, ending, new Transcript(), NOTHING_SENT) !== null;
  } catch (cause) {
    // A start that the database refuses for its contents must not hold up the others.
    return toRelayError(cause).code === "unavailable" ? null : false;
  }
}
