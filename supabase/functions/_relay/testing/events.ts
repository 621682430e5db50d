/** Reads event streams as a client does. */

import { createParser } from "eventsource-parser";

/** One event as a parser gives it; `id` is absent where the stream gives none. */
export interface SeenEvent {
  event: string;
  data: string;
  id?: string;
}

/** What a client has seen of a stream. */
export interface Seen {
  events: SeenEvent[];
  /** True once the stream has ended. */
  readonly ended: boolean;
  /** What came by its name: the JSON of the one event of that name. */
  json(event: string): unknown;
  /** The text of all tokens. */
  readonly text: string;
  leave(): Promise<void>;
}

/** Reads in the background from now on; fails the test where the stream breaks. */
export function readEvents(body: ReadableStream<Uint8Array>): Seen {
  const events: SeenEvent[] = [];
  const reader = body.getReader();
  let ended = false;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parser = createParser({
    onEvent: ({ event = "message", data, id }) => events.push(id === undefined ? { event, data } : { event, data, id }),
  });
  (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parser.feed(decoder.decode(value, { stream: true }));
    }
    ended = true;
  })();
  return {
    events,
    get ended() {
      return ended;
    },
    json(name) {
      const [found, ...more] = events.filter(({ event }) => event === name);
      if (!found || more.length > 0) {
        throw new Error(`There is not one ${name} in ${JSON.stringify(events)}`);
      }
      return JSON.parse(found.data);
    },
    get text() {
      return events.filter(({ event }) => event === "token").map(({ data }) => data).join("");
    },
    leave: () => reader.cancel("the client left"),
  };
}
