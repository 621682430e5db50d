/** Renews the leases of a worker's generations: each beat also stores their new text and learns of cancels. */

import type { Database } from "../database/database.ts";
import { createInterval } from "../platform/interval.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_CHUNK_UNITS } from "../protocol/limits.ts";
import { EndReason } from "./ending.ts";
import type { Generation } from "./generation.ts";

/** What a beat needs of a generation. */
export type LeasedGeneration = Pick<Generation, "streamId" | "fence" | "transcript" | "stop">;

/** The lease renewal of one worker. */
export interface LeaseRenewal {
  /** The returned function takes the generation out; without generations there is no beat. */
  add(generation: LeasedGeneration): () => void;
}

/** A beat that fails is no reason to stop anything: the text goes on, and relay_finish decides. */
export function createLeaseRenewal(
  { clock, configuration, log, workerId }: Platform,
  database: Pick<Database, "beat">,
): LeaseRenewal {
  const running = new Map<string, LeasedGeneration>();

  async function beat() {
    const { stored, cancelled, lost } = await database.beat(
      [...running.values()].map(({ streamId, fence, transcript }) => ({
        streamId,
        fence,
        chunk: transcript.unstored(MAX_CHUNK_UNITS),
      })),
    );
    for (const [id, units] of Object.entries(stored)) running.get(id)?.transcript.markStored(units);
    for (const id of cancelled) running.get(id)?.stop(new EndReason("cancelled"));
    for (const id of lost) running.get(id)?.stop(new EndReason("lost"));
  }

  const beats = createInterval(clock, configuration.beatMs, beat, {
    began: (cause) => log("warn", "beats_failing", { worker_id: workerId, generations: running.size, cause }),
    ended: () => log("info", "beats_recovered", { worker_id: workerId }),
  });

  return {
    add(generation) {
      running.set(generation.streamId, generation);
      beats.start();
      return () => {
        running.delete(generation.streamId);
        if (running.size === 0) beats.stop();
      };
    },
  };
}
