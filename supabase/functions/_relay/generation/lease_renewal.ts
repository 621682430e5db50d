/** Renews the leases of a worker's generations: each beat also stores their new text and learns of cancels. */

import type { BeatEntry, Database } from "../database/database.ts";
import { batchesOf, inLanes, isolate, LANES } from "../database/isolate.ts";
import { createInterval } from "../platform/interval.ts";
import type { Platform } from "../platform/platform.ts";
import { MAX_BEAT_GENERATIONS, MAX_CHUNK_UNITS } from "../protocol/limits.ts";
import { EndReason } from "./ending.ts";
import type { Generation } from "./generation.ts";

/** What a beat needs of a generation. */
export type LeasedGeneration = Pick<Generation, "streamId" | "fence" | "transcript" | "stop"> & {
  readers: Pick<Generation["readers"], "sent">;
};

/** A text of at most so many units is sent with the leases; a longer one in calls of its own. */
const SHORT_UNITS = MAX_CHUNK_UNITS / 4;

/**
 * Gives what adds a generation, which in turn gives what removes it; without generations there is no beat.
 *
 * A beat that fails stops nothing: the text goes on, and relay_finish decides. No lease waits for a long text, or for
 * one that the database has refused: these are sent in calls of their own.
 */
export function createLeaseRenewal(
  { clock, configuration, log, workerId }: Platform,
  database: Pick<Database, "beat">,
): (generation: LeasedGeneration) => () => void {
  const running = new Map<string, LeasedGeneration>();
  const isRunning = (one: LeasedGeneration) => running.get(one.streamId) === one;
  const alone = createTextsAlone(
    isRunning,
    (one) => send([one], () => MAX_CHUNK_UNITS),
    ({ streamId }, cause) => log("error", "text_refused", { worker_id: workerId, stream_id: streamId, cause }),
  );
  const sizeOf = (one: LeasedGeneration) => alone.has(one) ? 0 : waitingUnits(one);

  async function send(generations: LeasedGeneration[], limitOf: (one: LeasedGeneration) => number) {
    const entries = generations.map((one) => entryOf(one, limitOf(one)));
    const { stored, cancelled, lost } = await database.beat(entries);
    for (const [id, units] of stored) running.get(id)?.transcript.markStored(units);
    for (const id of cancelled) running.get(id)?.stop(new EndReason("cancelled"));
    for (const id of lost) running.get(id)?.stop(new EndReason("lost"));
  }

  /** The leases, with the texts that are short. */
  const sendTogether = (batch: LeasedGeneration[]) => isolate(batch, (some) => send(some, sizeOf), alone.refuse);

  async function beat() {
    const earlier = alone.takeFailure();
    // The shortest first: no lease waits for a text that could have come after it.
    const all = [...running.values()].sort((a, b) => sizeOf(a) - sizeOf(b));
    try {
      await inLanes(batchesOf(all, MAX_BEAT_GENERATIONS, MAX_CHUNK_UNITS, sizeOf), sendTogether);
    } finally {
      alone.send([...running.values()]);
    }
    if (earlier !== null) throw earlier;
  }

  const beats = createInterval(clock, configuration.beatMs, beat, {
    began: (cause) => log("warn", "beats_failing", { worker_id: workerId, generations: running.size, cause }),
    ended: () => log("info", "beats_recovered", { worker_id: workerId }),
  });

  return (generation) => {
    running.set(generation.streamId, generation);
    beats.start();
    return () => {
      running.delete(generation.streamId);
      alone.delete(generation);
      if (running.size === 0) beats.stop();
    };
  };
}

/** The long texts, and those whose call was refused, until the database has taken them. */
function createTextsAlone(
  isRunning: (one: LeasedGeneration) => boolean,
  sendChunk: (one: LeasedGeneration) => Promise<void>,
  onRefused: (one: LeasedGeneration, cause: unknown) => void,
) {
  const refused = new Set<LeasedGeneration>();
  /** The generations whose text is being sent. */
  const sending = new Set<LeasedGeneration>();
  const queue = createTextQueue(sendAll);
  let failure: unknown = null;

  const has = (one: LeasedGeneration) => refused.has(one) || sending.has(one) || waitingUnits(one) > SHORT_UNITS;

  function refuse(one: LeasedGeneration, cause: unknown) {
    if (!isRunning(one)) return;
    if (!refused.has(one)) onRefused(one, cause);
    refused.add(one);
  }

  async function sendAll(one: LeasedGeneration) {
    sending.add(one);
    const sendNext = async () => {
      await sendChunk(one);
      refused.delete(one);
    };
    try {
      await repeatWhileLong(one, () => isRunning(one), () => isolate([one], sendNext, refuse));
    } catch (cause) {
      failure = cause;
    } finally {
      sending.delete(one);
    }
  }

  return {
    has,
    refuse,
    send: (all: LeasedGeneration[]) =>
      queue.add(all.filter((one) => has(one) && !sending.has(one) && waitingUnits(one))),
    delete(one: LeasedGeneration) {
      refused.delete(one);
      queue.delete(one);
    },
    /** The database was away; the next beat reports it. */
    takeFailure() {
      const taken = failure;
      failure = null;
      return taken;
    },
  };
}

/** The text that the database may not have yet. */
function waitingUnits({ transcript }: LeasedGeneration): number {
  return transcript.length - transcript.storedUnits;
}

function entryOf({ streamId, fence, transcript, readers }: LeasedGeneration, limit: number): BeatEntry {
  return { streamId, fence, chunk: transcript.unstored(limit), sent: readers.sent() };
}

/** Makes one call after the other, for as long as the rest is long and each call is taken. */
async function repeatWhileLong(one: LeasedGeneration, isRunning: () => boolean, send: () => Promise<void>) {
  for (let before = -1; before < one.transcript.storedUnits && isRunning();) {
    before = one.transcript.storedUnits;
    await send();
    if (waitingUnits(one) <= SHORT_UNITS) return;
  }
}

/** The texts that wait for calls of their own. `send` never rejects. */
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
