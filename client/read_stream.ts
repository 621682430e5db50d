/** Reads the body of an answer: as text, as server-sent events, as JSON. */

import { RelayClientError, unreachable } from "./errors.ts";
import type { ByteStream } from "./types.ts";

/** Characters of one event; the relay sends at most 256 Ki units of text in one. */
const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Ends with the body or the signal; leaving the loop cancels the body. Some implementations of fetch ignore a signal
 * once the headers have come, or a cancel of what they read, so this listens to it as well.
 */
export async function* readText(body: ByteStream, signal: AbortSignal): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let end = () => {};
  const leave = () => {
    end();
    reader.cancel().catch(() => {});
  };
  signal.addEventListener("abort", leave, { once: true });
  try {
    while (!signal.aborted) {
      // A race with one promise for the whole stream would keep something of each read until its end.
      const { done, value } = await new Promise<Awaited<ReturnType<typeof reader.read>>>((resolve, reject) => {
        end = () => resolve({ done: true });
        reader.read().then(resolve, reject);
      });
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

/** One event of a stream, by its fields. */
export interface StreamEvent {
  event?: string;
  id?: string;
  data: string;
}

/**
 * Gives each event that has data to `onEvent` until that answers true; what it throws ends the reading. A stream that
 * ends earlier was interrupted, however cleanly it ends: a gateway at its time limit closes a stream like that.
 */
export async function readEvents(
  texts: AsyncIterable<string>,
  onEvent: (event: StreamEvent) => boolean,
): Promise<void> {
  /** The line whose end has not come, and the event whose blank line has not. */
  let line = "";
  let fields: Record<string, string> = {};
  let size = 0;
  let isAfterReturn = false;
  for await (const text of texts) {
    // A CR LF may be cut in two.
    const part = isAfterReturn ? text.replace(/^\n/, "") : text;
    if (text) isAfterReturn = text.endsWith("\r");
    size += part.length;
    // A long line comes in many parts, and is not searched again with each of them.
    const lines = /[\r\n]/.test(part) ? (line + part).split(/\r\n?|\n/) : [line + part];
    line = lines.pop()!;
    for (const whole of lines) {
      if (whole) {
        const [, name, value] = /^([^:]*):? ?([^]*)/.exec(whole)!;
        fields[name] = name === "data" && "data" in fields ? `${fields.data}\n${value}` : value;
      } else {
        if ("data" in fields && onEvent(fields as unknown as StreamEvent)) return;
        fields = {};
        size = line.length;
      }
    }
    if (size > MAX_EVENT_CHARACTERS) {
      throw new RelayClientError(
        "unexpected_response",
        `Cannot read the stream: the limit of an event is ${MAX_EVENT_CHARACTERS} characters`,
      );
    }
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
