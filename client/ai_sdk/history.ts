/** Turns stored rows into useChat's messages. */

import type { UIMessage } from "ai";
import type { DoneData, Id, StartData } from "../types.ts";

/** An answer's `metadata`: the data of `start` at once, that of `done` when it has ended. */
export type StoryMetadata = Partial<Omit<StartData, "bot_id" | "model"> & DoneData>;

/** The columns of `messages` that this needs, as the Data API gives them. */
export interface StoryRow {
  id: Id;
  conversation_id: Id;
  parent_id: Id | null;
  stream_id: string | null;
  content: string;
  is_user_author: boolean;
  is_complete: boolean;
  finish_reason: string | null;
}

/** The part of a SupabaseClient that reads a history. */
export interface HistorySource {
  // deno-lint-ignore no-explicit-any
  from(table: string): any;
}

/**
 * Reads a conversation for `useChat({ messages })`: the path to its active leaf. An answer of the Data API has at most
 * 1,000 rows, or what the project allows, so it is asked until there are no more. Throws what the Data API refuses with;
 * a conversation that does not exist is empty.
 */
export async function loadConversation(
  supabase: HistorySource,
  conversationId: string,
): Promise<UIMessage<StoryMetadata>[]> {
  // Before the messages, or the leaf might be one that was stored since.
  const conversation = await supabase.from("conversations").select("active_message_id")
    .eq("id", conversationId).maybeSingle();
  if (conversation.error) throw conversation.error;
  const rows: StoryRow[] = [];
  for (;;) {
    const { data, error } = await supabase.from("messages").select("*").eq("conversation_id", conversationId)
      .order("created_at").order("id").range(rows.length, rows.length + 999);
    if (error) throw error;
    if (data.length === 0) break;
    rows.push(...data);
  }
  return toUIMessages(rows, conversation.data?.active_message_id ?? null);
}

/**
 * The path from the root to a leaf, such as the conversation's `active_message_id`. A question has its row's id, an
 * answer its stream's, as it had while it was streamed: so a resumed stream replaces the answer and does not repeat it.
 */
export function toUIMessages(rows: StoryRow[], leafId: Id | null): UIMessage<StoryMetadata>[] {
  // Ids in a URL are texts, those of a row may be numbers.
  const byId = new Map(rows.map((row) => [String(row.id), row]));
  const path: UIMessage<StoryMetadata>[] = [];
  for (let row = byId.get(String(leafId ?? "")); row; row = byId.get(String(row.parent_id ?? ""))) {
    // A row that is its own ancestor would be an endless loop.
    byId.delete(String(row.id));
    path.unshift(toUIMessage(row));
  }
  return path;
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
