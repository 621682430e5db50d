/** A provider of chat completions that sends numbered tokens at a set pace, and knows what it sent. */

import { finishEvents, tokenEvent } from "../../testkit/provider.ts";
import { type Plan, token } from "./numbered.ts";

/** What the provider knows of one story; times are those of performance.now(). */
export interface Told {
  /** Requests for this story: a second one is a second bill. */
  calls: number;
  /** Tokens that were handed to the connection. */
  sent: number;
  /** When the connection went, whoever closed it; null: it is open. */
  closedAt: number | null;
}

/** A running provider; the prompt of a story is its tag. */
export interface NumberedProvider {
  /** The base URL for a bot whose stories go like this. */
  url(plan: Plan): string;
  told(tag: string): Told;
  /** Connections that are open. */
  open(): number;
  close(): Promise<void>;
}

/** Bytes that are handed on at once where the pace is that of the reader. */
const BURST_BYTES = 64 * 1024;

/** Listens on loopback, on a port of its own. */
export function startNumberedProvider(): NumberedProvider {
  const stories = new Map<string, Told>();
  let open = 0;

  function toldOf(tag: string): Told {
    const told = stories.get(tag) ?? { calls: 0, sent: 0, closedAt: null };
    stories.set(tag, told);
    return told;
  }

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, async (request) => {
    const [tokens, intervalMs, size] = new URL(request.url).pathname.split("/")[1].split("-").map(Number);
    const { messages } = await request.json();
    const tag = messages.at(-1).content;
    const told = toldOf(tag);
    told.calls++;
    told.closedAt = null;
    open++;
    const body = play(tag, { tokens, intervalMs, size }, told, () => {
      open--;
      told.closedAt = performance.now();
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  return {
    url: ({ tokens, intervalMs, size }) => `http://127.0.0.1:${server.addr.port}/${tokens}-${intervalMs}-${size}/v1`,
    told: toldOf,
    open: () => open,
    close: () => server.shutdown(),
  };
}

/** Tokens are due by the clock of the whole answer, so that a busy machine makes bursts and not a slower story. */
function play(tag: string, plan: Plan, told: Told, onEnd: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const startedAt = performance.now();
  let place = 0;
  let gone = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function due(): number {
    const elapsed = performance.now() - startedAt;
    return Math.min(Math.floor(elapsed / plan.intervalMs) + 1, plan.tokens);
  }

  /** The events up to a token or a size, and the end behind the last token. */
  function events(to: number, bytes: number): Uint8Array {
    let text = "";
    while (place < to && text.length < bytes) {
      text += tokenEvent(token(tag, place++, plan.size));
    }
    told.sent = place;
    return encoder.encode(place === plan.tokens ? text + finishEvents() : text);
  }

  function paced(controller: ReadableStreamDefaultController<Uint8Array>) {
    // Deno 2.9 still fires a cleared timer that is due in the same turn.
    if (gone) return;
    const to = due();
    if (to > place) controller.enqueue(events(to, Infinity));
    if (place === plan.tokens) {
      onEnd();
      return controller.close();
    }
    const wait = startedAt + place * plan.intervalMs - performance.now();
    timer = setTimeout(() => paced(controller), Math.max(wait, 1));
  }

  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (plan.intervalMs > 0) paced(controller);
    },
    pull(controller) {
      if (plan.intervalMs > 0) return;
      controller.enqueue(events(plan.tokens, BURST_BYTES));
      if (place < plan.tokens) return;
      onEnd();
      controller.close();
    },
    cancel() {
      clearTimeout(timer);
      gone = true;
      onEnd();
    },
  }, { highWaterMark: 0 });
}
