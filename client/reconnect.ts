/** Keeps the reader of a generation connected until the generation ends. */

import { failureOf, unreachable } from "./errors.ts";
import { createGenerationState, eventsOf, type GenerationState, showText, takeEvent } from "./generation.ts";
import { readEvents, readText } from "./read_stream.ts";
import type { Send } from "./requests.ts";
import type { Retry } from "./retry.ts";
import type { After, ByteStream, CancelOptions, Generation, GenerationEvent, ReadOptions } from "./types.ts";

/** The relay sends a ping after 4 s without an event; past this the connection is dead, whatever the socket says. */
const SILENCE_MS = 15_000;

/** What a reader needs. */
export interface ReaderTools {
  send: Send;
  cancel(streamId: string, options: CancelOptions): Promise<unknown>;
  retry: Retry;
  after: After;
}

/** Reads a generation to its end; `body` is that of POST /stream, absent if the generation exists. */
export function readGeneration(
  tools: ReaderTools,
  streamId: string,
  body: unknown,
  from: number,
  { signal, ...callbacks }: ReadOptions,
): Generation {
  const state = createGenerationState(streamId, from, callbacks);
  const { run, cancel, detach } = createReader(tools, state, body);
  signal?.addEventListener("abort", detach, { once: true });
  if (signal?.aborted) detach();
  run().finally(() => signal?.removeEventListener("abort", detach));
  return {
    streamId,
    get start() {
      return state.start;
    },
    get text() {
      return state.text;
    },
    get tokens() {
      return tokensOf(eventsOf(state, from));
    },
    done: state.done,
    cancel,
    detach,
    [Symbol.asyncIterator]: () => eventsOf(state, from),
  };
}

/**
 * Until the relay has answered once, the POST is repeated with the same `stream_id`, which cannot start a second
 * generation; then the stream is resumed after the text that came. The reading ends with a last event, with a failure
 * that is not transient, or with detach(), and with nothing else.
 */
function createReader({ send, cancel, retry, after }: ReaderTools, state: GenerationState, body: unknown) {
  const { streamId, callbacks } = state;
  let connection: AbortController;
  let isCancelling = false;
  let hasBegun = false;
  let begin!: () => void;
  const beginning = new Promise<void>((resolve) => begin = resolve);
  let skipWait = () => {};

  async function connect(): Promise<void> {
    // The start may have been lost on its way: only the relay knows whether there is something to stop.
    if (isCancelling && !hasBegun) {
      await send("/cancel", { stream_id: streamId }, connection, null);
      hasBegun = true;
      return begin();
    }
    if (hasBegun) body = undefined;
    const path = body ? "/stream" : `/stream/${encodeURIComponent(streamId)}`;
    const { stream } = await send(path, body, connection, state.offset);
    hasBegun = true;
    begin();
    await readConnection(stream, connection, state, after);
  }

  return {
    async run() {
      for (let failures = 0; !state.result;) {
        const { activity } = state;
        connection = new AbortController();
        try {
          await connect();
        } catch (cause) {
          if (state.result) return;
          const error = failureOf(cause, connection.signal, "Cannot read the stream: the connection failed");
          if (isCancelling && body && !hasBegun && error.code === "stream_not_found") return state.settle("cancelled");
          failures = state.activity > activity ? 1 : failures + 1;
          const again = await retry(error, failures, hasBegun, (ms, skip) => {
            skipWait = skip;
            state.notify(() => callbacks.onRetry?.(error, ms));
          });
          if (!again) state.settle("failed", error);
        }
      }
    },
    async cancel() {
      isCancelling = true;
      // What came until now is all that will be stored; who has seen nothing, such as a page that was just loaded, does
      // not know what was seen before.
      state.isCut ||= state.text !== "";
      skipWait();
      await Promise.race([beginning, state.done]);
      if (!state.result) {
        try {
          await cancel(streamId, state.isCut ? { at: state.offset - state.hidden.length } : {});
        } catch (error) {
          showText(state);
          throw error;
        }
      }
      return state.done;
    },
    detach() {
      state.settle("detached");
      connection?.abort(unreachable("The reader left"));
      skipWait();
    },
  };
}

/** Reads one connection, and aborts it when it falls silent. */
async function readConnection(
  stream: ByteStream,
  connection: AbortController,
  state: GenerationState,
  after: After,
): Promise<void> {
  let stopWatch = () => {};
  const watch = () => {
    stopWatch();
    stopWatch = after(SILENCE_MS, () => connection.abort(unreachable("Cannot read the stream: nothing came for 15 s")));
  };
  watch();
  try {
    await readEvents(readText(stream, connection.signal), (event) => {
      watch();
      return takeEvent(state, event);
    });
  } finally {
    stopWatch();
  }
}

async function* tokensOf(events: AsyncIterable<GenerationEvent>) {
  for await (const event of events) {
    if (event.type === "token") yield event.text;
  }
}
