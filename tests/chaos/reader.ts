/** A client that never believes the relay: every event is checked as it comes, over all its connections. */

import { createParser, type EventSourceMessage } from "eventsource-parser";
import { must } from "./experiment.ts";
import { difference } from "./numbered.ts";

/** One connection, as far as it came; times are those of performance.now(). */
export interface Opening {
  status: number;
  /** Of a refusal. */
  code: string | null;
  retryAfter: string | null;
  requestedAt: number;
  firstEventAt: number | null;
}

/** The last event of a stream. */
export interface End {
  event: "done" | "error";
  at: number;
  // deno-lint-ignore no-explicit-any
  data: any;
}

/** How reading came to its end: with the last event, without one, or because the client went. */
export type Leaving = "ended" | "broken" | "dropped";

/** One client of one stream. */
export interface Reader {
  readonly streamId: string;
  /** All that the client has. */
  readonly text: string;
  /** When the client had how much of it. */
  readonly seen: { at: number; length: number }[];
  /** Of the last connection; null: it had none. */
  readonly end: End | null;
  start(worker: string, body: Record<string, unknown>): Promise<Opening>;
  /** From what the client has. */
  resume(worker: string): Promise<Opening>;
  /** Reads until the stream ends, or the condition holds, which is asked after each event. */
  follow(enough?: () => boolean): Promise<Leaving>;
  /** Goes away. */
  drop(): void;
  /** Forgets the text behind an offset. What then comes must be the same again. */
  rewind(offset: number): void;
}

/** Rejects where there is no worker. Throws a Violation at the first event that cannot be. */
export function createReader(streamId: string, token: string): Reader {
  const seen: Reader["seen"] = [];
  let text = "";
  let longest = "";
  let end: End | null = null;
  let opening: Opening | null = null;
  let expectsStart = false;
  let dropped = false;
  let going = new AbortController();
  let body: ReadableStreamDefaultReader<Uint8Array> | null = null;

  function take({ event, id, data }: EventSourceMessage) {
    const what = `stream ${streamId}: the event "${event}"`;
    must(end === null, `${what} came behind the last one`);
    opening!.firstEventAt ??= performance.now();
    if (expectsStart) {
      must(event === "start" && id === "0", `${what} came before "start"`);
      expectsStart = false;
      return;
    }
    switch (event) {
      case "token":
        return add(what, Number(id), data);
      case "done":
      case "error":
        end = { event, at: performance.now(), data: JSON.parse(data) };
        must(end.data.stream_id === streamId, `${what} is of another stream`);
        return;
      case "ping":
        return;
      default:
        must(false, `${what} came where it does not belong`);
    }
  }

  function add(what: string, offset: number, data: string) {
    must(
      offset === text.length + data.length,
      `${what} of ${data.length} units says it ends at ${offset}, behind ${text.length}: ${
        offset > text.length + data.length ? "lost" : "doubled"
      } text`,
    );
    text += data;
    const at = difference(text, longest);
    must(at === -1, `${what} tells another text at ${at} than one before it`);
    if (text.length > longest.length) longest = text;
    seen.push({ at: performance.now(), length: text.length });
  }

  async function open(url: string, init: RequestInit): Promise<Opening> {
    going = new AbortController();
    dropped = false;
    end = null;
    expectsStart = text === "";
    opening = { status: 0, code: null, retryAfter: null, requestedAt: performance.now(), firstEventAt: null };
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(text === "" ? {} : { "last-event-id": String(text.length) }),
    };
    const response = await fetch(url, { ...init, headers, signal: going.signal });
    opening.status = response.status;
    if (response.status !== 200) {
      opening.code = (await response.json()).error.code;
      opening.retryAfter = response.headers.get("retry-after");
      return opening;
    }
    body = response.body!.getReader();
    return opening;
  }

  return {
    streamId,
    seen,
    get text() {
      return text;
    },
    get end() {
      return end;
    },
    start: (worker, fields) =>
      open(`${worker}/stream`, { method: "POST", body: JSON.stringify({ stream_id: streamId, ...fields }) }),
    resume: (worker) => open(`${worker}/stream/${streamId}`, { method: "GET" }),
    async follow(enough = () => false) {
      const reader = body!;
      const decoder = new TextDecoder();
      const parser = createParser({
        onEvent: take,
        onError(error) {
          throw error;
        },
      });
      try {
        while (!dropped && !enough()) {
          const { done, value } = await reader.read().catch(() => BROKEN);
          if (dropped) break;
          if (done) return end === null ? "broken" : "ended";
          parser.feed(decoder.decode(value, { stream: true }));
        }
        return "dropped";
      } finally {
        reader.cancel().catch(() => {});
        going.abort();
      }
    },
    drop() {
      dropped = true;
      body?.cancel().catch(() => {});
      going.abort();
    },
    rewind(offset) {
      text = text.slice(0, offset);
    },
  };
}

const BROKEN = { done: true, value: undefined } as const;
