/** The running generations of a worker: begins them, lets readers in, ends them. */

import type { Database } from "../database/database.ts";
import type { Ending, Outcome } from "../database/finish.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { RelayError } from "../protocol/errors.ts";
import { DONE_WAITS_FOR_STORAGE_MS } from "../protocol/limits.ts";
import type { Provider } from "../provider/provider.ts";
import { abandon } from "./abandon.ts";
import { createHeartbeat } from "./lease_renewal.ts";
import { type AdmittedJob, type Job, logFields } from "./job.ts";
import { createReaders, type Readers } from "./local_readers.ts";
import { type Run, runGeneration } from "./run.ts";
import { endingOf, interruption, Stop } from "./stop.ts";
import { storeEnding } from "./store.ts";
import { terminalFrame } from "./terminal.ts";
import { createTranscript, type Transcript } from "./transcript.ts";

/** What the handlers can do with generations on this worker. */
export interface Generations {
  /** The client's event stream; the generation goes on behind it, also without the client. */
  start(job: Job): ReadableStream<Uint8Array>;
  /** One more stream of the user's generation, from an offset on; null: it does not run here. */
  attach(userId: string, streamId: string, from: number | null, onOver: () => void): ReadableStream<Uint8Array> | null;
  /** Ends an admitted generation whose provider will not be called. */
  refuse(job: AdmittedJob, error: RelayError): void;
  /** Ends, in the background, what may have been admitted without this worker's hearing of it. */
  abandon(streamId: string, fence: string): void;
}

/**
 * One generation has one AbortController, and whatever stops it goes through that: the first reason wins, and it alone
 * decides the ending. Then, in this order and whatever happened before: the ending is stored, the last event leaves.
 */
export function createGenerations(platform: Platform, database: Database, provider: Provider): Generations {
  const { clock, configuration, keepAlive, log, shutdown } = platform;
  const heartbeat = createHeartbeat(platform, database);
  const running = new Map<string, { userId: string; readers: Readers }>();

  /** Not for ever: the reader is told what is known, and the storing goes on. */
  async function storedSoon(storing: Promise<Outcome | null>): Promise<Outcome | null> {
    const waiting = new AbortController();
    try {
      return await Promise.race([storing, pause(clock, DONE_WAITS_FOR_STORAGE_MS, waiting.signal).then(() => null)]);
    } finally {
      waiting.abort("stored");
    }
  }

  function report(job: AdmittedJob, { ending, error }: Run, outcome: Outcome) {
    const isInternal = outcome.error_code === "internal";
    log(isInternal ? "error" : "info", "generation_finished", {
      ...logFields(job),
      latency_ms: clock.now() - job.startedAt,
      first_token_ms: ending.firstTokenMs,
      ...ending.usage,
      outcome: outcome.status,
      finish_reason: outcome.finish_reason,
      code: outcome.error_code ?? undefined,
      cause: outcome.status === "failed" ? error ?? undefined : undefined,
    });
  }

  async function run(job: Job, controller: AbortController, transcript: Transcript, readers: Readers): Promise<void> {
    const { streamId, admission: { fence } } = job;
    const stop = (reason: Stop) => controller.abort(reason);
    const leaveShutdown = shutdown.onShutdown(() => stop(interruption("shutdown")));
    const leaveHeartbeat = heartbeat.add({ streamId, fence, transcript, stop });
    try {
      const result = await runGeneration(platform, provider, job, controller, transcript, readers);
      const storing = storeEnding(platform, database, job, result.ending, transcript);
      const outcome = await storedSoon(storing).catch(() => null);
      const { usage } = result.ending;
      // Whoever comes from here on is told by the database.
      running.delete(streamId);
      readers.write(terminalFrame(streamId, outcome ?? unstored(result.ending), usage, result.error));
      readers.close();
      report(job, result, await storing.catch(() => null) ?? unstored(result.ending));
    } finally {
      running.delete(streamId);
      leaveShutdown();
      leaveHeartbeat();
      readers.close();
    }
  }

  return {
    start(job) {
      const { streamId, userId, admission, request } = job;
      const { conversation_id, bot_id, model, user_message_id, parent_id } = admission;
      const controller = new AbortController();
      const transcript = createTranscript();
      const start = { stream_id: streamId, conversation_id, bot_id, model, user_message_id, parent_id };
      const readers = createReaders(
        clock,
        configuration.pingMs,
        start,
        transcript,
        () => {
          if (request.on_disconnect === "stop") {
            controller.abort(new Stop("disconnected"));
          }
        },
      );
      const body = readers.attach(null);
      running.set(streamId, { userId, readers });
      log("info", "generation_started", { ...logFields(job), latency_ms: clock.now() - job.startedAt });
      keepAlive.run("generation", () => run(job, controller, transcript, readers));
      return body;
    },
    attach(userId, streamId, from, onOver) {
      const found = running.get(streamId);
      return found?.userId === userId ? found.readers.attach(from, onOver) : null;
    },
    refuse(job, error) {
      const ending: Ending = {
        ...endingOf(new Stop("failed", error)),
        usage: null,
        firstTokenMs: null,
        overheadMs: null,
      };
      keepAlive.run("refusal", async () => {
        const outcome = await storeEnding(platform, database, job, ending, createTranscript()).catch(() => null);
        report(job, { ending, error }, outcome ?? unstored(ending));
      });
    },
    abandon(streamId, fence) {
      keepAlive.run("abandon", () => abandon(platform, database, streamId, fence));
    },
  };
}

/** The worker's own word, where the database has none. */
function unstored({ status, finishReason, errorCode }: Ending): Outcome {
  return {
    status,
    finish_reason: finishReason,
    error_code: errorCode,
    message_id: null,
    is_complete: status === "completed",
  };
}
