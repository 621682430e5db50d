/** A user's stories and their messages, through the Data API. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { type Message, rowsOf, type Story } from "./rows.ts";

const STORY = "id, title, bot_id, active_message_id";
const MESSAGE = "id, parent_id, content, is_user_author, is_complete, finish_reason, created_at";

/** The Data API cuts longer answers. */
const PAGE_ROWS = 500;

/** The one that was written in last first. */
export async function listStories(supabase: SupabaseClient): Promise<Story[]> {
  return rowsOf(
    await supabase.from("conversations").select(STORY).order("updated_at", { ascending: false }).limit(PAGE_ROWS),
  );
}

/** Null where the user has no such story. */
export async function readStory(supabase: SupabaseClient, id: string): Promise<Story | null> {
  return rowsOf(
    await supabase.from("conversations").select(STORY).eq("id", id)
      .maybeSingle(),
  );
}

/** Makes one without a word in it. */
export async function addStory(
  supabase: SupabaseClient,
  userId: string,
  title: string,
  botId: string | null,
): Promise<Story> {
  return rowsOf(
    await supabase.from("conversations").insert({ user_id: userId, title, bot_id: botId }).select(STORY).single(),
  );
}

/** Renames it, gives it another bot, or moves its active leaf. */
export async function changeStory(
  supabase: SupabaseClient,
  id: string,
  fields: Partial<Omit<Story, "id">>,
): Promise<void> {
  rowsOf(await supabase.from("conversations").update(fields).eq("id", id));
}

/** All its messages go with it. */
export async function deleteStory(supabase: SupabaseClient, id: string): Promise<void> {
  rowsOf(await supabase.from("conversations").delete().eq("id", id));
}

/** Those of the generations that have ended with a message: until then there is none. */
export async function endedOf(supabase: SupabaseClient, streamIds: string[]): Promise<string[]> {
  const rows: { stream_id: string }[] = rowsOf(
    await supabase.from("messages").select("stream_id").in("stream_id", streamIds),
  );
  return rows.map(({ stream_id }) => stream_id);
}

/** All messages of all branches, the oldest first. */
export async function listMessages(supabase: SupabaseClient, storyId: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const page: Message[] = rowsOf(
      await supabase.from("messages").select(MESSAGE).eq(
        "conversation_id",
        storyId,
      ).order("created_at").order("id").range(messages.length, messages.length + PAGE_ROWS - 1),
    );
    messages.push(...page);
    if (page.length < PAGE_ROWS) return messages;
  }
}
