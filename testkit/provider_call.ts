/** One request that came to the fake provider. */

import { type Failure, type Message, type Speaker, SPEECHES } from "./apis.ts";

/** One request of the relay, and the answer to it in the test's hands. */
export interface ProviderCall {
  headers: Headers;
  /** The parsed body of the request. */
  // deno-lint-ignore no-explicit-any
  body: any;
  /** The name of the API that was spoken. */
  api: string;
  /** What the model is to read, as chat completions have it, whichever API was spoken. */
  messages: Message[];
  /** Settles once the relay has disconnected, or the answer is over. */
  closed: Promise<void>;
  /** True from then on. */
  readonly over: boolean;
  /** Sends bytes, or text as UTF-8, in one write; settles once they have been handed on. */
  send(bytes: Uint8Array | string): Promise<void>;
  /** Sends one chunk whose delta is this text, in the API that was spoken. */
  token(content: string): Promise<void>;
  /** The same for reasoning. */
  think(reasoning: string): Promise<void>;
  /** Sends the last chunks, usage among them, and ends the answer. */
  finish(reason?: string): Promise<void>;
  /** Says within the answer that it failed, and ends it. */
  fail(failure: Failure, message: string): Promise<void>;
  /** Ends the answer cleanly, whatever was sent. */
  end(): void;
  /** Breaks the connection. */
  break(): void;
}

/** A call whose answer is a stream that is filled as fast as it is read. */
export function openCall(headers: Headers, body: unknown, api: string, onEnd: () => void) {
  const speaker: Speaker = SPEECHES[api].speaker();
  const encoder = new TextEncoder();
  const closed = Promise.withResolvers<void>();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let drained = Promise.withResolvers<void>();
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    onEnd();
    closed.resolve();
    drained.resolve();
  };
  const readable = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    pull: () => drained.resolve(),
    cancel: end,
  }, { highWaterMark: 0 });
  const fail = (error: unknown) => {
    if (over) return;
    end();
    // A script that fails is a mistake of its test: it is printed here, and no other broken connection by the server.
    if (error !== null) console.error(error);
    controller.error(error);
  };
  const call: ProviderCall = {
    headers,
    body,
    api,
    get messages() {
      return SPEECHES[api].messagesOf(body);
    },
    closed: closed.promise,
    get over() {
      return over;
    },
    async send(bytes) {
      if (over) return;
      await drained.promise;
      if (over) return;
      drained = Promise.withResolvers<void>();
      controller.enqueue(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
      await drained.promise;
    },
    token: (content) => call.send(speaker.text(content)),
    think: (reasoning) => call.send(speaker.reasoning(reasoning)),
    async finish(reason = "stop") {
      await call.send(speaker.finish(reason));
      call.end();
    },
    async fail(failure, message) {
      await call.send(speaker.fail(failure, message));
      call.end();
    },
    end() {
      if (over) return;
      end();
      controller.close();
    },
    break: () => fail(null),
  };
  return { call, end, stream: { readable, fail } };
}

/** The same response; `onEnd` hears of the end of its body, or that the relay disconnected. */
export function watched(response: Response, onEnd: () => void): Response {
  if (response.body === null) {
    onEnd();
    return response;
  }
  const watch = new TransformStream({ flush: onEnd, cancel: onEnd }, undefined, { highWaterMark: 0 });
  return new Response(response.body.pipeThrough(watch), response);
}
