/** The one fake provider: a test decides every byte of its answers, and knows how many of them are open. */

import { type Failure, SPEECHES, STATUSES } from "./apis.ts";
import { openCall, type ProviderCall, watched } from "./provider_call.ts";

export type { ProviderCall } from "./provider_call.ts";
export { deltaEvent, event, type Failure, finishEvents, tokenEvent, USAGE } from "./apis.ts";

/** Plays one answer as an event stream, or gives the whole answer at once. */
export type Script = (call: ProviderCall) => Promise<void> | Response;

/** Plays below HTTP, on a connection that has brought a request; the connection ends with it. */
export type SocketScript = (connection: Deno.TcpConn) => Promise<void> | void;

/** A running provider. */
export interface ScriptedProvider extends AsyncDisposable {
  /** Plays the script for each request; gives the base URL, for a bot's access_path. */
  script(script: Script): string;
  /** The same for a script below HTTP: one that hangs before the headers, or hangs up. */
  socket(script: SocketScript): string;
  /** Answers a GET below a base URL. */
  page(baseUrl: string, path: string, body: unknown): void;
  /** The requests that came to a base URL; of a socket script there is nothing to see but their number. */
  calls(baseUrl: string): ProviderCall[];
  /** Waits for the n-th request to a base URL. */
  called(baseUrl: string, count?: number): Promise<ProviderCall>;
  /** How many answers of a base URL, or of all, are not over. */
  open(baseUrl?: string): number;
  close(): Promise<void>;
}

/** Sends nothing by itself: the test plays the answer. */
export const waits: Script = (call) => call.closed;

/** Sends each delta, then ends as a provider does. */
export const answers = (...deltas: string[]): Script => sends(deltas, (call) => call.finish());

/** Sends each delta, then waits until the relay disconnects. */
export const stalls = (...deltas: string[]): Script => sends(deltas, waits);

function sends(deltas: string[], next: (call: ProviderCall) => ReturnType<Script>): Script {
  return async (call) => {
    for (const delta of deltas) await call.token(delta);
    await next(call);
  };
}

/** Sends this again and again, after a pause if there is one, until the relay disconnects. */
export function repeats(text: string, pauseMs = 0, prefix = ""): Script {
  return async (call) => {
    if (prefix) await call.send(prefix);
    while (!call.over) {
      await call.send(text);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
}

/** Refuses the request. */
export const refuses = (status: number, body: unknown): Script => () => Response.json(body, { status });

/** The same in the words of the API that was spoken. */
export const refusesFor = (failure: Failure, message: string, status = STATUSES[failure]): Script => (call) =>
  Response.json(SPEECHES[call.api].refusal(failure, status, message), { status });

/** Takes the request and sends not even headers, until the relay disconnects. */
export const hangs: SocketScript = async (connection) => {
  const buffer = new Uint8Array(1024);
  while (await connection.read(buffer).catch(() => null) !== null);
};

/** Ends the connection without an answer. */
export const hangsUp: SocketScript = () => {};

const CHAT = Object.entries(SPEECHES)[0];

interface Route {
  script: Script;
  calls: ProviderCall[];
  open: number;
  waiting: { count: number; resolve: (call: ProviderCall) => void }[];
}

/** Listens on loopback, on a port of its own. */
export function startProvider(): ScriptedProvider {
  const routes = new Map<string, Route>();
  const pages = new Map<string, unknown>();
  const listeners: Deno.TcpListener[] = [];
  const sockets: Promise<void>[] = [];
  function addRoute(baseUrl: string, script: Script): Route {
    return routes.set(baseUrl, { script, calls: [], open: 0, waiting: [] }).get(baseUrl)!;
  }

  function routeOf(baseUrl: string): Route {
    if (routes.has(baseUrl)) return routes.get(baseUrl)!;
    throw new Error(`No script has the base URL ${baseUrl}`);
  }

  function register({ calls, waiting }: Route, call: ProviderCall) {
    calls.push(call);
    for (const { count, resolve } of waiting) if (count === calls.length) resolve(call);
  }

  async function serve(request: Request): Promise<Response> {
    // Whatever host was asked: something may stand before the provider.
    const { pathname } = new URL(request.url);
    const url = origin + pathname;
    if (request.method === "GET" && pages.has(url)) return Response.json(pages.get(url));
    const [api, { path }] = Object.entries(SPEECHES).find(([, { path }]) => path.test(pathname)) ?? CHAT;
    const route = routes.get(url.replace(path, ""));
    if (!route) {
      await request.body?.cancel();
      return new Response("No such script", { status: 404 });
    }
    route.open++;
    const { call, stream, end } = openCall(request.headers, await request.json(), api, () => route.open--);
    register(route, call);
    const played = route.script(call);
    if (played instanceof Response) return watched(played, end);
    played.catch(stream.fail);
    return new Response(stream.readable, { headers: { "content-type": "text/event-stream" } });
  }

  const options = { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response(null, { status: 500 }) };
  const server = Deno.serve(options, serve);
  const origin = `http://127.0.0.1:${server.addr.port}`;

  function listen(script: SocketScript): string {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    listeners.push(listener);
    const baseUrl = `http://127.0.0.1:${listener.addr.port}/v1`;
    const route = addRoute(baseUrl, waits);
    const play = async (connection: Deno.TcpConn) => {
      try {
        if (await connection.read(new Uint8Array(1024)) === null) return;
        route.open++;
        register(route, openCall(new Headers(), null, CHAT[0], () => {}).call);
        await script(connection);
        route.open--;
      } finally {
        connection.close();
      }
    };
    sockets.push((async () => {
      for await (const connection of listener) sockets.push(play(connection));
    })());
    return baseUrl;
  }

  async function close() {
    listeners.forEach((listener) => listener.close());
    // Those that are accepted join the list while it is read.
    for (const socket of sockets) await socket;
    await server.shutdown();
  }
  return {
    script(script) {
      const baseUrl = `${origin}/s${routes.size}/v1`;
      addRoute(baseUrl, script);
      return baseUrl;
    },
    socket: listen,
    page: (baseUrl, path, body) => void pages.set(`${baseUrl}${path}`, body),
    calls: (baseUrl) => routeOf(baseUrl).calls,
    called(baseUrl, count = 1) {
      const { calls, waiting } = routeOf(baseUrl);
      if (calls.length >= count) return Promise.resolve(calls[count - 1]);
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    open: (baseUrl) =>
      baseUrl === undefined ? [...routes.values()].reduce((sum, { open }) => sum + open, 0) : routeOf(baseUrl).open,
    close,
    [Symbol.asyncDispose]: close,
  };
}
