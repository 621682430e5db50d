/** Queries for conversations and their messages, through the Data API. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { type Conversation, type Hit, type Message, rowOf, rowsOf } from "./rows.ts";

const CONVERSATION = "id::text, title, bot_id::text, active_message_id::text, updated_at";
const MESSAGE =
  "id::text, parent_id::text, bot_id::text, content, is_user_author, is_complete, finish_reason, created_at, usage, memories(content)";

/** The Data API cuts off longer results. */
const PAGE_ROWS = 500;

/** Rows of the list that are read at once. */
export const LIST_ROWS = 100;

/** Last changed first; with `after` those that follow this one. */
export async function listConversations(
  supabase: SupabaseClient,
  after?: Pick<Conversation, "id" | "updated_at">,
  rows = LIST_ROWS,
): Promise<Conversation[]> {
  let query = supabase.from("conversations").select(CONVERSATION);
  // Not by an offset, because rows may move to the top between two reads. Rows may share a time, so the id counts, too.
  if (after) {
    const { id, updated_at } = after;
    query = query.or(`updated_at.lt."${updated_at}",and(updated_at.eq."${updated_at}",id.lt."${id}")`);
  }
  query = query.order("updated_at", { ascending: false }).order("id", { ascending: false }).limit(rows);
  return withOpenings(supabase, rowsOf<Conversation[]>(await query), ({ id }) => id);
}

/** One more query, and only if some have no title. */
async function withOpenings<Row extends { title: string; opening?: string }>(
  supabase: SupabaseClient,
  rows: Row[],
  idOf: (row: Row) => string,
): Promise<Row[]> {
  const untitled = rows.filter(({ title }) => !title);
  if (untitled.length === 0) return rows;
  const conversation_ids = [...new Set(untitled.map(idOf))];
  const openings: Record<string, string> = rowsOf(await supabase.rpc("conversation_openings", { conversation_ids }));
  return rows.map((row) => row.title ? row : { ...row, opening: openings[idOf(row)] });
}

/** The user's messages, answers and titles that have these words, newest first. */
export async function searchConversations(
  supabase: SupabaseClient,
  words: string,
  signal: AbortSignal,
): Promise<Hit[]> {
  const hits: Hit[] = rowsOf(await supabase.rpc("search_conversations", { words }).abortSignal(signal));
  return withOpenings(supabase, hits, ({ conversation_id }) => conversation_id);
}

/** A story for `import_conversation`: one entry of each list for a message, a parent by its place, counted from 1. */
export interface ImportedRows {
  title: string;
  bot_id: string | null;
  parents: (number | null)[];
  contents: string[];
  authors: ("user" | "bot")[];
  bot_ids: (string | null)[];
  finish_reasons: (string | null)[];
  /** The places of answers that are incomplete. */
  incomplete: number[];
  created_at: (string | null)[];
  memories: (string | null)[];
  /** The place of the active leaf. */
  active: number | null;
}

/** Stores a story in a conversation of its own; gives the id of that. */
export async function importConversation(supabase: SupabaseClient, rows: ImportedRows): Promise<string> {
  return rowsOf(await supabase.rpc("import_conversation", rows));
}

/** Null where the user has no such conversation. */
export async function readConversation(supabase: SupabaseClient, id: string): Promise<Conversation | null> {
  return rowsOf(await supabase.from("conversations").select(CONVERSATION).eq("id", id).maybeSingle());
}

/** Creates a conversation without messages. */
export async function addConversation(
  supabase: SupabaseClient,
  userId: string,
  title: string,
  botId: string | null,
): Promise<Conversation> {
  const row = { user_id: userId, title, bot_id: botId };
  return rowOf(await supabase.from("conversations").insert(row).select(CONVERSATION));
}

/** Changes the title, the bot or the active leaf. */
export async function changeConversation(
  supabase: SupabaseClient,
  id: string,
  fields: Partial<Omit<Conversation, "id">>,
): Promise<void> {
  rowsOf(await supabase.from("conversations").update(fields).eq("id", id));
}

/** Its messages are deleted with it. */
export async function deleteConversation(supabase: SupabaseClient, id: string): Promise<void> {
  rowsOf(await supabase.from("conversations").delete().eq("id", id));
}

/** Which of these generations have ended with a stored message. */
export async function endedStreams(supabase: SupabaseClient, streamIds: string[]): Promise<string[]> {
  const rows: { stream_id: string }[] = rowsOf(
    await supabase.from("messages").select("stream_id").in("stream_id", streamIds),
  );
  return rows.map(({ stream_id }) => stream_id);
}

/** The messages of all branches, oldest first. */
export async function listMessages(supabase: SupabaseClient, conversationId: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const query = supabase.from("messages").select(MESSAGE).eq("conversation_id", conversationId);
    const page: MessageRow[] = rowsOf(
      await query.order("created_at").order("id").range(messages.length, messages.length + PAGE_ROWS - 1),
    );
    messages.push(...page.map(messageOf));
    if (page.length < PAGE_ROWS) return messages;
  }
}

/**
 * Changes the text; the messages below stay. Where another device has changed it from the `known` text, that one is given
 * and stays. Fails if the message was deleted.
 */
export async function changeMessage(
  supabase: SupabaseClient,
  message_id: string,
  content: string,
  known: string,
): Promise<string | null> {
  return rowsOf(await supabase.rpc("edit_message", { message_id, content, known }));
}

/** Adds an answer next to another one, in the user's words; gives its id. */
export async function addVersionOf(
  supabase: SupabaseClient,
  { id, parent_id }: Message,
  content: string,
): Promise<string> {
  const query = supabase.from("messages").select("user_id, conversation_id::text").eq("id", id);
  const place = rowOf<{ user_id: string; conversation_id: string }>(await query);
  const row = { ...place, parent_id, content, is_user_author: false, is_complete: true };
  return rowOf<{ id: string }>(await supabase.from("messages").insert(row).select("id::text")).id;
}

interface Memory {
  content: string;
}

/** A message has one memory or none: the Data API gives it alone, the embedded stack in a list. */
type MessageRow = Omit<Message, "memory" | "cost"> & {
  memories: Memory | Memory[] | null;
  usage: { cost?: number } | null;
};

function messageOf({ memories, usage, ...message }: MessageRow): Message {
  const [memory] = [memories].flat();
  return { ...message, cost: usage?.cost ?? null, memory: memory?.content ?? null };
}

/** Fails where the message has none. */
export async function changeMemory(supabase: SupabaseClient, messageId: string, content: string): Promise<void> {
  const query = supabase.from("memories").update({ content }).eq("message_id", messageId);
  rowOf(await query.select("message_id::text"));
}

/** Its message stays. */
export async function deleteMemory(supabase: SupabaseClient, messageId: string): Promise<void> {
  rowsOf(await supabase.from("memories").delete().eq("message_id", messageId));
}
