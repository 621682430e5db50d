/** A relay whose every answer a test decides, behind a `fetch` and a clock that stands still. */

import { createRelayClient } from "../client.ts";
import type { SupabaseLike } from "../credentials.ts";
import type { HistorySource, StoryRow } from "../history.ts";
import type { After, ClientOptions, Id, ReadOptions } from "../types.ts";

/** Answers one request; a promise that never settles is a hang, which ends with the request's signal. */
export type Answer = () => Response | Promise<Response>;

/** What most tests start. */
export const ASK = { prompt: "Tell me", stream_id: "s1" };

/** Where the relay is. */
export const LAB_URL = "http://relay.test/functions/v1";

type LabOptions = ClientOptions & { supabase?: SupabaseLike; token?: () => string | Promise<string> };

/** A client and its relay, which plays the answers in turn; one request too many fails as an unreachable host does. */
export function makeLab(answers: Answer[], { supabase, token, ...options }: LabOptions = {}) {
  const clock = createClock();
  // deno-lint-ignore no-explicit-any
  const requests: { method: string; path: string; headers: Headers; body: any; signal: AbortSignal }[] = [];
  /** One for each time that the client asks; the last one for ever. */
  const tokens = ["token"];
  const next = () => tokens.length > 1 ? tokens.shift()! : tokens[0];
  const client = createRelayClient({
    ...(supabase ? { supabase } : { url: `${LAB_URL}/`, token: token ?? next }),
    after: clock.after,
    random: () => 1,
    async fetch(input, init) {
      const { method, headers, body, signal } = init!;
      requests.push({
        method: method!,
        path: String(input).replace(LAB_URL, ""),
        headers: new Headers(headers),
        body: body ? JSON.parse(String(body)) : null,
        signal: signal!,
      });
      const answer = answers[requests.length - 1] ?? offline;
      signal!.throwIfAborted();
      const gone = new Promise<never>((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason), { once: true })
      );
      return await Promise.race([answer(), gone]);
    },
    ...options,
  });
  /** Starts what most tests start. */
  const start = (options?: ReadOptions) => client.start(ASK, options);
  return { client, start, clock, requests, tokens };
}

/** A Data API with one conversation, which gives at most so many rows at once. */
export function makeHistory(rows: StoryRow[], leafId: Id | null, maxRows = 1_000) {
  const history = { rows, leafId, changes: [] as unknown[], error: null as null | { message: string; code: string } };
  const query = (answer: () => object) => {
    const chain = {
      select: () => chain,
      eq: () => chain,
      order: () => chain,
      maybeSingle: () => chain,
      range: (from: number, to: number): unknown =>
        query(() => ({ data: history.rows.slice(from, Math.min(to + 1, from + maxRows)), error: null })),
      then: (resolve: (answer: object) => void) => resolve(answer()),
    };
    return chain;
  };
  const supabase: HistorySource = {
    from: (table) => ({
      ...query(() => ({ data: { active_message_id: history.leafId }, error: history.error })),
      update: (change: unknown) => ({
        eq() {
          history.changes.push(table, change);
          return Promise.resolve({ error: history.error });
        },
      }),
    }),
  };
  return { history, supabase };
}

/** Starts a generation, lets time pass, and gives its result. */
export async function play(answers: Answer[], ms = 0, options?: LabOptions) {
  const lab = makeLab(answers, options);
  const generation = lab.start();
  await lab.clock.run(ms);
  return { ...lab, result: await generation.done };
}

function createClock() {
  let now = 0;
  const timers = new Map<() => void, number>();
  const after: After = (ms, callback) => {
    const timer = () => callback();
    timers.set(timer, now + ms);
    return () => void timers.delete(timer);
  };
  /** Fires each timer that falls due, in order; promises have their turns before, between and after. */
  async function run(ms: number) {
    const end = now + ms;
    for (;;) {
      for (let turn = 0; turn < 50; turn++) await null;
      const [next] = [...timers].filter(([, at]) => at <= end).sort(([, a], [, b]) => a - b);
      if (!next) break;
      const [timer, at] = next;
      timers.delete(timer);
      now = at;
      timer();
    }
    now = end;
  }
  return { after, run, pending: () => timers.size };
}

/** A host that cannot be reached, in the words of Deno. */
export const offline: Answer = () => {
  throw new TypeError("error sending request");
};

/** An answer that never comes. */
export const silence: Answer = () => new Promise(() => {});

/** A refusal as the relay writes it. */
export function refusal(status: number, code: string, headers: HeadersInit = {}, fields = {}): Answer {
  return () => Response.json({ error: { code, message: `It is ${code}`, ...fields } }, { status, headers });
}

/** The refusal of a prompt while the answer before it is written, by the generation of this name. */
export const busyWith = (stream_id: string) => refusal(409, "conversation_busy", { "retry-after": "2" }, { stream_id });

/** An event stream that a test writes while it is read. */
export function makeStream(first: string) {
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
  const stream = {
    /** Whether the reader has cancelled it. */
    cancelled: false,
    answer: () => new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
    send: (text: string | Uint8Array) => controller.enqueue(typeof text === "string" ? encoder.encode(text) : text),
    /** Ends it cleanly. */
    end: () => controller.close(),
    /** Breaks the connection. */
    break: () => controller.error(new TypeError("error reading a body")),
  };
  stream.send(first);
  return stream;
}

/** A stream of these events, which stays open. */
export const streamOf = (...events: string[]): Answer => makeStream(events.join("")).answer;

/** A stream that ends after these events, whether or not a last one is among them. */
export function cutAfter(...events: string[]): Answer {
  const stream = makeStream(events.join(""));
  stream.end();
  return stream.answer;
}

/** The data of the first event. */
export const START = {
  stream_id: "s1",
  conversation_id: "c1",
  bot_id: "b1",
  model: "m1",
  user_message_id: "u1",
  parent_id: "u1",
  context: { messages: 1, left_out: 0, memory: null },
};

/** The response for a conversation in which nothing runs. */
export const nothing: Answer = () => new Response(null, { status: 204 });

/** The response for a conversation in which this generation runs. */
export const running = (streamId: string): Answer => () => new Response(null, { headers: { "x-stream-id": streamId } });

/** The data of the last event. */
export const DONE = {
  stream_id: "s1",
  message_id: "a1",
  bot_id: "b1",
  model: "m1",
  is_complete: true,
  finish_reason: "stop",
  usage: null,
};

function encode(event: string, data: unknown, id?: number): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${text.replaceAll("\n", "\ndata: ")}\n\n`;
}

/** Each event as the relay writes it. */
export const say = {
  start: encode("start", START, 0),
  startOf: (fields: Partial<typeof START>) => encode("start", { ...START, ...fields }, 0),
  token: (text: string, end: number) => encode("token", text, end),
  reasoning: (text: string) => encode("reasoning", text),
  ping: encode("ping", {}),
  done: (fields: Partial<typeof DONE> = {}) => encode("done", { ...DONE, ...fields }),
  error: (code: string) =>
    encode("error", { code, message: `It is ${code}`, retryable: true, stream_id: "s1", message_id: "a1" }),
};
