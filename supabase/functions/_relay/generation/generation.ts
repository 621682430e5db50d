/** One generation on the worker that runs it. */

import type { Admission } from "../database/begin.ts";
import type { BackgroundKind } from "../database/begin_memory.ts";
import type { Hold } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import type { StreamRequest } from "../protocol/requests.ts";
import { EndReason } from "./ending.ts";
import { LocalReaders } from "./local_readers.ts";
import { Transcript } from "./transcript.ts";

/** What was asked for and admitted. */
export interface AdmittedRequest {
  streamId: string;
  userId: string;
  /** What it still needs of the request, which can be megabytes. */
  request: Pick<StreamRequest, "system" | "on_disconnect">;
  admission: Admission;
  requestId: string;
  /** When the request came, by the platform's clock. */
  startedAt: number;
  /** Given back when the generation is over. */
  memory: Hold;
  /** The last turn, which asks for what is written in the background. Absent: the generation is an answer. */
  task?: string;
  kind?: BackgroundKind;
}

/** A request whose client reads the answer. */
export interface StartedRequest extends AdmittedRequest {
  /** Given back once nothing waits for the client. */
  seat: Hold;
}

/** Whatever ends it calls `stop`. The first reason counts, and it alone decides the ending. */
export interface Generation extends AdmittedRequest {
  /** Shown to the database with every call, which refuses a worker that lost the generation to another. */
  readonly fence: string;
  readonly transcript: Transcript;
  readonly readers: LocalReaders;
  /** Its reason is an EndReason. */
  readonly signal: AbortSignal;
  stop(reason: EndReason): void;
}

/** Builds one that has no reader yet and has not called a provider. */
export function createGeneration({ clock, configuration }: Platform, admitted: AdmittedRequest): Generation {
  const { streamId, request, admission } = admitted;
  const { fence, conversation_id, bot_id, model, user_message_id, parent_id } = admission;
  const controller = new AbortController();
  const transcript = new Transcript(admission.continued ?? "");
  const stop = (reason: EndReason) => controller.abort(reason);
  // The text that is continued is sent to the readers as well.
  const messages = admission.context.length + (admission.continued === null ? 0 : 1);
  const context = { messages, left_out: admission.left_out, memory: admission.memory?.message_id ?? null };
  const start = { stream_id: streamId, conversation_id, bot_id, model, user_message_id, parent_id, context };
  const readers = new LocalReaders(clock, configuration.pingMs, start, transcript, () => {
    if (request.on_disconnect === "stop") stop(new EndReason("disconnected"));
  });
  return { ...admitted, fence, transcript, readers, signal: controller.signal, stop };
}

/** The fields of every log line about a generation. */
export function logFields(
  { streamId, userId, admission, requestId, kind }: Pick<
    AdmittedRequest,
    "streamId" | "userId" | "admission" | "requestId" | "kind"
  >,
) {
  return {
    ...(kind === undefined ? {} : { kind }),
    request_id: requestId,
    user_id: userId,
    bot_id: admission.bot_id,
    conversation_id: admission.conversation_id,
    stream_id: streamId,
    model: admission.model,
  };
}
