/** Turns a generation's events into the AI SDK's chunks. */

import type { UIMessageChunk } from "ai";
import type { RelayClientError } from "../errors.ts";
import type { Generation, StartData } from "../types.ts";
import type { StoryMetadata } from "./history.ts";

/**
 * A failure throws the RelayClientError itself, which becomes useChat's `error`; a chunk of the type "error" would keep
 * only its message.
 */
export async function* chunksOf(
  generation: Generation,
  messageIdOf: (start: StartData) => string = () => generation.streamId,
): AsyncGenerator<UIMessageChunk<StoryMetadata>, void> {
  const part = { kind: null as "text" | "reasoning" | null, count: 0 };
  const id = () => `part-${part.count}`;

  function* close(): Generator<UIMessageChunk<StoryMetadata>> {
    if (part.kind) yield { type: `${part.kind}-end`, id: id() };
    part.kind = null;
  }

  try {
    for await (const event of generation) {
      if (event.type === "start") {
        const { type: _, ...messageMetadata } = event;
        yield { type: "start", messageId: messageIdOf(messageMetadata), messageMetadata };
      } else if (event.type === "done") {
        const { type: _, ...messageMetadata } = event;
        yield* close();
        yield { type: "finish", finishReason: finishReasonOf(event.finish_reason, event.is_complete), messageMetadata };
      } else {
        const kind = event.type === "token" ? "text" : "reasoning";
        if (part.kind !== kind) {
          yield* close();
          part.kind = kind;
          part.count++;
          yield { type: `${kind}-start`, id: id() };
        }
        yield { type: `${kind}-delta`, id: id(), delta: event.text };
      }
    }
  } catch (error) {
    yield* close();
    const message_id = (error as RelayClientError).messageId;
    // Before the start there is no message, and this would make an empty one.
    if (generation.start) yield { type: "message-metadata", messageMetadata: { message_id } };
    throw error;
  }
}

/** The reasons that `ai` 5, 6 and 7 know. */
type FinishReason = "stop" | "length" | "content-filter" | "other";

/** `interrupted`, which `ai` 7 knows, keeps useChat from sending automatically what builds on an incomplete answer. */
function finishReasonOf(reason: string, isComplete: boolean): FinishReason {
  if (!isComplete) return "interrupted" as FinishReason;
  if (reason === "content_filter") return "content-filter";
  return reason === "stop" || reason === "length" ? reason : "other";
}
