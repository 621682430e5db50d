/** Reads a conversation from the Data API, and says where a page remembers which stream it reads. */

import type { Id } from "./types.ts";

/** A response of the Data API has up to a thousand messages, and a project's fetch may never give one. */
const ANSWER_MS = 60_000;

/** The columns of `messages` that this uses, as the Data API gives them. */
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

/** Where the stream that a page reads is remembered. */
export interface StreamStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Which stream runs in a conversation; null stands for a conversation that is not stored yet. */
export interface StreamMemory {
  get(conversationId: Id | null): string | null;
  set(conversationId: Id | null, streamId: string): void;
  /** Forgets this stream and no other. */
  remove(conversationId: Id | null, streamId: string): void;
}

/** A page works without a storage: a browser may refuse one, and a server has none. */
export function createStreamMemory(prefix: string, storageOf: () => StreamStorage | null | undefined): StreamMemory {
  function use<T>(id: Id | null, act: (storage: StreamStorage, key: string) => T): T | undefined {
    try {
      const storage = storageOf();
      return act(storage === undefined ? sessionStorage : storage!, prefix + (id ?? ""));
    } catch {
      // Nothing is remembered.
    }
  }
  return {
    get: (id) => use(id, (storage, key) => storage.getItem(key)) ?? null,
    set: (id, streamId) => use(id, (storage, key) => storage.setItem(key, streamId)),
    remove: (id, streamId) =>
      use(id, (storage, key) => storage.getItem(key) === streamId ? storage.removeItem(key) : undefined),
  };
}

/**
 * Reads all messages of a conversation, oldest first, and its active leaf. A response of the Data API has at most 1,000
 * rows, or as many as the project allows, so it is asked until there are no more. Throws the Data API's error; a
 * conversation that does not exist is empty.
 */
export async function readHistory(
  supabase: HistorySource,
  conversationId: Id,
): Promise<{ rows: StoryRow[]; leafId: Id | null }> {
  // Read before the messages, or the leaf might be a message that is stored after they were read.
  const conversation = await read(
    supabase.from("conversations").select("active_message_id").eq("id", conversationId).maybeSingle(),
  );
  const rows: StoryRow[] = [];
  for (;;) {
    const more = await read(
      supabase.from("messages").select("*").eq("conversation_id", conversationId)
        .order("created_at").order("id").range(rows.length, rows.length + 999),
    );
    if (more.length === 0) return { rows, leafId: conversation?.active_message_id ?? null };
    rows.push(...more);
  }
}

/** A read that is given up is aborted, too. */
// deno-lint-ignore no-explicit-any
async function read(query: any): Promise<any> {
  const controller = new AbortController();
  const { signal } = controller;
  const failure = { code: "unreachable", message: "Cannot read the history: no answer within 60 s" };
  // React Native's signals have no reason.
  const late = new Promise((_, reject) => signal.onabort = () => reject(failure));
  const timer = setTimeout(() => controller.abort(failure), ANSWER_MS);
  const answer = Promise.race([query.abortSignal?.(signal) ?? query, late]);
  const { data, error } = await answer.finally(() => clearTimeout(timer));
  if (error) throw error;
  return data;
}

/** The rows from the root to a leaf, such as the conversation's `active_message_id`. */
export function pathTo<Row extends Pick<StoryRow, "id" | "parent_id">>(rows: Row[], leafId: Id | null): Row[] {
  // Ids from a URL are strings, those of a row may be numbers.
  const byId = new Map(rows.map((row) => [String(row.id), row]));
  const path: Row[] = [];
  for (let row = byId.get(String(leafId)); row; row = byId.get(String(row.parent_id))) {
    // A row that is its own ancestor would make an endless loop.
    byId.delete(String(row.id));
    path.push(row);
  }
  return path.reverse();
}
