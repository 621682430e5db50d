/** Knows the rows of a chat's messages, and makes the request for what useChat asks. */

import type { UIMessage } from "ai";
import type { Id, Result, StartData, StartRequest } from "../types.ts";
import type { StoryMetadata } from "./history.ts";

/** What a chat may send with its messages. */
export type RelayFields = Pick<
  StartRequest,
  "bot_id" | "system" | "on_disconnect" | "conversation_id"
>;

/** What one request may ask for in place of an answer to a question; a message by its row, or by its id in useChat. */
export interface TurnFields extends RelayFields {
  /** For `regenerate`: the answer to go on with. */
  continue_of?: Id | undefined;
  /** For `resumeStream`: the message to answer. */
  answer_to?: Id | undefined;
}

/** What useChat asks for. */
export interface ChatRequest {
  trigger: "submit-message" | "regenerate-message";
  messageId: string | undefined;
  messages: UIMessage[];
}

/** One chat, as far as the relay has answered about it. */
export interface Chat {
  conversationId: Id | undefined;
  /** Settles once a stopped generation has ended, and the row of its answer is known. */
  stopped: Promise<unknown>;
  /** The body of POST /stream; throws a TypeError for what the relay does not do. */
  requestOf(asked: ChatRequest, streamId: string, fields: TurnFields): StartRequest;
  /** The same for a bot that takes its turn after any message. */
  answerTo(messageId: Id, streamId: string, fields: RelayFields): StartRequest;
  /** Takes the start of a generation: its parent is the row of the question. */
  started(questionId: string | undefined, start: Pick<StartData, "conversation_id" | "parent_id">): void;
  /** Takes its end: the row of the answer. */
  ended(result: Result): void;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The relay does not know the ids of useChat's own messages, so each is kept with its row. A message that is older than
 * the page, and of which nothing else is known, is taken to have its row's id.
 */
export function createChat(): Chat {
  const rows = new Map<string, Id>();
  const attempts = new Map<string, StartRequest>();

  function rowOf({ id, metadata }: UIMessage): Id | undefined {
    const { message_id, stream_id } = (metadata ?? {}) as StoryMetadata;
    const known = rows.get(id) ?? message_id;
    if (known) return known;
    return !stream_id && !attempts.has(id) && UUID.test(id) ? id : undefined;
  }

  const knownRow = (id: Id) => rows.get(String(id)) ?? id;

  function parentOf({ trigger, messageId, messages }: ChatRequest) {
    const before = messages.at(-2);
    if (before) return { parent_id: rowOf(before) };
    // The first message was edited: the new one is another root of the same conversation.
    const isEdit = trigger === "submit-message" && messageId !== undefined;
    return isEdit && chat.conversationId ? { parent_id: null } : {};
  }

  const chat: Chat = {
    conversationId: undefined,
    stopped: Promise.resolve(),
    answerTo: (messageId, streamId, fields) => ({ ...fields, stream_id: streamId, answer_to: knownRow(messageId) }),
    requestOf(asked, streamId, { continue_of, answer_to: _, ...fields }) {
      const question = asked.messages.at(-1);
      if (question?.role !== "user") {
        throw new TypeError(`Cannot ask the relay: the last message is of the role "${question?.role}", not "user"`);
      }
      chat.conversationId = fields.conversation_id ?? chat.conversationId ??
        conversationIn(asked.messages);
      const common = { ...fields, conversation_id: chat.conversationId, stream_id: streamId };
      if (continue_of) return { ...common, continue_of: knownRow(continue_of) };
      if (asked.trigger === "regenerate-message") {
        const row = rowOf(question);
        if (row) return { ...common, reroll_of: row };
        // The question may be stored although its answer was lost: the same request cannot be stored twice.
        const attempt = attempts.get(question.id);
        if (attempt) return attempt;
      }
      const request = { ...common, prompt: textOf(question), ...parentOf(asked) };
      rows.delete(question.id);
      attempts.set(question.id, request);
      return request;
    },
    started(questionId, { conversation_id, parent_id }) {
      chat.conversationId = conversation_id;
      if (questionId && parent_id) rows.set(questionId, parent_id);
    },
    ended({ streamId, messageId }) {
      if (messageId) rows.set(streamId, messageId);
    },
  };
  return chat;
}

function conversationIn(messages: UIMessage[]): Id | undefined {
  const ids = messages.map(({ metadata }) => (metadata as StoryMetadata | undefined)?.conversation_id);
  return ids.findLast((id) => id);
}

function textOf({ parts }: UIMessage): string {
  return parts.map((part) => {
    if (part.type === "text") return part.text;
    throw new TypeError(`Cannot ask the relay: a message has a part of the type "${part.type}", not "text"`);
  }).join("\n");
}
