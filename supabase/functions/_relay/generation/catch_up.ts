/** What a reader gets next, if it already has the beginning of a generation's text. */

import type { MessageRow, View } from "../database/database.ts";
import type { EndStatus, StoredEnding } from "../database/finish.ts";
import { events, type StartData, type Usage } from "../protocol/events.ts";
import { floorToCharacter } from "../protocol/utf16.ts";
import { lastEvent } from "./ending.ts";

/** A generation's text from the offset `start` to its end so far. */
export interface KnownText {
  start: number;
  text: string;
}

/** What is sent, and the reader's offset after it. */
export interface CaughtUp {
  written: string;
  offset: number;
}

/** The text after the reader's offset, as one event. A reader that is ahead of the text gets nothing, and stays there. */
export function unseen({ start, text }: KnownText, offset: number): CaughtUp {
  const rest = text.slice(floorToCharacter(text, Math.max(offset - start, 0)));
  const end = start + text.length;
  return rest === "" ? { written: "", offset } : { written: events.token(rest, end), offset: end };
}

/** What a reader gets first. `start` is sent only from the beginning: its id 0 would take a resuming reader back. */
export function opening(start: StartData, from: number | null, known: KnownText): CaughtUp {
  const { written, offset } = unseen(known, from ?? 0);
  return { written: (from ? "" : events.start(start)) + written, offset };
}

/**
 * The text that the database has. Its user may have edited it. No event can carry a CR, so each CR is sent as one LF,
 * and offsets stay those of the stored text.
 */
export function textOf({ start, text }: View): KnownText {
  return { start: start ?? 0, text: (text ?? "").replaceAll("\r", "\n") };
}

/** The first event of a stream that is read from its beginning. */
export function startOf(streamId: string, { generation, message }: View): StartData {
  return {
    stream_id: streamId,
    conversation_id: generation?.conversation_id ?? message?.conversation_id ?? "",
    bot_id: generation?.bot_id ?? message?.bot_id ?? "",
    model: generation?.model ?? "",
    user_message_id: generation?.user_message_id ?? null,
    parent_id: generation?.parent_id ?? message?.parent_id ?? null,
    context: contextOf(generation),
  };
}

function contextOf(generation: View["generation"]): StartData["context"] {
  const messages = generation?.context_messages ?? null;
  return messages === null ? null : { messages, left_out: generation!.left_out, memory: generation!.memory_id };
}

/** Null while the generation runs, or while more of its text is to be read. */
export function lastEventOf(streamId: string, view: View): string | null {
  const { generation, message, more } = view;
  if (more || generation?.status === "running") return null;
  const stored = generation === null ? endingOfMessage(message!) : {
    status: generation.status as EndStatus,
    finish_reason: generation.finish_reason!,
    error_code: generation.error_code,
    message_id: generation.message_id,
    is_complete: generation.status === "completed",
    bot_id: generation.bot_id,
    model: generation.model,
  };
  return lastEvent(streamId, stored, usageOf(view));
}

/** The row is pruned, or another relay ran the generation: only its message is known. */
function endingOfMessage({ id, bot_id, is_complete, finish_reason }: MessageRow): StoredEnding {
  const reason = finish_reason ?? (is_complete ? "stop" : "interrupted");
  const known = { finish_reason: reason, message_id: id, is_complete, bot_id, model: null };
  if (is_complete) return { status: "completed", error_code: null, ...known };
  if (reason === "cancelled" || reason === "disconnected") return { status: reason, error_code: null, ...known };
  if (reason === "interrupted") return { status: reason, error_code: reason, ...known };
  return { status: "failed", error_code: reason === "timeout" ? reason : "provider_error", ...known };
}

function usageOf({ generation, message }: View): Usage | null {
  if (message?.usage) return message.usage;
  // An estimate is for the ledger: no client gets it as the provider's report.
  if (generation === null || generation.usage_is_estimated) return null;
  const { prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost } = generation;
  if ([prompt_tokens, completion_tokens, total_tokens].every((count) => count === null)) return null;
  return {
    ...{ prompt_tokens, completion_tokens, total_tokens },
    ...(cached_tokens !== null && { cached_tokens }),
    ...(reasoning_tokens !== null && { reasoning_tokens }),
    ...(cost !== null && { cost }),
  };
}
