/** A provider whose every byte a test decides, and which knows how many of its answers are still open. */

/** One request of the relay to the provider, and the answer to it in the test's hands. */
export interface ProviderCall {
  headers: Headers;
  /** The parsed body of the request. */
  // deno-lint-ignore no-explicit-any
  body: any;
  /** Settles once the relay has gone away, or the answer is over. */
  closed: Promise<void>;
  /** Sends bytes, or text as UTF-8, in one write; settles once they have been handed on. */
  send(bytes: Uint8Array | string): Promise<void>;
  /** Sends one chat completion chunk with this much of the text. */
  token(content: string): Promise<void>;
  /** Sends the last chunks, usage among them, and ends the answer. */
  finish(reason?: string): Promise<void>;
  /** Ends the answer cleanly, whatever was sent. */
  end(): void;
  /** Breaks the connection. */
  break(): void;
}

/** Plays one answer as an event stream; or gives, at once, the answer that takes its place. */
export type Script = (call: ProviderCall) => Promise<void> | Response;

/** A running provider. */
export interface ScriptedProvider {
  /** Plays the script for each request; gives the base URL, for a bot's access_path. */
  script(script: Script): string;
  /** The requests that came to a base URL. */
  calls(baseUrl: string): ProviderCall[];
  /** Waits for the next request to a base URL, if there was not one already. */
  called(baseUrl: string, count?: number): Promise<ProviderCall>;
  /** How many answers of a base URL are not over. */
  open(baseUrl: string): number;
  close(): Promise<void>;
}

/** The bytes of one event. */
export function event(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/** The event of one chunk of text. */
export function tokenEvent(content: string): string {
  return event({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: null }] });
}

/** The events that end an answer as OpenAI ends it. */
export function finishEvents(reason = "stop"): string {
  return event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] }) +
    event({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 } }) +
    event("[DONE]");
}

interface Route {
  script: Script;
  calls: ProviderCall[];
  open: number;
  waiting: { count: number; resolve: (call: ProviderCall) => void }[];
}

/** The answer itself, but its end is told: that of its body, or that the relay went away. */
function watched(response: Response, onEnd: () => void): Response {
  if (response.body === null) {
    onEnd();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      onEnd();
      controller.close();
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(body, response);
}

/** Listens on loopback, on a port of its own. */
export function startScriptedProvider(): ScriptedProvider {
  const routes = new Map<string, Route>();
  const encoder = new TextEncoder();

  async function answer(request: Request): Promise<Response> {
    const id = new URL(request.url).pathname.split("/")[1];
    const route = routes.get(id);
    if (!route || !new URL(request.url).pathname.endsWith("/chat/completions")) {
      await request.body?.cancel();
      return new Response("No such script", { status: 404 });
    }
    const body = await request.json();
    const closed = Promise.withResolvers<void>();
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    let drained = Promise.withResolvers<void>();
    let over = false;
    route.open++;
    const end = () => {
      if (over) return;
      over = true;
      route.open--;
      closed.resolve();
      drained.resolve();
    };
    const stream = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
      pull: () => drained.resolve(),
      cancel: end,
    }, { highWaterMark: 0 });
    const call: ProviderCall = {
      headers: request.headers,
      body,
      closed: closed.promise,
      async send(bytes) {
        if (over) return;
        await drained.promise;
        if (over) return;
        drained = Promise.withResolvers<void>();
        controller.enqueue(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
        await drained.promise;
      },
      token: (content) => call.send(tokenEvent(content)),
      async finish(reason) {
        await call.send(finishEvents(reason));
        call.end();
      },
      end() {
        if (over) return;
        end();
        controller.close();
      },
      break() {
        if (over) return;
        end();
        controller.error(new Error("The script broke the connection"));
      },
    };
    route.calls.push(call);
    for (const waiter of route.waiting) {
      if (waiter.count === route.calls.length) waiter.resolve(call);
    }
    const played = route.script(call);
    if (played instanceof Response) return watched(played, end);
    // A script that fails is a bug of its test, which shall not go unseen.
    played.catch((error) => controller.error(error));
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  }

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, answer);
  let count = 0;
  return {
    script(script) {
      const id = `s${++count}`;
      routes.set(id, { script, calls: [], open: 0, waiting: [] });
      return `http://127.0.0.1:${server.addr.port}/${id}/v1`;
    },
    calls: (baseUrl) => routeOf(baseUrl).calls,
    called(baseUrl, count = 1) {
      const route = routeOf(baseUrl);
      const call = route.calls[count - 1];
      return call ? Promise.resolve(call) : new Promise((resolve) => route.waiting.push({ count, resolve }));
    },
    open: (baseUrl) => routeOf(baseUrl).open,
    close: () => server.shutdown(),
  };

  function routeOf(baseUrl: string): Route {
    const route = routes.get(new URL(baseUrl).pathname.split("/")[1]);
    if (!route) throw new Error(`No script has the base URL ${baseUrl}`);
    return route;
  }
}
