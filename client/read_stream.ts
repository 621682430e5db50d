/** Reads the body of an answer: as text, as server-sent events, as JSON. */

import { createParser, type EventSourceMessage } from "eventsource-parser";
import { RelayClientError, unreachable } from "./errors.ts";

/** Characters of one event; the relay sends at most 256 Ki units of text in one. */
const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Ends with the body or the signal; leaving the loop cancels the body. Some implementations of fetch ignore a signal
 * once the headers have come, so this listens to it as well.
 */
export async function* readText(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const leave = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

/**
 * Gives each event to `onEvent` until that answers true; what it throws ends the reading. A stream that ends earlier was
 * interrupted, however cleanly it ends: a gateway at its time limit closes a stream like that.
 */
export async function readEvents(
  texts: AsyncIterable<string>,
  onEvent: (event: EventSourceMessage) => boolean,
): Promise<void> {
  let ended = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent(event) {
      ended ||= onEvent(event);
    },
    onError({ type }) {
      if (type !== "max-buffer-size-exceeded") return;
      throw new RelayClientError(
        "unexpected_response",
        `Cannot read the stream: the limit of an event is ${MAX_EVENT_CHARACTERS} characters`,
      );
    },
  });
  for await (const text of texts) {
    parser.feed(text);
    if (ended) return;
  }
  throw unreachable("Cannot read the stream: it ended without a last event");
}

/** Throws `unexpected_response` if it is not JSON. */
export function parseJson<T>(text: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RelayClientError("unexpected_response", "Cannot use the answer: it is not JSON", { cause });
  }
}
