/** What the relay was asked for last, until its answer is stored. */

import type { Generation, StartRequest } from "../client.ts";
import type { Id } from "../types.ts";
import { messageOf, newRow, type Row } from "./messages.ts";
import type { StoryMessage } from "./story.ts";

/** Only createConversationStore writes it. */
export interface Live {
  streamId: string;
  /** Null: the generation runs already, and is resumed. */
  request: StartRequest | null;
  /** Null: it is not being read. */
  generation: Generation | null;
  /** The prompt, until it is stored. */
  prompt: Row | null;
  /** The parent of the answer; undefined: not known before the event `start`. */
  parentId: Id | null | undefined;
  key: string;
  text: string;
  reasoning: string;
  hasStarted: boolean;
  hasText: boolean;
  /** It has ended with something to show that, as far as this page knows, is not stored. */
  isOver: boolean;
}

/** A generation that runs already. A start sets more fields. */
export function createLive(streamId: string): Live {
  return {
    streamId,
    request: null,
    generation: null,
    prompt: null,
    parentId: undefined,
    key: streamId,
    text: "",
    reasoning: "",
    hasStarted: false,
    hasText: false,
    isOver: false,
  };
}

/** Those of prompt and answer that exist and are not stored. */
export function messagesOf({ prompt, parentId, key, text, reasoning, isOver }: Live, versions: Id[]): StoryMessage[] {
  const messages = prompt ? [messageOf(prompt, [])] : [];
  // A generation that was found has no place before its event `start`.
  if (parentId === undefined || isOver && !text) return messages;
  return [...messages, messageOf({ ...newRow(key, parentId, text, false), reasoning }, versions)];
}
