/** Beats for all generations of a worker: one database call a beat takes their text and brings back what was cancelled. */

import type { Database } from "../database/database.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_PIECE_UNITS } from "../protocol/limits.ts";
import { interruption, Stop } from "./stop.ts";
import type { Transcript } from "./transcript.ts";

/** A generation as the beat sees it. */
export interface Beaten {
  streamId: string;
  fence: string;
  transcript: Transcript;
  stop(stop: Stop): void;
}

/** The beat of one worker. */
export interface Heartbeat {
  /** The returned function takes the generation out; without any there is no beat. */
  add(generation: Beaten): () => void;
}

/**
 * Beats are timed from start to start, so that a slow database does not stretch the time to a cancel, and never overlap.
 * A beat that fails is no reason to stop anything: the text goes on, and the finish is what counts.
 */
export function createHeartbeat(
  { clock, configuration, log, workerId }: Platform,
  database: Database,
): Heartbeat {
  const running = new Map<string, Beaten>();
  let clear: (() => void) | null = null;
  let beating = false;
  let failing = false;

  function schedule(ms: number) {
    if (clear !== null || beating || running.size === 0) return;
    clear = clock.after(ms, () => {
      clear = null;
      void beat();
    });
  }

  async function beat() {
    beating = true;
    const startedAt = clock.now();
    try {
      const answer = await database.beat(
        [...running.values()].map(({ streamId, fence, transcript }) => ({
          streamId,
          fence,
          piece: transcript.unstored(MAX_PIECE_UNITS),
        })),
      );
      for (const [id, units] of Object.entries(answer.stored)) {
        running.get(id)?.transcript.stored(units);
      }
      for (const id of answer.cancelled) {
        running.get(id)?.stop(new Stop("cancelled"));
      }
      for (const id of answer.lost) running.get(id)?.stop(interruption("lost"));
      if (failing) log("info", "beats_recovered", { worker_id: workerId });
      failing = false;
    } catch (cause) {
      // One line for an outage, not one for each of its seconds.
      if (!failing) {
        log("warn", "beats_failing", {
          worker_id: workerId,
          generations: running.size,
          cause,
        });
      }
      failing = true;
    } finally {
      beating = false;
      schedule(Math.max(startedAt + configuration.beatMs - clock.now(), 0));
    }
  }

  return {
    add(generation) {
      running.set(generation.streamId, generation);
      schedule(configuration.beatMs);
      return () => {
        running.delete(generation.streamId);
        if (running.size > 0) return;
        clear?.();
        clear = null;
        failing = false;
      };
    },
  };
}
