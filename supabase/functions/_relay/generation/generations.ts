/** The running generations of a worker: starts them, attaches readers, ends them. */

import type { Database } from "../database/database.ts";
import type { Ending, StoredEnding } from "../database/finish.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { Usage } from "../protocol/events.ts";
import type { RelayError } from "../protocol/errors.ts";
import { DONE_WAITS_FOR_STORAGE_MS } from "../protocol/limits.ts";
import type { Seat } from "./client_stream.ts";
import { endingOf, EndReason, lastEvent, notStored } from "./ending.ts";
import {
  type AdmittedRequest,
  createGeneration,
  type Generation,
  logFields,
  type StartedRequest,
} from "./generation.ts";
import { createLeaseRenewal } from "./lease_renewal.ts";
import { createLostStarts } from "./lost_starts.ts";
import { createMemories } from "./memory.ts";
import { type Callers, runGeneration, type RunResult } from "./run.ts";
import { storeEnding } from "./store.ts";

/** What handlers can do with the generations of this worker. */
export interface Generations {
  /**
   * Starts a generation and returns its client's event stream. The generation goes on after the client has left if the
   * request says so. From here on the generation and its reader give back what they hold. `baseUrl` is the bot's; null:
   * not checked yet.
   */
  start(admitted: StartedRequest, baseUrl: URL | null): ReadableStream<Uint8Array>;
  /** Another stream of the user's generation, from an offset on; null: it does not run here. */
  attach(userId: string, streamId: string, from: number | null, seat: Seat): ReadableStream<Uint8Array> | null;
  /** Ends an admitted generation whose provider will not be called. */
  refuse(admitted: AdmittedRequest, error: RelayError): void;
  /** Ends, in the background, a generation that may have been admitted although the answer got lost. */
  abandon(streamId: string, fence: string): void;
}

export function createGenerations(platform: Platform, database: Database, callers: Callers): Generations {
  const { clock, keepAlive, log, shutdown } = platform;
  const renewLease = createLeaseRenewal(platform, database);
  const abandon = createLostStarts(platform, database);
  const write = createMemories(platform, database, runInBackground, abandon);
  const running = new Map<string, Generation>();

  async function run(generation: Generation, baseUrl: URL | null) {
    const leaveShutdown = shutdown.onShutdown(() => generation.stop(new EndReason("shutdown")));
    const leaveLeases = renewLease(generation);
    let stored: StoredEnding | null = null;
    try {
      const result = await runGeneration(platform, callers, generation, baseUrl);
      stored = await end(platform, database, running, generation, result);
    } finally {
      running.delete(generation.streamId);
      leaveShutdown();
      leaveLeases();
      generation.readers.close();
      // A reader that catches up needs the text, and may take as long as it likes.
      generation.readers.afterLast(() => generation.memory.end());
    }
    const { streamId, userId, requestId, admission } = generation;
    const answered = { streamId, userId, requestId, admission };
    if (stored?.memory_due !== undefined) write("memory", answered, baseUrl, stored.memory_due);
    if (stored?.title_due !== undefined) write("title", answered, baseUrl, stored.title_due);
  }

  /** It has no readers, and none can find it. */
  async function runInBackground(admitted: AdmittedRequest, baseUrl: URL | null) {
    log("info", "generation_started", { ...logFields(admitted), latency_ms: clock.now() - admitted.startedAt });
    await run(createGeneration(platform, admitted), baseUrl);
  }

  return {
    start(admitted, baseUrl) {
      const generation = createGeneration(platform, admitted);
      const body = generation.readers.attach(null, admitted.seat);
      running.set(generation.streamId, generation);
      log("info", "generation_started", { ...logFields(admitted), latency_ms: clock.now() - admitted.startedAt });
      keepAlive.run("generation", () => run(generation, baseUrl));
      return body;
    },
    attach(userId, streamId, from, seat) {
      const found = running.get(streamId);
      return found?.userId === userId ? found.readers.attach(from, seat) : null;
    },
    refuse(admitted, error) {
      const ending = endingOf(new EndReason("failed", error));
      const generation = createGeneration(platform, admitted);
      keepAlive.run("refusal", async () => {
        const stored = await storeEnding(platform, database, generation, ending).catch(() => null);
        const { bot_id, model } = generation.admission;
        report(platform, generation, { ending, error, answerer: { bot_id, model }, tries: 0 }, stored);
      });
    },
    abandon,
  };
}

/** Whatever ended the generation, its ending is stored first, then the last event leaves. */
async function end(
  platform: Platform,
  database: Database,
  running: Map<string, Generation>,
  generation: Generation,
  result: RunResult,
) {
  const { streamId, readers } = generation;
  // A cancel may cut the text, and only the database knows where: new readers are served from there.
  if (result.ending.status === "cancelled") running.delete(streamId);
  const storing = storeEnding(platform, database, generation, result.ending);
  const stored = await withinTime(platform, storing).catch(() => null);
  // From here on, new readers are served from the database.
  running.delete(streamId);
  const last = stored ?? notStored(result.ending, result.answerer);
  readers.close(lastEvent(streamId, last, usageOf(result.ending, stored), result.error));
  const ended = await storing.catch(() => null);
  report(platform, generation, result, ended);
  return ended;
}

/** The reported usage, and its cost if that is known. */
function usageOf({ usage }: Ending, stored: StoredEnding | null): Usage | null {
  return usage === null || stored?.cost === undefined ? usage : { ...usage, cost: stored.cost };
}

/** Null after some time: readers then get what is known, while the worker goes on trying to store. */
async function withinTime({ clock }: Platform, storing: Promise<StoredEnding | null>): Promise<StoredEnding | null> {
  const waiting = new AbortController();
  try {
    return await Promise.race([storing, pause(clock, DONE_WAITS_FOR_STORAGE_MS, waiting.signal).then(() => null)]);
  } finally {
    waiting.abort("stored");
  }
}

function report(
  { clock, log }: Platform,
  generation: AdmittedRequest,
  { ending, error, answerer, tries }: RunResult,
  stored: StoredEnding | null,
) {
  const { status, finish_reason, error_code } = stored ?? notStored(ending, answerer);
  log(error_code === "internal" ? "error" : "info", "generation_finished", {
    ...logFields(generation),
    bot_id: answerer.bot_id,
    model: answerer.model ?? undefined,
    tries: tries > 1 ? tries : undefined,
    latency_ms: clock.now() - generation.startedAt,
    first_token_ms: ending.firstTokenMs,
    ...usageOf(ending, stored),
    outcome: status,
    finish_reason,
    code: error_code ?? undefined,
    cause: status === "failed" ? error ?? undefined : undefined,
  });
}
