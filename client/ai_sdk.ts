/** Lets the AI SDK's useChat speak with the relay. An entry of its own: the client alone knows nothing of it. */

import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import { type Chat, createChat, type RelayFields } from "./ai_sdk_chats.ts";
import { chunksOf } from "./ai_sdk_chunks.ts";
import type { RelayClient } from "./client.ts";
import type { RelayClientError } from "./errors.ts";
import { newStreamId } from "./stream_id.ts";
import type { Generation } from "./types.ts";

export type { RelayFields } from "./ai_sdk_chats.ts";
export { type StoryMetadata, type StoryRow, toUIMessages } from "./ai_sdk_history.ts";

/** Where the stream that a chat reads is remembered. */
export type StreamStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** How useChat's chats become the relay's conversations. */
export interface RelayTransportOptions {
  client: RelayClient;
  /** Sent with each start; `sendMessage(…, { body })` has precedence. */
  request?: RelayFields;
  /** The conversation of a chat, where the page knows it; else that of its messages, or a new one. */
  conversation?(chatId: string): string | undefined;
  /** Lets a page that is loaded again resume what it was reading, such as sessionStorage. */
  storage?: StreamStorage;
}

/**
 * Each message that is sent is one generation; `regenerate` asks for another answer to the same stored message, and stop
 * cancels. useChat reads no further than its stop, so the end is read here: the next message hangs below what was stored.
 */
export function createRelayTransport<Message extends UIMessage>(
  { client, request = {}, conversation, storage }: RelayTransportOptions,
): ChatTransport<Message> {
  const chats = new Map<string, Chat>();
  const streams = storage ?? createMemory();

  function chatOf(chatId: string): Chat {
    const chat = chats.get(chatId) ?? createChat();
    chats.set(chatId, chat);
    chat.conversationId ??= conversation?.(chatId);
    return chat;
  }

  /** Follows a generation to its end, whether or not useChat does; its stop cancels. */
  function show(
    generation: Generation,
    chatId: string,
    chat: Chat,
    signal: AbortSignal | undefined,
  ): ReadableStream<UIMessageChunk> {
    const key = keyOf(chatId);
    const stop = () => {
      chat.stopped = generation.cancel().catch(() => {});
    };
    streams.setItem(key, generation.streamId);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    generation.done.then((result) => {
      signal?.removeEventListener("abort", stop);
      chat.ended(result);
      // Without its end a stream may still be resumed.
      const isOver = result.outcome !== "detached" &&
        result.error?.code !== "unreachable";
      if (isOver && streams.getItem(key) === generation.streamId) {
        streams.removeItem(key);
      }
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

  return {
    resumeStreamIsReplay: true,
    async sendMessages({ chatId, abortSignal, body, ...ask }) {
      const chat = chatOf(chatId);
      await chat.stopped;
      const fields = { ...request, ...body };
      const generation = client.start(
        chat.requestOf(ask, newStreamId(), fields),
        { onStart: (start) => chat.began(ask.messages.at(-1)?.id, start) },
      );
      return show(generation, chatId, chat, abortSignal);
    },
    async reconnectToStream({ chatId, abortSignal, body }) {
      const chat = chatOf(chatId);
      const key = keyOf(chatId);
      const named = (body ?? {}) as { stream_id?: string };
      const streamId = named.stream_id ?? streams.getItem(key);
      if (!streamId) return null;
      const generation = client.resume(streamId, { onStart: (start) => chat.began(undefined, start) });
      // A page that goes away before it has seen anything has not stopped the story.
      const leave = () => generation.detach();
      abortSignal?.addEventListener("abort", leave, { once: true });
      if (abortSignal?.aborted) leave();
      try {
        const { done } = await generation[Symbol.asyncIterator]().next();
        if (done) return null;
      } catch (error) {
        if ((error as RelayClientError).code !== "stream_not_found") {
          throw error;
        }
        streams.removeItem(key);
        return null;
      } finally {
        abortSignal?.removeEventListener("abort", leave);
      }
      return show(generation, chatId, chat, abortSignal);
    },
  };
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
