/** Runs the generations of a worker: from the provider to the client and, at the end, to the database. */

import type { Database } from "../database/database.ts";
import type { Ending, Outcome } from "../database/finish.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError, toRelayError } from "../protocol/errors.ts";
import {
  DONE_WAITS_FOR_STORAGE_MS,
  MAX_MESSAGE_UNITS,
} from "../protocol/limits.ts";
import type { Delta, Provider } from "../provider/provider.ts";
import { type ClientWriter, createClientWriter } from "./client_writer.ts";
import { startDeadlines } from "./deadlines.ts";
import { frames } from "./frames.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { type Job, logFields, providerCall } from "./job.ts";
import { endingOf, interruption, Stop } from "./stop.ts";
import { storeEnding } from "./store.ts";
import { terminalFrame } from "./terminal.ts";

/** The running generations of one worker. */
export interface Generations {
  /** The client's event stream; the generation goes on behind it, also without the client. */
  start(job: Job): ReadableStream<Uint8Array>;
  /** Ends an admitted generation whose provider will not be called. */
  refuse(job: Omit<Job, "baseUrl">, error: RelayError): void;
}

/** How a run ended, before anybody stored it. */
interface Run {
  ending: Ending;
  error: RelayError | null;
}

/**
 * One generation has one AbortController, and whatever stops it goes through that: the first reason wins, and it alone
 * decides the ending. Then, in this order and whatever happened before: the ending is stored, the last event leaves.
 */
export function createGenerations(
  platform: Platform,
  database: Database,
  provider: Provider,
): Generations {
  const { clock, configuration, keepAlive, log, shutdown } = platform;
  const heartbeat = createHeartbeat(platform, database);

  async function generate(
    job: Job,
    controller: AbortController,
    writer: ClientWriter,
  ): Promise<Run> {
    let content = "";
    let firstTokenMs: number | null = null;
    const deadlines = startDeadlines(
      clock,
      configuration,
      job.startedAt,
      (stop) => controller.abort(stop),
    );

    function onDeltas(deltas: Delta[]) {
      deadlines.touch();
      firstTokenMs ??= clock.now() - job.startedAt;
      let frame = "";
      for (const { kind, text } of deltas) {
        if (kind === "reasoning") {
          frame += frames.reasoning(text);
        } else if (content.length + text.length > MAX_MESSAGE_UNITS) {
          writer.write(frame);
          throw new RelayError(
            "provider_bad_response",
            `The provider sent a text of more than ${MAX_MESSAGE_UNITS} UTF-16 units, the limit`,
          );
        } else {
          content += text;
          frame += frames.token(text, content.length);
        }
      }
      writer.write(frame);
    }

    try {
      const { finishReason, usage } = await provider.stream(
        providerCall(job),
        controller.signal,
        onDeltas,
      );
      const ending = {
        status: "completed",
        finishReason,
        errorCode: null,
        content,
        usage,
        firstTokenMs,
      } as const;
      return { ending, error: null };
    } catch (reason) {
      const stop = reason instanceof Stop
        ? reason
        : new Stop("failed", toRelayError(reason));
      return {
        ending: { ...endingOf(stop), content, usage: null, firstTokenMs },
        error: stop.error,
      };
    } finally {
      deadlines.end();
    }
  }

  /** Not for ever: the reader is told what is known, and the storing goes on. */
  async function storedSoon(
    storing: Promise<Outcome | null>,
  ): Promise<Outcome | null> {
    const waiting = new AbortController();
    try {
      return await Promise.race([
        storing,
        pause(clock, DONE_WAITS_FOR_STORAGE_MS, waiting.signal).then(() =>
          null
        ),
      ]);
    } finally {
      waiting.abort("stored");
    }
  }

  function report(
    job: Omit<Job, "baseUrl">,
    { ending, error }: Run,
    outcome: Outcome | null,
  ) {
    const status = outcome?.status ?? ending.status;
    log(
      status === "failed" && ending.errorCode === "internal" ? "error" : "info",
      "generation_finished",
      {
        ...logFields(job),
        latency_ms: clock.now() - job.startedAt,
        first_token_ms: ending.firstTokenMs,
        ...ending.usage,
        outcome: status,
        finish_reason: outcome?.finish_reason ?? ending.finishReason,
        code: outcome?.error_code ?? undefined,
        cause: status === "failed" ? error ?? undefined : undefined,
      },
    );
  }

  async function run(
    job: Job,
    controller: AbortController,
    writer: ClientWriter,
  ): Promise<void> {
    const stop = (reason: Stop) => controller.abort(reason);
    const leaveShutdown = shutdown.onShutdown(() =>
      stop(interruption("shutdown"))
    );
    const leaveHeartbeat = heartbeat.add({
      streamId: job.streamId,
      fence: job.admission.fence,
      stop,
    });
    try {
      const result = await generate(job, controller, writer);
      const storing = storeEnding(platform, database, job, result.ending);
      const outcome = await storedSoon(storing).catch(() => null);
      writer.write(
        terminalFrame(job.streamId, result.ending, outcome, result.error),
      );
      writer.close();
      report(job, result, await storing);
    } finally {
      leaveShutdown();
      leaveHeartbeat();
      writer.close();
    }
  }

  return {
    start(job) {
      const controller = new AbortController();
      const writer = createClientWriter(clock, configuration.pingMs, (loss) => {
        if (loss === "gone" && job.request.on_disconnect === "stop") {
          controller.abort(new Stop("disconnected"));
        }
      });
      const { conversation_id, bot_id, model, user_message_id, parent_id } =
        job.admission;
      writer.write(frames.start({
        stream_id: job.streamId,
        conversation_id,
        bot_id,
        model,
        user_message_id,
        parent_id,
      }));
      log("info", "generation_started", {
        ...logFields(job),
        latency_ms: clock.now() - job.startedAt,
      });
      keepAlive.run("generation", () => run(job, controller, writer));
      return writer.body;
    },
    refuse(job, error) {
      const ending: Ending = {
        ...endingOf(new Stop("failed", error)),
        content: "",
        usage: null,
        firstTokenMs: null,
      };
      keepAlive.run("refusal", async () => {
        report(
          job,
          { ending, error },
          await storeEnding(platform, database, job, ending),
        );
      });
    },
  };
}
