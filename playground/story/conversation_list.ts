/** The list of conversations: read page by page, and brought up to date from its top. */

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { LIST_ROWS, listConversations } from "../data/conversations.ts";
import type { Conversation } from "../data/rows.ts";

/** Some or all of a user's conversations, last changed first. */
export interface ConversationList {
  /** Null until the first ones have been read. */
  rows: ReadonlySignal<Conversation[] | null>;
  /** Whether there are more. */
  hasMore: ReadonlySignal<boolean>;
  /** Reads the top again. */
  refresh(): Promise<void>;
  /** Reads those that follow the last one. Does nothing while such a read is under way. */
  readMore(): Promise<void>;
  add(conversation: Conversation): void;
  patch(id: string, fields: Partial<Conversation>): void;
  remove(id: string): void;
}

/** Empty at first. */
export function createConversationList(supabase: SupabaseClient): ConversationList {
  const rows = signal<Conversation[] | null>(null);
  const hasMore = signal(false);
  let isReading = false;
  return {
    rows,
    hasMore,
    async refresh() {
      const top = await listConversations(supabase);
      batch(() => {
        rows.value = withTop(rows.value ?? [], top);
        hasMore.value = top.length === LIST_ROWS && (hasMore.value || rows.value.length === LIST_ROWS);
      });
    },
    async readMore() {
      const last = rows.value?.at(-1);
      if (isReading || !last || !hasMore.value) return;
      isReading = true;
      try {
        const more = await listConversations(supabase, last);
        batch(() => {
          rows.value = withMore(rows.value ?? [], more);
          hasMore.value = more.length === LIST_ROWS;
        });
      } finally {
        isReading = false;
      }
    },
    add(conversation) {
      rows.value = [conversation, ...rows.value ?? []];
    },
    patch(id, fields) {
      rows.value = rows.value?.map((row) => row.id === id ? { ...row, ...fields } : row) ?? null;
    },
    remove(id) {
      rows.value = rows.value?.filter((row) => row.id !== id) ?? null;
    },
  };
}

/** The rows that were read at the top replace the old ones; older rows stay. */
function withTop(rows: Conversation[], top: Conversation[]): Conversation[] {
  const oldest = top.at(-1);
  // All that there is.
  if (!oldest || top.length < LIST_ROWS) return top;
  const ids = new Set(top.map(({ id }) => id));
  return [...top, ...rows.filter((row) => !ids.has(row.id) && row.updated_at <= oldest.updated_at)];
}

/** One that has moved to the top since stays there. */
function withMore(rows: Conversation[], more: Conversation[]): Conversation[] {
  const ids = new Set(rows.map(({ id }) => id));
  return [...rows, ...more.filter(({ id }) => !ids.has(id))];
}
