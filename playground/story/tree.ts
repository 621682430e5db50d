/** Paths and branches in the tree of a conversation's messages. Pure: no page, no database. */

import type { Message } from "../data/rows.ts";

/** The versions of a message: siblings by the same author. */
export interface Versions {
  all: Message[];
  /** The position of the message in `all`. */
  index: number;
}

/** One line of the outline. */
export interface OutlineRow {
  message: Message;
  /** The number of forks above; 0 everywhere in a conversation without forks. */
  depth: number;
  onPath: boolean;
}

/** The tree of messages, which are given in the order in which they were stored. */
export interface Tree {
  /** In the order in which they were stored. */
  all: readonly Message[];
  get(id: string | null | undefined): Message | undefined;
  /** The children of a message; null: the roots. */
  childrenOf(id: string | null): Message[];
  /** From the root to this message; empty for an unknown one. */
  pathTo(id: string | null): Message[];
  versionsOf(message: Message): Versions;
  /** The leaf below this message, always along the latest branch. */
  leafBelow(id: string): string;
  outline(leafId: string | null): OutlineRow[];
  /** The number of leaves. */
  branches: number;
}

/** Indexes the messages once; a change needs a new tree. */
export function createTree(messages: readonly Message[]): Tree {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = Map.groupBy(messages, (message) => message.parent_id);
  const below = (id: string | null) => children.get(id) ?? [];

  const tree: Tree = {
    all: messages,
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
      for (let next = below(id).at(-1); next; next = below(id).at(-1)) id = next.id;
      return id;
    },
    outline: (leafId) => outlineOf(below, new Set(tree.pathTo(leafId).map(({ id }) => id))),
  };
  return tree;
}

function outlineOf(below: Tree["childrenOf"], onPath: Set<string>): OutlineRow[] {
  const rows: OutlineRow[] = [];
  // An explicit stack: a conversation can be longer than recursion is deep.
  const open = below(null).map((message) => ({ message, depth: 0 })).reverse();
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
}
