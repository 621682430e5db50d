/** Turns stored rows into useChat's messages. */

import type { UIMessage } from "ai";
import { type HistorySource, pathTo, readHistory, type StoryRow } from "../history.ts";
import type { DoneData, Id, StartData } from "../types.ts";

export type { HistorySource, StoryRow } from "../history.ts";

/** An answer's `metadata`: the data of `start` at once, that of `done` when it has ended. */
export type StoryMetadata = Partial<Omit<StartData, "bot_id" | "model"> & DoneData>;

/** Reads a conversation for `useChat({ messages })`: the path to its active leaf. Throws the Data API's error. */
export async function loadConversation(
  supabase: HistorySource,
  conversationId: string,
): Promise<UIMessage<StoryMetadata>[]> {
  const { rows, leafId } = await readHistory(supabase, conversationId);
  return toUIMessages(rows, leafId);
}

/**
 * The path from the root to a leaf, such as the conversation's `active_message_id`. A question has its row's id, an
 * answer its stream's, as it had while it was streamed: so a resumed stream replaces the answer and does not repeat it.
 */
export function toUIMessages(rows: StoryRow[], leafId: Id | null): UIMessage<StoryMetadata>[] {
  return pathTo(rows, leafId).map(toUIMessage);
}

function toUIMessage(row: StoryRow): UIMessage<StoryMetadata> {
  const parts = [{ type: "text" as const, text: row.content }];
  if (row.is_user_author) return { id: String(row.id), role: "user", parts, metadata: { message_id: row.id } };
  return {
    id: row.stream_id ?? String(row.id),
    role: "assistant",
    parts,
    metadata: {
      message_id: row.id,
      conversation_id: row.conversation_id,
      parent_id: row.parent_id,
      is_complete: row.is_complete,
      ...(row.stream_id ? { stream_id: row.stream_id } : {}),
      ...(row.finish_reason ? { finish_reason: row.finish_reason } : {}),
    },
  };
}
