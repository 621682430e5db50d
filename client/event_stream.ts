/** Reads the events of one answer. */

import { createParser, type EventSourceMessage } from "eventsource-parser";
import { RelayClientError, unreachable } from "./errors.ts";

/** Characters of one event; a stored message comes back as one, and has at most 10 Mi. */
const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Hands each event on, until `onEvent` says that it was the last; what it throws ends the reading. An answer that ends
 * before is an interruption, however cleanly it ends: a gateway that loses patience closes a stream like that.
 */
export async function readEvents(
  chunks: AsyncIterable<string>,
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
  for await (const chunk of chunks) {
    parser.feed(chunk);
    if (ended) return;
  }
  throw unreachable("Cannot read the stream: its end did not come");
}
