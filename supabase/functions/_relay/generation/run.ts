/** Runs one generation: from the provider's deltas to the readers and the transcript, until something ends it. */

import type { Ending } from "../database/finish.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError, toRelayError } from "../protocol/errors.ts";
import { MAX_MESSAGE_UNITS } from "../protocol/limits.ts";
import type { Delta, Provider } from "../provider/provider.ts";
import { startDeadlines } from "./deadlines.ts";
import { frames } from "./frames.ts";
import { type Job, providerCall } from "./job.ts";
import type { Readers } from "./local_readers.ts";
import { endingOf, Stop } from "./stop.ts";
import type { Transcript } from "./transcript.ts";

/** How a run ended, before anybody stored it; `error` is what went wrong. */
export interface Run {
  ending: Ending;
  error: RelayError | null;
}

/** Never rejects: whatever happens is an ending. The controller's reason, if it was aborted, alone decides which. */
export async function runGeneration(
  { clock, configuration }: Platform,
  provider: Provider,
  job: Job,
  controller: AbortController,
  transcript: Transcript,
  readers: Readers,
): Promise<Run> {
  let firstTokenMs: number | null = null;
  let overheadMs: number | null = null;
  const deadlines = startDeadlines(clock, configuration, job.startedAt, (stop) => controller.abort(stop));

  function onDeltas(deltas: Delta[]) {
    deadlines.touch();
    // A clock that was set back must not give a time that no row can hold.
    firstTokenMs ??= Math.max(clock.now() - job.startedAt, 0);
    let frame = "";
    for (const { kind, text } of deltas) {
      if (kind === "reasoning") {
        frame += frames.reasoning(text);
      } else if (transcript.length + text.length > MAX_MESSAGE_UNITS) {
        readers.write(frame);
        throw new RelayError(
          "provider_bad_response",
          `The provider sent a text of more than ${MAX_MESSAGE_UNITS} UTF-16 units, the limit`,
        );
      } else {
        transcript.append(text);
        frame += frames.token(text, transcript.length);
      }
    }
    readers.write(frame);
  }

  try {
    overheadMs = Math.max(clock.now() - job.startedAt, 0);
    const call = providerCall(job);
    // The job lives as long as the answer, and the story so far can be megabytes.
    job.admission.context = [];
    const { finishReason, usage } = await provider.stream(call, controller.signal, onDeltas);
    const ending = { status: "completed", finishReason, errorCode: null, usage, firstTokenMs, overheadMs } as const;
    return { ending, error: null };
  } catch (reason) {
    const stop = reason instanceof Stop ? reason : new Stop("failed", toRelayError(reason));
    return { ending: { ...endingOf(stop), usage: null, firstTokenMs, overheadMs }, error: stop.error };
  } finally {
    deadlines.end();
  }
}
