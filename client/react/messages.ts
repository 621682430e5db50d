/** Turns rows into the messages of a branch. */

import { pathTo, type StoryRow } from "../history.ts";
import type { Id } from "../types.ts";
import type { StoryMessage } from "./story.ts";

/** A row, with what only the page that wrote it knows. */
export type Row = StoryRow & { key?: string; reasoning?: string };

/** The messages from the root to a leaf, and the versions below a message, by the same author. */
export interface Branch {
  messages: StoryMessage[];
  versionsOf(parentId: Id | null, isUser: boolean): Id[];
}

/** The branch of the same rows is made once, and a message stays the same object until it changes. */
export function createBranches(): (rows: Row[], leafId: Id | null) => Branch {
  const known = new WeakMap<Row, StoryMessage>();
  let last: Branch & { rows: Row[]; leafId: Id | null };

  return (rows, leafId) => {
    if (last?.rows === rows && last.leafId === leafId) return last;
    const siblings = new Map<string, Id[]>();
    const versionsOf = (parentId: Id | null, isUser: boolean) => {
      const key = `${isUser} ${parentId}`;
      const versions = siblings.get(key) ?? [];
      siblings.set(key, versions);
      return versions;
    };
    for (const { id, parent_id, is_user_author } of rows) versionsOf(parent_id, is_user_author).push(id);
    const messages = pathTo(rows, leafId).map((row) => {
      const versions = versionsOf(row.parent_id, row.is_user_author);
      const old = known.get(row);
      const message = old && String(old.versions) === String(versions) ? old : messageOf(row, versions);
      known.set(row, message);
      return message;
    });
    return last = { rows, leafId, messages, versionsOf };
  };
}

/** A prompt keeps the key that it got before it was stored; an answer's key is the id of its stream. */
export function keyOf({ id, key, stream_id }: Row): string {
  return key ?? stream_id ?? String(id);
}

/** A prompt or an answer that is not stored yet. */
export function newRow(key: string, parent_id: Id | null, content: string, is_user_author: boolean): Row {
  return {
    ...{ id: "", conversation_id: "", stream_id: null, finish_reason: null },
    ...{ key, parent_id, content, is_user_author, is_complete: is_user_author },
  };
}

/** A row without an id is not stored yet. */
export function messageOf(row: Row, versions: Id[]): StoryMessage {
  return {
    id: keyOf(row),
    messageId: row.id === "" ? null : row.id,
    parentId: row.parent_id,
    role: row.is_user_author ? "user" : "assistant",
    text: row.content,
    reasoning: row.reasoning ?? "",
    isComplete: row.is_complete,
    finishReason: row.finish_reason,
    versions,
  };
}
