/** A client of the relay: speaks plain HTTP and reads the events as they come. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
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

/** A stream that was read to its end; pings may come at any time and are left out. */
export interface Ended {
  response: Response;
  events: StreamEvent[];
  /** The data of the first event; a stream that was resumed has none. */
  // deno-lint-ignore no-explicit-any
  start: any;
  text: string;
  /** The name of the last event, and its data. */
  end: string;
  // deno-lint-ignore no-explicit-any
  last: any;
}

/** Reads to the end; checks that there is one, one start unless it was resumed, and that each id is the text's length. */
export async function readToEnd(reader: Reader, from = 0): Promise<Ended> {
  await reader.rest();
  const events = reader.events.filter(({ event }) => event !== "ping");
  const names = events.map(({ event }) => event);
  const end = names.at(-1)!;
  ok(["done", "error"].includes(end), `The last event is ${end}`);
  equal(names.filter((name) => ["start", "done", "error"].includes(name)), from === 0 ? ["start", end] : [end]);
  if (from === 0) equal(names[0], "start");
  let length = from;
  for (const { event, id, data } of events) {
    if (event !== "token") continue;
    equal(id, String(length += data.length));
    ok(data.isWellFormed(), "A token cuts a character");
  }
  const data = ({ data }: StreamEvent) => JSON.parse(data);
  const start = from === 0 ? data(events[0]) : undefined;
  return { response: reader.response, events, start, text: textOf(events), end, last: data(events.at(-1)!) };
}

/** Checks that an answer is this refusal and looks as every refusal does, to pages too; gives the error. */
export async function expectRefusal(
  response: Response,
  status: number,
  code: string,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const text = await response.text();
  const header = (name: string) => response.headers.get(name);
  equal([response.status, header("content-type")], [status, "application/json; charset=utf-8"], text);
  expectReadable(response);
  equal(header("cache-control"), "no-store");
  equal(header("www-authenticate"), status === 401 ? "Bearer" : null);
  equal(response.headers.has("allow"), status === 405);
  const { error, ...others } = JSON.parse(text);
  const mayPass = status === 429 || status === 503 || code === "conversation_busy" || error.resets_at !== undefined;
  equal(Number(header("retry-after")) > 0, mayPass);
  equal([others, error.code], [{}, code], text);
  ok(/^[A-Z].*[^.]$/s.test(error.message), error.message);
  const more: Record<string, string[]> = { invalid_request: ["issues"], conversation_busy: ["stream_id"] };
  // What never begins again has no time.
  if (code === "budget_exceeded" && "resets_at" in error) more[code] = ["resets_at"];
  equal(Object.keys(error).sort(), [...more[code] ?? [], "code", "message"].sort());
  return error;
}

/** Checks that a page of any origin can read the answer, and the headers that a client needs. */
export function expectReadable({ headers, status }: Response): void {
  equal(headers.get("access-control-allow-origin"), "*", `status ${status}`);
  equal(headers.get("access-control-allow-credentials"), null);
  const exposed = headers.get("access-control-expose-headers")?.toLowerCase().split(/ *, */) ?? [];
  equal(READABLE.filter((name) => !exposed.includes(name)), [], `status ${status}`);
  ok(headers.get("x-request-id"), `status ${status}`);
}

const RATE_HEADERS = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
const READABLE = ["x-stream-id", "x-request-id", "retry-after", ...RATE_HEADERS];
