/** Lets the AI SDK's useChat use the relay. An entry of its own: the client alone imports nothing of it. */

import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import type { RelayClient } from "../client.ts";
import type { RelayClientError } from "../errors.ts";
import { createStreamMemory, type StreamMemory, type StreamStorage } from "../history.ts";
import { newStreamId } from "../stream_id.ts";
import type { Generation, Id, StartData } from "../types.ts";
import { type Chat, createChat, type RelayFields, type TurnFields } from "./chats.ts";
import { chunksOf } from "./chunks.ts";
import type { StoryMetadata } from "./history.ts";

export type { RelayFields, TurnFields } from "./chats.ts";
export type { StreamStorage } from "../history.ts";
export { loadConversation, type StoryMetadata, type StoryRow, toUIMessages } from "./history.ts";

/** How often a question waits for an answer that is still being written; then it fails, and `regenerate` asks again. */
const MAX_WAITS = 3;

/** How useChat's chats become the relay's conversations. */
export interface RelayTransportOptions {
  client: RelayClient;
  /** Sent with each start; `sendMessage(…, { body })` has precedence. */
  request?: RelayFields | undefined;
  /** The conversation of a chat, if the page knows it; else that of its messages, or a new one. */
  conversation?: ((chatId: string) => Id | undefined) | undefined;
  /** Lets a page resume its stream after a reload, such as sessionStorage. */
  storage?: StreamStorage | undefined;
  /** What the page has loaded. A resumed answer takes the place of the one to the same message. */
  messages?: ((chatId: string) => UIMessage[]) | undefined;
}

/** The second part is of `ai` 7: it has a resumed stream replace what the page shows of it. */
type RelayTransport<Message extends UIMessage> = ChatTransport<Message> & { resumeStreamIsReplay: boolean };

/** Each message that is sent is one generation; `regenerate` asks for another answer to the same one; stop cancels. */
export function createRelayTransport<Message extends UIMessage>(
  { client, request = {}, conversation, storage = createStorage(), messages = () => [] }: RelayTransportOptions,
): RelayTransport<Message> {
  const memory = createStreamMemory("relay-stream:", () => storage);
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
      const streamId = newStreamId();
      const turn = chat.requestOf(asked, streamId, { ...request, ...body });
      for (let waits = 0;; waits++) {
        const generation = client.start(turn, {
          onStart(start) {
            chat.started(asked.messages.at(-1)?.id, start);
            for (const key of keysOf(chatId, chat)) memory.set(key, streamId);
          },
        });
        const stream = streamChunks(generation, chunksOf(generation), chat, memory, chatId, abortSignal);
        const running = await answerBefore(generation);
        if (!running || waits === MAX_WAITS) return stream;
        // The same request is sent once that has ended; the user's message stays where it is until then.
        await client.resume(running, { signal: abortSignal }).done;
        abortSignal?.throwIfAborted();
      }
    },
    async reconnectToStream({ chatId, abortSignal, body }) {
      const chat = chatOf(chatId);
      const { answer_to, stream_id, ...fields } = (body ?? {}) as TurnFields & { stream_id?: string };
      const keys = keysOf(chatId, chat);
      const callbacks = { onStart: (start: StartData) => chat.started(undefined, start) };
      if (answer_to) {
        await chat.stopped;
        const turn = chat.answerTo(answer_to, newStreamId(), { ...request, ...fields });
        const generation = client.start(turn, callbacks);
        return streamChunks(generation, chunksOf(generation), chat, memory, chatId, abortSignal);
      }
      const streamId = stream_id ?? keys.map(memory.get).find((id) => id) ??
        (chat.conversationId ? await client.running(chat.conversationId) : null);
      if (!streamId) return null;
      const generation = client.resume(streamId, callbacks);
      const state = await stateOf(generation, abortSignal);
      if (state === "forgotten") keys.forEach((key) => memory.remove(key, streamId));
      if (state !== "begun") return null;
      const chunks = chunksOf(generation, ({ parent_id }) => {
        const old = messages(chatId).find(({ metadata }) => (metadata as StoryMetadata)?.parent_id === parent_id);
        return old?.id ?? streamId;
      });
      return streamChunks(generation, chunks, chat, memory, chatId, abortSignal);
    },
  };
}

/** Waits for the first event; gives the generation that a refused one would have to wait for. */
async function answerBefore(generation: Generation): Promise<string | undefined> {
  try {
    await generation[Symbol.asyncIterator]().next();
  } catch (error) {
    return (error as RelayClientError).streamId;
  }
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
  chunks: AsyncGenerator<UIMessageChunk, void>,
  chat: Chat,
  memory: StreamMemory,
  chatId: string,
  signal: AbortSignal | undefined,
): ReadableStream<UIMessageChunk> {
  const stop = () => {
    chat.stopped = generation.cancel().catch(() => {});
  };
  const { streamId } = generation;
  for (const key of keysOf(chatId, chat)) memory.set(key, streamId);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  generation.done.then((result) => {
    signal?.removeEventListener("abort", stop);
    chat.ended(result);
    // A stream whose end did not come can still be resumed.
    const isOver = result.outcome !== "detached" && result.error?.code !== "unreachable";
    if (isOver) keysOf(chatId, chat).forEach((key) => memory.remove(key, streamId));
  });
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

/** A page that is loaded again may know the conversation alone. */
function keysOf(chatId: string, { conversationId = chatId }: Chat): string[] {
  return [...new Set([chatId, String(conversationId)])];
}

/** Lasts as long as the page. */
function createStorage(): StreamStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
