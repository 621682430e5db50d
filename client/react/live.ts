/** What the relay was asked for last, until its answer is stored. */

import type { Generation, StartRequest } from "../client.ts";
import type { Id } from "../types.ts";
import { messageOf, type Row } from "./messages.ts";
import type { StoryMessage } from "./story.ts";

/** Only createConversationStore writes it. */
export interface Live {
  streamId: string;
  /** Null: the relay has it, and it is resumed. */
  request: StartRequest | null;
  /** Null: not read at present. */
  generation: Generation | null;
  /** The prompt, until it is stored. */
  prompt: Row | null;
  /** Of the answer; undefined: not known before the start. */
  parentId: Id | null | undefined;
  key: string;
  text: string;
  reasoning: string;
  hasStarted: boolean;
  hasText: boolean;
  /** It has ended, and has something to show that is not stored, as far as this page knows. */
  isOver: boolean;
}

/** A generation that runs already; a start has more to say. */
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

/** The prompt and the answer, as far as they are there and not stored. */
export function messagesOf({ prompt, parentId, key, text, reasoning, isOver }: Live, versions: Id[]): StoryMessage[] {
  const messages = prompt ? [messageOf(prompt, [])] : [];
  // Until the start has come, a generation that was found has no place.
  if (parentId === undefined || isOver && !text) return messages;
  return [...messages, {
    id: key,
    messageId: null,
    parentId,
    role: "assistant",
    text,
    reasoning,
    isComplete: false,
    finishReason: null,
    versions,
  }];
}
