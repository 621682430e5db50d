/** A client of the relay: speaks plain HTTP and reads the events as they come. */

import { createParser } from "eventsource-parser";

/** One event, as a conforming parser gives it. */
export interface StreamEvent {
  event: string;
  id: string | undefined;
  data: string;
}

/** One client's open stream. */
export interface Reader {
  response: Response;
  /** The events that were read so far. */
  events: StreamEvent[];
  /** The next event; undefined at the end of the stream. */
  next(): Promise<StreamEvent | undefined>;
  /** The events up to and with the first of this name; throws if the stream ends before. */
  until(name: string): Promise<StreamEvent[]>;
  /** The events until those read by this call make this text. */
  untilText(text: string): Promise<StreamEvent[]>;
  /** All events that are still to come. */
  rest(): Promise<StreamEvent[]>;
  /** Disconnects, as a closed laptop does. */
  leave(): Promise<void>;
}

/** Posts to a function as supabase-js would, with the user's token. */
export function post(
  url: string,
  token: string | null,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
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

/** Reads an answer of the function stream; throws if it is no event stream. */
export function readEvents(response: Response): Reader {
  if (response.body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new Error(`The answer is no event stream but has status ${response.status}`);
  }
  const body = response.body.getReader();
  const decoder = new TextDecoder();
  const ready: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id, data }) => ready.push({ event, id, data }),
    onError(error) {
      throw error;
    },
  });

  async function next(): Promise<StreamEvent | undefined> {
    while (ready.length === 0) {
      const { done, value } = await body.read();
      if (done) return undefined;
      parser.feed(decoder.decode(value, { stream: true }));
    }
    const event = ready.shift()!;
    reader.events.push(event);
    return event;
  }

  async function collect(isEnough: (seen: StreamEvent[]) => boolean, what?: string): Promise<StreamEvent[]> {
    const seen: StreamEvent[] = [];
    while (!isEnough(seen)) {
      const event = await next();
      if (event !== undefined) seen.push(event);
      else if (what === undefined) return seen;
      else throw new Error(`The stream ended before ${what}, after ${JSON.stringify(seen)}`);
    }
    return seen;
  }

  const reader: Reader = {
    response,
    events: [],
    next,
    until: (name) => collect((seen) => seen.at(-1)?.event === name, `"${name}"`),
    untilText: (text) => collect((seen) => textOf(seen) === text, `the text ${JSON.stringify(text)}`),
    rest: () => collect(() => false),
    leave: () => body.cancel("the client left"),
  };
  return reader;
}

/** A connection whose answer stays in its sockets until somebody reads it; fetch would read ahead. */
export interface StalledReader {
  /** Reads what has waited, to the end of the connection. */
  rest(): Promise<string>;
  close(): void;
}

/** Posts below HTTP, and takes the status line at most. */
export async function postAndStall(url: string, token: string, body: unknown): Promise<StalledReader> {
  const { hostname, port, pathname } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const text = JSON.stringify(body);
  const request = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    `Content-Length: ${new TextEncoder().encode(text).length}`,
    // Otherwise the end of the answer is not the end of the connection.
    "Connection: close",
    "",
    text,
  ].join("\r\n");
  await new Response(request).body!.pipeTo(connection.writable, { preventClose: true });
  return {
    rest: () => new Response(connection.readable).text(),
    close() {
      try {
        connection.close();
      } catch {
        // It was read to its end.
      }
    },
  };
}

/** The text that the token events make. */
export function textOf(events: StreamEvent[]): string {
  return events.filter(({ event }) => event === "token").map(({ data }) => data).join("");
}

/** The parsed data of the one event of this name. */
// deno-lint-ignore no-explicit-any
export function dataOf(events: StreamEvent[], name: string): any {
  const found = events.filter(({ event }) => event === name);
  if (found.length !== 1) throw new Error(`There are ${found.length} events "${name}", not one`);
  return JSON.parse(found[0].data);
}
