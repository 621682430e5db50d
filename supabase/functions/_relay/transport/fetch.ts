/** A `fetch` over the relay's own connections, for the openai package. */

import type { ByteReads, Post } from "./answer.ts";

/** The bodies of answers that `createTransportFetch` gave. */
const bodies = new WeakMap<Response, ByteReads>();

/** How to read the body of such an answer; undefined where the response came from another `fetch`. */
export function readsOf(response: Response): ByteReads | undefined {
  return bodies.get(response);
}

/** A 2xx answer has no `body`: its bytes are read by `readsOf`. Any other one has an ordinary body. */
export function createTransportFetch(post: Post): typeof fetch {
  return async (input, init) => {
    const isGet = init?.method === "GET" && init.body === undefined;
    if (!isGet && (init?.method?.toUpperCase() !== "POST" || typeof init.body !== "string")) {
      throw new TypeError("Cannot send the request: the transport sends a POST with a body of text, or a GET");
    }
    const url = new URL(input instanceof Request ? input.url : input);
    const signal = init.signal ?? new AbortController().signal;
    const { status, header, ...reads } = await post(
      url,
      Object.fromEntries(new Headers(init.headers)),
      isGet ? null : init.body as string,
      signal,
    );
    const isOk = status >= 200 && status < 300;
    const retryAfter = isOk ? null : header("retry-after");
    const headers = {
      "content-type": header("content-type") ?? "",
      ...(retryAfter !== null && { "retry-after": retryAfter }),
    };
    // A Response with status 304 must not have a body, and the answer has none.
    const response = new Response(isOk || status === 304 ? null : streamOf(reads), { status, headers });
    if (isOk) bodies.set(response, reads);
    return response;
  };
}

function streamOf(reads: ByteReads): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const bytes = await reads.next();
      if (bytes === undefined) controller.close();
      else controller.enqueue(bytes.slice());
    },
    cancel: (reason) => reads.cancel(reason),
  }, { highWaterMark: 0 });
}
