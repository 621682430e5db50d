/** Knows which rows of the story the messages of a chat are, and what to ask the relay for. */

import type { UIMessage } from "ai";
import type { StoryMetadata } from "./ai_sdk_history.ts";
import type { Result, StartRequest } from "./types.ts";

/** What a chat may send beside its messages. */
export type RelayFields = Pick<
  StartRequest,
  "bot_id" | "system" | "on_disconnect" | "conversation_id"
>;

/** What useChat asks for. */
export interface Ask {
  trigger: "submit-message" | "regenerate-message";
  messageId: string | undefined;
  messages: UIMessage[];
}

/** One chat, as far as the relay has told of it. */
export interface Chat {
  conversationId: string | undefined;
  /** Settles once what was stopped has ended, and its row is known. */
  stopped: Promise<unknown>;
  /** The request for what useChat asks; throws a TypeError where it asks for what the relay does not do. */
  requestOf(ask: Ask, streamId: string, fields: RelayFields): StartRequest;
  /** Learns of a generation's start: the answer hangs below the row of the question. */
  began(questionId: string | undefined, start: StartData): void;
  /** Learns of its end. */
  ended(result: Result): void;
}

type StartData = Pick<StoryMetadata, "conversation_id" | "parent_id">;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The ids of useChat's own messages mean nothing to the relay, so each is kept with its row. A message that was here
 * before the page was, and that nothing else is known of, is taken to have its row's id.
 */
export function createChat(): Chat {
  const rows = new Map<string, string>();
  const attempts = new Map<string, StartRequest>();

  function rowOf({ id, metadata }: UIMessage): string | undefined {
    const { message_id, stream_id } = (metadata ?? {}) as StoryMetadata;
    const known = rows.get(id) ?? message_id;
    if (known) return known;
    return !stream_id && !attempts.has(id) && UUID.test(id) ? id : undefined;
  }

  function placeOf({ trigger, messageId, messages }: Ask) {
    const before = messages.at(-2);
    if (before) return { parent_id: rowOf(before) };
    // The first message of a story, in other words: a root beside the first one.
    const isEdit = trigger === "submit-message" && messageId !== undefined;
    return isEdit && chat.conversationId ? { parent_id: null } : {};
  }

  const chat: Chat = {
    conversationId: undefined,
    stopped: Promise.resolve(),
    requestOf(ask, streamId, fields) {
      const question = ask.messages.at(-1);
      if (question?.role !== "user") {
        throw new TypeError(`Cannot ask the relay: the last message is of the role "${question?.role}", not "user"`);
      }
      chat.conversationId = fields.conversation_id ?? chat.conversationId ??
        conversationIn(ask.messages);
      const common = { ...fields, conversation_id: chat.conversationId, stream_id: streamId };
      if (ask.trigger === "regenerate-message") {
        const row = rowOf(question);
        if (row) return { ...common, reroll_of: row };
        // It may have arrived without an answer: the same request cannot be stored twice.
        const attempt = attempts.get(question.id);
        if (attempt) return attempt;
      }
      const request = { ...common, prompt: textOf(question), ...placeOf(ask) };
      rows.delete(question.id);
      attempts.set(question.id, request);
      return request;
    },
    began(questionId, { conversation_id, parent_id }) {
      chat.conversationId = conversation_id;
      if (questionId && parent_id) rows.set(questionId, parent_id);
    },
    ended({ streamId, messageId }) {
      if (messageId) rows.set(streamId, messageId);
    },
  };
  return chat;
}

function conversationIn(messages: UIMessage[]): string | undefined {
  const told = messages.findLast(({ metadata }) => (metadata as StoryMetadata | undefined)?.conversation_id);
  return (told?.metadata as StoryMetadata | undefined)?.conversation_id;
}

function textOf({ parts }: UIMessage): string {
  return parts.map((part) => {
    if (part.type === "text") return part.text;
    throw new TypeError(`Cannot ask the relay: a message has a part of the type "${part.type}", not "text"`);
  }).join("\n");
}
