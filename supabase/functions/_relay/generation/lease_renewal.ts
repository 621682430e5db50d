/** Beats for all generations of a worker: one database call a beat takes their text and brings back what was cancelled. */

import type { Database } from "../database/database.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_PIECE_UNITS } from "../protocol/limits.ts";
import { createRounds } from "../platform/interval.ts";
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
export function createHeartbeat({ clock, configuration, log, workerId }: Platform, database: Database): Heartbeat {
  const running = new Map<string, Beaten>();

  async function beat() {
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
  }

  const beats = createRounds(clock, configuration.beatMs, beat, {
    began(cause) {
      const generations = running.size;
      log("warn", "beats_failing", { worker_id: workerId, generations, cause });
    },
    ended: () => log("info", "beats_recovered", { worker_id: workerId }),
  });

  return {
    add(generation) {
      running.set(generation.streamId, generation);
      beats.wake();
      return () => {
        running.delete(generation.streamId);
        if (running.size === 0) beats.rest();
      };
    },
  };
}
