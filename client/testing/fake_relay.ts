/** A relay whose every answer a test decides, behind a `fetch` and a clock that stands still. */

import { createManualClock, type ManualClock } from "../../supabase/functions/_relay/testing/platform.ts";
import { encodeEvent } from "../../supabase/functions/_relay/protocol/events.ts";
import { createRelayClient, type RelayClient } from "../client.ts";
import type { SupabaseLike } from "../credentials.ts";
import type { ClientOptions } from "../types.ts";

/** One request that the client sent. */
export interface Request {
  method: string;
  path: string;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: any;
  signal: AbortSignal;
}

/** Gives the answer to a request; a promise that never settles is a hang, which ends with the request's signal. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** The client, and what is on the other side of it. */
export interface Lab {
  client: RelayClient;
  clock: ManualClock;
  requests: Request[];
  /** The tokens that the client is given, one for each time it asks; the last one for ever. */
  tokens: string[];
}

/** Plays the answers one after the other; a request too many fails as an unreachable host does. */
export function makeLab(
  answers: Answer[],
  { supabase, ...options }: ClientOptions & { supabase?: SupabaseLike } = {},
): Lab {
  const clock = createManualClock();
  const requests: Request[] = [];
  const tokens = ["token"];
  const client = createRelayClient({
    ...(supabase ? { supabase } : {
      url: "http://relay.test/functions/v1/",
      token: () => tokens.length > 1 ? tokens.shift()! : tokens[0],
    }),
    after: clock.after,
    random: () => 1,
    async fetch(input, init) {
      const { method, headers, body, signal } = init!;
      const request = {
        method: method!,
        path: String(input).replace("http://relay.test/functions/v1", ""),
        headers: new Headers(headers),
        body: body ? JSON.parse(String(body)) : null,
        signal: signal!,
      };
      requests.push(request);
      const answer = answers[requests.length - 1] ?? unreachable;
      signal!.throwIfAborted();
      const gone = new Promise<never>((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason), { once: true })
      );
      return await Promise.race([answer(request), gone]);
    },
    ...options,
  });
  return { client, clock, requests, tokens };
}

/** A host that cannot be reached, in the words of Deno. */
export const unreachable: Answer = () => {
  throw new TypeError("error sending request");
};

/** An answer that never comes. */
export const silence: Answer = () => new Promise(() => {});

/** A refusal as the relay writes it. */
export function refusal(status: number, code: string, headers: HeadersInit = {}): Answer {
  return () => Response.json({ error: { code, message: `It is ${code}` } }, { status, headers });
}

/** An event stream that a test writes while it is read. */
export interface FakeStream {
  answer: Answer;
  send(text: string | Uint8Array): void;
  /** Ends it cleanly. */
  end(): void;
  /** Breaks the connection. */
  break(): void;
  /** Whether the reader has cancelled it. */
  cancelled: boolean;
}

/** Answers with what is sent, from the first moment on or later. */
export function makeStream(first = ""): FakeStream {
  const encoder = new TextEncoder();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      stream.cancelled = true;
    },
  });
  const stream: FakeStream = {
    cancelled: false,
    answer: () => new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
    send(text) {
      controller.enqueue(typeof text === "string" ? encoder.encode(text) : text);
    },
    end: () => controller.close(),
    break: () => controller.error(new TypeError("error reading a body")),
  };
  if (first) stream.send(first);
  return stream;
}

/** The data of the first event. */
export const START = {
  stream_id: "s1",
  conversation_id: "c1",
  bot_id: "b1",
  model: "m1",
  user_message_id: "u1",
  parent_id: "u1",
};

/** The data of the last event. */
export const DONE = { stream_id: "s1", message_id: "a1", is_complete: true, finish_reason: "stop", usage: null };

/** Each event as the relay writes it. */
export const say = {
  start: encodeEvent("start", JSON.stringify(START), 0),
  token: (text: string, end: number) => encodeEvent("token", text, end),
  reasoning: (text: string) => encodeEvent("reasoning", text),
  ping: encodeEvent("ping", "{}"),
  done: (fields: Partial<typeof DONE> = {}) => encodeEvent("done", JSON.stringify({ ...DONE, ...fields })),
  error: (code: string, retryable = true) =>
    encodeEvent(
      "error",
      JSON.stringify({ code, message: `It is ${code}`, retryable, stream_id: "s1", message_id: "a1" }),
    ),
};
