/** A client of the relay for tests: speaks plain HTTP, reads the events as they come. */

import { createParser, type EventSourceMessage } from "eventsource-parser";

/** One event, as a conforming parser gives it. */
export interface StoryEvent {
  event: string;
  id: string | undefined;
  data: string;
}

/** An open stream. */
export interface StoryStream {
  response: Response;
  /** The next event; undefined at the end of the stream. */
  next(): Promise<StoryEvent | undefined>;
  /** The events up to and with the first of this name; throws where the stream ends before. */
  until(name: string): Promise<StoryEvent[]>;
  /** All events that are still to come. */
  rest(): Promise<StoryEvent[]>;
  /** Goes away, as a closed laptop does. */
  leave(): Promise<void>;
}

/** Posts to a function as supabase-js would, with the user's token. */
export function post(url: string, token: string | null, body: unknown, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Reads an answer of POST /stream; throws where it is no event stream. */
export function readStory(response: Response): StoryStream {
  if (response.body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new Error(`The answer is no event stream but has status ${response.status}`);
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const ready: StoryEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }: EventSourceMessage) => ready.push({ event: event ?? "message", id, data }),
    onError: (error) => {
      throw error;
    },
  });
  const stream: StoryStream = {
    response,
    async next() {
      while (ready.length === 0) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        parser.feed(decoder.decode(value, { stream: true }));
      }
      return ready.shift();
    },
    async until(name) {
      const seen: StoryEvent[] = [];
      for (;;) {
        const event = await stream.next();
        if (event === undefined) {
          throw new Error(`The stream ended before "${name}", after ${JSON.stringify(seen)}`);
        }
        seen.push(event);
        if (event.event === name) return seen;
      }
    },
    async rest() {
      const seen: StoryEvent[] = [];
      for (
        let event = await stream.next();
        event;
        event = await stream.next()
      ) seen.push(event);
      return seen;
    },
    leave: () => reader.cancel("the client left"),
  };
  return stream;
}

/** The text that the token events of a stream make. */
export function textOf(events: StoryEvent[]): string {
  return events.filter(({ event }) => event === "token").map(({ data }) => data)
    .join("");
}

/** The parsed data of the one event of this name. */
// deno-lint-ignore no-explicit-any
export function dataOf(events: StoryEvent[], name: string): any {
  const found = events.filter(({ event }) => event === name);
  if (found.length !== 1) {
    throw new Error(`There are ${found.length} events "${name}", not one`);
  }
  return JSON.parse(found[0].data);
}
