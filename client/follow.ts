/** Keeps a generation's reader connected until the generation ends. */

import { chunksOf } from "./bytes.ts";
import { failureOf, unreachable } from "./errors.ts";
import { readEvents } from "./event_stream.ts";
import { createReading } from "./reading.ts";
import type { Send } from "./requests.ts";
import type { Retry } from "./retry.ts";
import type { After } from "./timers.ts";
import type { Generation, GenerationEvent, ReadOptions } from "./types.ts";

/** The relay sends a ping after 10 s without an event; past this the connection is dead, whatever the socket says. */
const SILENCE_MS = 25_000;

/** What following needs. */
export interface FollowTools {
  send: Send;
  cancelOnce(streamId: string): Promise<unknown>;
  cancel(streamId: string): Promise<unknown>;
  retry: Retry;
  after: After;
}

/**
 * `body` is that of POST /stream; without one the generation exists. Until the relay has answered once, the POST is repeated
 * with the same `stream_id`, which cannot start a second generation; then the stream is resumed behind the text that
 * came. The reading ends with an event, with a failure that does not pass, or with detach(), and with nothing else.
 */
export function follow(
  { send, cancelOnce, cancel, retry, after }: FollowTools,
  streamId: string,
  body: unknown,
  from: number,
  { signal, ...callbacks }: ReadOptions,
): Generation {
  const reading = createReading(streamId, from, callbacks);
  let connection: AbortController;
  let cancelling = false;
  let begun = false;
  let begin!: () => void;
  const beginning = new Promise<void>((resolve) => {
    begin = () => {
      begun = true;
      resolve();
    };
  });
  let hurry = () => {};

  async function connect(): Promise<void> {
    // A start that may have been lost on its way: only the relay knows whether there is something to stop.
    if (cancelling && !begun) {
      await cancelOnce(streamId);
      return begin();
    }
    if (begun) body = undefined;
    const { stream } = await send(
      body ? "/stream" : `/stream/${encodeURIComponent(streamId)}`,
      body,
      connection,
      reading.offset,
    );
    begin();
    let rest = () => {};
    const watch = () => {
      rest();
      rest = after(SILENCE_MS, () => connection.abort(unreachable("Cannot read the stream: nothing came for 25 s")));
    };
    watch();
    try {
      await readEvents(chunksOf(stream, connection.signal), (event) => {
        watch();
        return reading.take(event);
      });
    } finally {
      rest();
    }
  }

  async function run(): Promise<void> {
    for (let failures = 0; !reading.result;) {
      const { news } = reading;
      connection = new AbortController();
      try {
        await connect();
      } catch (cause) {
        if (reading.result) return;
        const error = failureOf(cause, connection.signal, "Cannot read the stream: the connection failed");
        if (cancelling && body && !begun && error.code === "stream_not_found") {
          return reading.settle("cancelled");
        }
        failures = reading.news > news ? 1 : failures + 1;
        const again = await retry(error, failures, begun, (ms, skip) => {
          hurry = skip;
          reading.tell(() => callbacks.onRetry?.(error, ms));
        });
        if (!again) reading.settle("failed", error);
      }
    }
  }

  function detach() {
    reading.settle("detached");
    connection?.abort(unreachable("The reader left"));
    hurry();
  }

  signal?.addEventListener("abort", detach, { once: true });
  if (signal?.aborted) detach();
  run().finally(() => signal?.removeEventListener("abort", detach));

  return {
    streamId,
    get start() {
      return reading.start;
    },
    get text() {
      return reading.text;
    },
    get tokens() {
      return textOf(reading.events());
    },
    done: reading.done,
    async cancel() {
      cancelling = true;
      hurry();
      await Promise.race([beginning, reading.done]);
      if (!reading.result) await cancel(streamId);
      return reading.done;
    },
    detach,
    [Symbol.asyncIterator]: () => reading.events(),
  };
}

async function* textOf(events: AsyncIterable<GenerationEvent>) {
  for await (const event of events) {
    if (event.type === "token") yield event.text;
  }
}
