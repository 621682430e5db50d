/** Finds ways through the tree that a story's messages make; knows no page and no database. */

import type { Message } from "../data/rows.ts";

/** A message between its versions: those that answer the same message and have the same author. */
export interface Versions {
  all: Message[];
  /** Of the message, in `all`. */
  index: number;
}

/** One line of the outline. */
export interface OutlineRow {
  message: Message;
  /** How many forks lie above; a story without forks has one depth. */
  depth: number;
  onPath: boolean;
}

/** A story's messages, which come in the order in which they were stored. */
export interface Tree {
  get(id: string | null | undefined): Message | undefined;
  /** What answers this message; null: the beginnings. */
  childrenOf(id: string | null): Message[];
  /** From the root down to this message, empty for an unknown one. */
  pathTo(id: string | null): Message[];
  versionsOf(message: Message): Versions;
  /** Where a reader of this message gets to by always taking the latest branch. */
  leafBelow(id: string): string;
  outline(leafId: string | null): OutlineRow[];
  /** The ends of the story, 0 before it has begun. */
  branches: number;
}

/** A new one for each change: it keeps what it found at first. */
export function createTree(messages: readonly Message[]): Tree {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = new Map<string | null, Message[]>();
  for (const message of messages) {
    const siblings = children.get(message.parent_id);
    if (siblings) siblings.push(message);
    else children.set(message.parent_id, [message]);
  }
  const below = (id: string | null) => children.get(id) ?? [];

  const tree: Tree = {
    branches: messages.filter(({ id }) => !children.has(id)).length,
    get: (id) => id ? byId.get(id) : undefined,
    childrenOf: below,
    pathTo(id) {
      const path: Message[] = [];
      for (
        let message = tree.get(id);
        message;
        message = tree.get(message.parent_id)
      ) path.push(message);
      return path.reverse();
    },
    versionsOf(message) {
      const all = below(message.parent_id).filter(({ is_user_author }) => is_user_author === message.is_user_author);
      return { all, index: all.indexOf(message) };
    },
    leafBelow(id) {
      for (let next = below(id).at(-1); next; next = below(id).at(-1)) {
        id = next.id;
      }
      return id;
    },
    outline(leafId) {
      const onPath = new Set(tree.pathTo(leafId).map(({ id }) => id));
      const rows: OutlineRow[] = [];
      // A stack, because a story may be longer than calls can be nested.
      const open = below(null).map((message) => ({ message, depth: 0 }))
        .reverse();
      for (let next = open.pop(); next; next = open.pop()) {
        const { message, depth } = next;
        rows.push({ message, depth, onPath: onPath.has(message.id) });
        const branches = below(message.id);
        const deeper = depth + (branches.length > 1 ? 1 : 0);
        for (const branch of branches.toReversed()) {
          open.push({ message: branch, depth: deeper });
        }
      }
      return rows;
    },
  };
  return tree;
}
