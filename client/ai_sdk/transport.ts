/** Lets the AI SDK's useChat use the relay. An entry of its own: the client alone imports nothing of it. */

import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import type { RelayClient } from "../client.ts";
import type { RelayClientError } from "../errors.ts";
import { newStreamId } from "../stream_id.ts";
import type { Generation, Id } from "../types.ts";
import { type Chat, createChat, type RelayFields } from "./chats.ts";
import { chunksOf } from "./chunks.ts";

export type { RelayFields } from "./chats.ts";
export { type StoryMetadata, type StoryRow, toUIMessages } from "./history.ts";

/** Where the stream that a chat reads is remembered. */
export type StreamStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** How useChat's chats become the relay's conversations. */
export interface RelayTransportOptions {
  client: RelayClient;
  /** Sent with each start; `sendMessage(…, { body })` has precedence. */
  request?: RelayFields;
  /** The conversation of a chat, if the page knows it; else that of its messages, or a new one. */
  conversation?(chatId: string): Id | undefined;
  /** Lets a page resume its stream after a reload, such as sessionStorage. */
  storage?: StreamStorage;
}

/** Each message that is sent is one generation; `regenerate` asks for another answer to the same one; stop cancels. */
export function createRelayTransport<Message extends UIMessage>(
  { client, request = {}, conversation, storage = createMemory() }: RelayTransportOptions,
): ChatTransport<Message> {
  const chats = new Map<string, Chat>();

  function chatOf(chatId: string): Chat {
    const chat = chats.get(chatId) ?? createChat();
    chats.set(chatId, chat);
    chat.conversationId ??= conversation?.(chatId);
    return chat;
  }

  return {
    resumeStreamIsReplay: true,
    async sendMessages({ chatId, abortSignal, body, ...asked }) {
      const chat = chatOf(chatId);
      await chat.stopped;
      const generation = client.start(
        chat.requestOf(asked, newStreamId(), { ...request, ...body }),
        { onStart: (start) => chat.started(asked.messages.at(-1)?.id, start) },
      );
      return streamChunks(generation, chat, storage, keyOf(chatId), abortSignal);
    },
    async reconnectToStream({ chatId, abortSignal, body }) {
      const chat = chatOf(chatId);
      const key = keyOf(chatId);
      const streamId = (body as { stream_id?: string } | undefined)?.stream_id ?? storage.getItem(key);
      if (!streamId) return null;
      const generation = client.resume(streamId, { onStart: (start) => chat.started(undefined, start) });
      const state = await stateOf(generation, abortSignal);
      if (state === "forgotten") storage.removeItem(key);
      return state === "begun" ? streamChunks(generation, chat, storage, key, abortSignal) : null;
    },
  };
}

/**
 * Waits for the first event of a resumed stream; "forgotten": the relay does not know it. A page that goes away before
 * then detaches: it has shown nothing that its user could have stopped.
 */
async function stateOf(
  generation: Generation,
  signal: AbortSignal | undefined,
): Promise<"begun" | "left" | "forgotten"> {
  const leave = () => generation.detach();
  signal?.addEventListener("abort", leave, { once: true });
  if (signal?.aborted) leave();
  try {
    const { done } = await generation[Symbol.asyncIterator]().next();
    return done ? "left" : "begun";
  } catch (error) {
    if ((error as RelayClientError).code !== "stream_not_found") throw error;
    return "forgotten";
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

/**
 * Follows a generation to its end even if useChat does not: it stops reading when it is stopped, and the next message
 * needs the row of what was stored. An abort of the signal is useChat's stop, and cancels.
 */
function streamChunks(
  generation: Generation,
  chat: Chat,
  storage: StreamStorage,
  key: string,
  signal: AbortSignal | undefined,
): ReadableStream<UIMessageChunk> {
  const stop = () => {
    chat.stopped = generation.cancel().catch(() => {});
  };
  storage.setItem(key, generation.streamId);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  generation.done.then((result) => {
    signal?.removeEventListener("abort", stop);
    chat.ended(result);
    // A stream whose end did not come can still be resumed.
    const isOver = result.outcome !== "detached" && result.error?.code !== "unreachable";
    if (isOver && storage.getItem(key) === generation.streamId) storage.removeItem(key);
  });
  const chunks = chunksOf(generation);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel() {
      if (!signal?.aborted) generation.detach();
    },
  }, { highWaterMark: 0 });
}

const keyOf = (chatId: string) => `relay-stream:${chatId}`;

/** Lasts as long as the page. */
function createMemory(): StreamStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
