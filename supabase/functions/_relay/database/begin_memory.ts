/** Asks relay_begin_memory whether a memory or a title may be written. */

import type { Platform } from "../platform/platform.ts";
import type { Id } from "../protocol/events.ts";
import { bytesIn, MESSAGE_BYTES } from "../protocol/sizes.ts";
import type { Admission } from "./begin.ts";
import type { Rpc } from "./rpc.ts";

/** What is written in the background of a story. */
export type BackgroundKind = "memory" | "title";

/** What a worker asks to begin in the background. */
export interface MemoryStart {
  userId: string;
  streamId: string;
  fence: string;
  botId: Id;
  /** The memory covers the story up to and including this one. */
  messageId: Id;
  kind: BackgroundKind;
  /** The last turn of the request, which asks for the memory or title. */
  task: string;
  /**
   * A path with more characters is refused with its length, and nothing is written. For a title, two texts are cut to
   * it.
   */
  maxContext: number;
  /** If the model's window cuts the path, at most so many characters of it are taken. */
  maxRoom: number;
}

/**
 * The part of an admission that is the memory's own, and the part that is too long for a worker to keep while an answer
 * comes. The rest is that of the answer after which the memory is written.
 */
export type MemoryAdmission = Pick<
  Admission,
  "parent_id" | "context" | "memory" | "left_out" | "system_prompt" | "params"
>;

/** Null: nothing is to be written any more, or it does not fit the window. */
export type MemoryAnswer = { admission: MemoryAdmission } | { characters: number } | null;

/** One round trip; rejects as `Rpc` does. */
export async function beginMemory(
  rpc: Rpc,
  { workerId, configuration }: Pick<Platform, "workerId" | "configuration">,
  { userId, streamId, fence, botId, messageId, kind, task, maxContext, maxRoom }: MemoryStart,
): Promise<MemoryAnswer> {
  const answer = await rpc<
    MemoryAdmission & { outcome: "admitted" } | { outcome: "refused"; characters?: number } | null
  >(
    "relay_begin_memory",
    {
      user_id: userId,
      stream_id: streamId,
      worker_id: workerId,
      message_id: String(messageId),
      bot_id: String(botId),
      lease_ms: configuration.leaseMs,
      max_context: maxContext,
      fence,
      task_bytes: bytesIn(task) + MESSAGE_BYTES,
      max_room: maxRoom,
      kind,
    },
  );
  if (answer?.outcome === "admitted") {
    const { outcome: _, ...admission } = answer;
    return { admission };
  }
  return answer?.characters === undefined ? null : { characters: answer.characters };
}
