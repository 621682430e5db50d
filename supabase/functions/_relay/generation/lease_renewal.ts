/** Renews the leases of a worker's generations: each beat also stores their new text and learns of cancels. */

import type { BeatEntry, Database } from "../database/database.ts";
import { inLanes, isolate, piecesOf } from "../database/isolate.ts";
import { createInterval } from "../platform/interval.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_BEAT_GENERATIONS, MAX_CHUNK_UNITS } from "../protocol/limits.ts";
import { EndReason } from "./ending.ts";
import type { Generation } from "./generation.ts";

/** What a beat needs of a generation. */
export type LeasedGeneration = Pick<Generation, "streamId" | "fence" | "transcript" | "stop">;

/** The lease renewal of one worker. */
export interface LeaseRenewal {
  /** The returned function takes the generation out; without generations there is no beat. */
  add(generation: LeasedGeneration): () => void;
}

/** Units of one generation that go with the leases. More of them go in calls of their own. */
const SHORT_UNITS = MAX_CHUNK_UNITS / 4;

/** Calls at once for texts that go alone. */
const LANES = 2;

/**
 * A beat that fails is no reason to stop anything: the text goes on, and relay_finish decides. No lease waits for a long
 * text, nor for one that the database has refused: those go alone.
 */
export function createLeaseRenewal(
  { clock, configuration, log, workerId }: Platform,
  database: Pick<Database, "beat">,
): LeaseRenewal {
  const running = new Map<string, LeasedGeneration>();
  /** A call with their text was refused: it goes alone until it is taken. */
  const refused = new Set<LeasedGeneration>();
  /** Whose text is on its way alone. */
  const sending = new Set<LeasedGeneration>();
  const queue = createTextQueue(sendAlone);
  let failure: unknown = null;

  const goesAlone = (one: LeasedGeneration) => refused.has(one) || sending.has(one) || waitingUnits(one) > SHORT_UNITS;
  const sizeOf = (one: LeasedGeneration) => goesAlone(one) ? 0 : waitingUnits(one);

  async function send(generations: LeasedGeneration[], limitOf: (one: LeasedGeneration) => number) {
    const entries = generations.map((one) => entryOf(one, limitOf(one)));
    const { stored, cancelled, lost } = await database.beat(entries);
    for (const [id, units] of stored) running.get(id)?.transcript.markStored(units);
    for (const id of cancelled) running.get(id)?.stop(new EndReason("cancelled"));
    for (const id of lost) running.get(id)?.stop(new EndReason("lost"));
  }

  /** The leases, with the texts that are short. */
  const sendTogether = (piece: LeasedGeneration[]) => isolate(piece, (some) => send(some, sizeOf), refuse);

  function refuse(generation: LeasedGeneration, cause: unknown) {
    const { streamId } = generation;
    if (!running.has(streamId)) return;
    if (!refused.has(generation)) log("error", "text_refused", { worker_id: workerId, stream_id: streamId, cause });
    refused.add(generation);
  }

  /** Says with the next beat that the database was away. */
  async function sendAlone(generation: LeasedGeneration) {
    sending.add(generation);
    const isRunning = () => running.get(generation.streamId) === generation;
    const sendChunk = async () => {
      await send([generation], () => MAX_CHUNK_UNITS);
      refused.delete(generation);
    };
    try {
      await repeatWhileLong(generation, isRunning, () => isolate([generation], sendChunk, refuse));
    } catch (cause) {
      failure = cause;
    } finally {
      sending.delete(generation);
    }
  }

  async function beat() {
    const earlier = failure;
    failure = null;
    // The shortest first: no lease waits for a text that could have come after it.
    const all = [...running.values()].sort((a, b) => sizeOf(a) - sizeOf(b));
    try {
      await inLanes(piecesOf(all, MAX_BEAT_GENERATIONS, MAX_CHUNK_UNITS, sizeOf), sendTogether);
    } finally {
      queue.add([...running.values()].filter((one) => goesAlone(one) && !sending.has(one) && waitingUnits(one) > 0));
    }
    if (earlier !== null) throw earlier;
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
        refused.delete(generation);
        queue.delete(generation);
        if (running.size === 0) beats.stop();
      };
    },
  };
}

/** What the database is not known to have. */
function waitingUnits({ transcript }: LeasedGeneration): number {
  return transcript.length - transcript.storedUnits;
}

function entryOf({ streamId, fence, transcript }: LeasedGeneration, limit: number): BeatEntry {
  return { streamId, fence, chunk: transcript.unstored(limit) };
}

/** One call after the other, as long as the text is long and gets on. */
async function repeatWhileLong(one: LeasedGeneration, isRunning: () => boolean, send: () => Promise<void>) {
  for (let before = -1; before < one.transcript.storedUnits && isRunning();) {
    before = one.transcript.storedUnits;
    await send();
    if (waitingUnits(one) <= SHORT_UNITS) return;
  }
}

/** The texts that wait to go alone. `send` never rejects. */
function createTextQueue(send: (generation: LeasedGeneration) => Promise<void>) {
  const waiting = new Set<LeasedGeneration>();
  let lanes = 0;

  async function runLane() {
    lanes++;
    for (const next of waiting) {
      waiting.delete(next);
      await send(next);
    }
    lanes--;
  }

  return {
    add(generations: LeasedGeneration[]) {
      for (const one of generations) waiting.add(one);
      while (lanes < LANES && waiting.size > 0) void runLane();
    },
    delete: (generation: LeasedGeneration) => waiting.delete(generation),
  };
}
