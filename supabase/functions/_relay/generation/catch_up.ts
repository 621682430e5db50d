/** Tells a reader, from what the database knows, what it has not seen yet. */

import type { EndStatus, Outcome } from "../database/finish.ts";
import type { MessageRow, View } from "../database/read.ts";
import type { StartData, Usage } from "../protocol/events.ts";
import { frames } from "./frames.ts";
import { terminalFrame } from "./terminal.ts";

/** The text of a view behind an offset, and the offset after it. */
export function unseen(view: View, offset: number): { frame: string; offset: number } {
  const text = view.text ?? "";
  const start = view.start ?? 0;
  let skip = Math.max(offset - start, 0);
  // An offset amid a surrogate pair was never sent: half a character would not survive the way.
  if (/[\uDC00-\uDFFF]/.test(text[skip] ?? "") && /[\uD800-\uDBFF]/.test(text[skip - 1] ?? "")) skip--;
  const rest = text.slice(skip);
  if (rest === "") return { frame: "", offset };
  const end = start + text.length;
  return { frame: frames.token(rest, end), offset: end };
}

/** The first event of a stream that is read from its beginning. */
export function startOf(streamId: string, { generation, message }: View): StartData {
  return {
    stream_id: streamId,
    conversation_id: generation?.conversation_id ?? message?.conversation_id ??
      "",
    bot_id: generation?.bot_id ?? message?.bot_id ?? "",
    model: generation?.model ?? "",
    user_message_id: generation?.user_message_id ?? null,
    parent_id: generation?.parent_id ?? message?.parent_id ?? null,
  };
}

/** The last event; null while the generation runs. */
export function endOf(streamId: string, view: View): string | null {
  const { generation, message } = view;
  if (generation?.status === "running") return null;
  const outcome = generation === null ? outcomeOf(message!) : {
    status: generation.status as EndStatus,
    finish_reason: generation.finish_reason!,
    error_code: generation.error_code,
    message_id: generation.message_id,
    is_complete: generation.status === "completed",
  };
  return terminalFrame(streamId, outcome, usageOf(view), null);
}

const OWN_ENDS = new Set(["cancelled", "disconnected", "interrupted"]);

/** Of a generation whose row is forgotten, or that another relay ran: the message tells how it ended. */
function outcomeOf(message: MessageRow): Outcome {
  const reason = message.finish_reason ??
    (message.is_complete ? "stop" : "interrupted");
  const status = message.is_complete ? "completed" : OWN_ENDS.has(reason) ? reason : "failed";
  return {
    status: status as EndStatus,
    finish_reason: reason,
    error_code: status === "interrupted"
      ? "interrupted"
      : status !== "failed"
      ? null
      : reason === "timeout"
      ? "timeout"
      : "provider_error",
    message_id: message.id,
    is_complete: message.is_complete,
  };
}

function usageOf({ generation, message }: View): Usage | null {
  if (message?.usage) return message.usage;
  if (generation === null) return null;
  const { prompt_tokens, completion_tokens, total_tokens } = generation;
  const counts = [prompt_tokens, completion_tokens, total_tokens];
  return counts.some((count) => count !== null) ? { prompt_tokens, completion_tokens, total_tokens } : null;
}
