/** Where in the tree a request belongs, and how it is repeated. Pure: no page, no database. */

import type { Id, StartRequest } from "../../client/types.ts";
import type { Message } from "../data/rows.ts";
import type { Tree } from "./tree.ts";

/** What a prompt without a place follows. */
interface Place {
  tree: { value: Tree };
  leafId: { value: string | null };
}

/** The page has all ids as texts, the relay those of an integer column as numbers. */
export function textOf(id: Id | null | undefined): string | undefined {
  return id === null || id === undefined ? undefined : String(id);
}

/** The parent of the answer, or of the prompt that comes before it; undefined: not known. */
export function parentOf({ tree, leafId }: Place, request: StartRequest): string | null | undefined {
  if (request.prompt !== undefined) {
    return request.parent_id === undefined ? leafId.value : textOf(request.parent_id) ?? null;
  }
  if (request.answer_to !== undefined) return textOf(request.answer_to);
  const message = tree.value.get(textOf(request.reroll_of ?? request.continue_of));
  return message?.is_user_author ? message.id : message?.parent_id;
}

/** The messages below a parent that may not be known. */
export function siblingsOf(tree: Tree, parent: string | null | undefined): Message[] {
  return parent === undefined ? [] : tree.childrenOf(parent);
}

/** The prompt of a request that was refused: that can be after it was stored, and it must not be stored twice. */
export function storedPrompt(
  tree: Tree,
  request: StartRequest | null,
  parent: string | null | undefined,
  siblingsBefore: number,
): string | undefined {
  const siblings = siblingsOf(tree, parent);
  const last = siblings.at(-1);
  if (request?.prompt === undefined || siblings.length <= siblingsBefore) return undefined;
  return last?.content === request.prompt ? last.id : undefined;
}

/**
 * What to ask for after a failure: the rest of what was to be continued, another version of what was stored of the
 * answer, or an answer to the message that has none. Null: the prompt has to be sent again, and nothing was stored.
 */
export function retryOf(
  request: StartRequest | null,
  stored: string | undefined,
  answered: string | undefined,
): StartRequest | null {
  if (request?.continue_of !== undefined) return { ...request, continue_of: stored ?? request.continue_of };
  if (stored !== undefined) return { reroll_of: stored };
  if (answered !== undefined) return { answer_to: answered, bot_id: request?.bot_id };
  return request?.prompt === undefined ? request : null;
}
