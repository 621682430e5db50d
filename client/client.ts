/** A client of the relay, for browsers, Deno and Node. */

import { type Address, credentialsOf } from "./credentials.ts";
import type { RelayClientError } from "./errors.ts";
import { parseJson } from "./read_stream.ts";
import { readGeneration } from "./reconnect.ts";
import { type Answer, createSend } from "./requests.ts";
import { createRetry } from "./retry.ts";
import { newStreamId } from "./stream_id.ts";
import type {
  After,
  BotTest,
  CancelOptions,
  CancelStatus,
  ClientOptions,
  Generation,
  Id,
  Preview,
  ReadOptions,
  ResumeOptions,
  StartRequest,
} from "./types.ts";

export type { Address, SupabaseLike } from "./credentials.ts";
export { type ClientErrorCode, RelayClientError } from "./errors.ts";
export type * from "./types.ts";

/** Starts, resumes and cancels generations of one user. */
export interface RelayClient {
  /** Starts a generation and reads it. A `stream_id` that exists already is read, never generated twice. */
  start(request: StartRequest, options?: ReadOptions): Generation;
  /** Reads a generation that exists: one that runs, here or on another device, or one that has ended. */
  resume(streamId: string, options?: ResumeOptions): Generation;
  /** Stops a generation for all its readers; gives "cancelling", or how it had ended. Rejects with a RelayClientError. */
  cancel(streamId: string, options?: CancelOptions): Promise<CancelStatus>;
  /** The `stream_id` of what is being written at the conversation's active leaf, on whichever device; null: nothing. */
  running(conversationId: Id): Promise<string | null>;
  /** What a start would send, and to whom; nothing is stored, and no provider is called. */
  preview(request: StartRequest): Promise<Preview>;
  /** Whether a bot of the user's own works; asks its provider for a word, and stores nothing. */
  testBot(botId: Id): Promise<BotTest>;
}

/** The runtime's timers. */
const startTimer: After = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Takes a SupabaseClient, or the functions' URL and a function that gives a token. */
export function createRelayClient(options: Address & ClientOptions): RelayClient {
  const {
    headers,
    // A browser's fetch refuses another `this`, so it is called by its name.
    fetch: request = (input, init) => fetch(input, init),
    after = startTimer,
    random = Math.random,
  } = options;
  const retry = createRetry(options.retry, after, random);
  const send = createSend(credentialsOf(options), headers, request, after);

  async function ask(path: string, body?: unknown): Promise<Answer> {
    for (let failures = 1;; failures++) {
      try {
        return await send(path, body, new AbortController(), null);
      } catch (cause) {
        const error = cause as RelayClientError;
        if (!await retry(error, failures, false)) throw error;
      }
    }
  }

  async function cancel(streamId: string, options?: CancelOptions): Promise<CancelStatus> {
    const { text } = await ask("/cancel", { stream_id: streamId, ...options });
    return parseJson<{ status: CancelStatus }>(text).status;
  }

  const tools = { send, cancel, retry, after };
  return {
    start(request, options = {}) {
      const streamId = request.stream_id ?? newStreamId();
      const body = { ...request, stream_id: streamId };
      return readGeneration(tools, streamId, body, 0, options);
    },
    resume(streamId, { from = 0, ...options } = {}) {
      return readGeneration(tools, streamId, undefined, from, options);
    },
    cancel,
    running: async (id) => (await ask(`/stream?conversation_id=${encodeURIComponent(id)}`)).streamId,
    preview: async (request) => parseJson((await ask("/stream", { ...request, preview: true })).text),
    testBot: async (bot_id) => parseJson((await ask("/stream/test", { bot_id })).text),
  };
}
