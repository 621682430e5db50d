/** Stands in front of a Supabase or of a relay, and breaks what a test wants broken. */

/**
 * What becomes of one call of a SQL function. `lose`: it is executed, then the connection ends without an answer.
 * `hold`: it is not executed, nor answered until faults are chosen anew. A Response is sent in place of Supabase's.
 */
export type Fault = "pass" | "lose" | "hold" | Response;

/** The arguments of a SQL function, by name. */
// deno-lint-ignore no-explicit-any
export type RpcArguments = Record<string, any>;

/** A running proxy. */
export interface FaultProxy extends AsyncDisposable {
  /** In place of the target's URL, with the same path. */
  url: string;
  /** How many connections `cutAfter` has cut. */
  readonly cuts: number;
  /** Ends all connections, and each new one, until `back`. */
  away(): void;
  /** Takes connections and what they bring, and answers nothing until `back`, which ends them. */
  silent(): void;
  back(): void;
  /** Chooses the fault of each call of a SQL function from here on; without an argument all pass. */
  intercept(choose?: (name: string, args: RpcArguments) => Fault): void;
  /** Cuts each new connection after this many bytes of answers; the argument is its number, counted from 0. */
  cutAfter(bytes: (connection: number) => number): void;
  close(): Promise<void>;
}

/**
 * Two layers: the outer one moves bytes and can end a connection at any moment, which the HTTP server behind it, the
 * one that reads requests, cannot.
 */
export function startProxy(target: string): FaultProxy {
  const { origin, pathname: path } = new URL(target);
  const links = new Map<number, () => void>();
  const moving = new Set<Promise<void>>();
  let state = "open" as "open" | "away" | "silent";
  const closing = new AbortController();
  let held = Promise.withResolvers<void>();
  let choose: (name: string, args: RpcArguments) => Fault = () => "pass";
  let limitOf = (_connection: number) => Infinity;
  let [connections, cuts] = [0, 0];

  async function answer(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? null : await request.text();
    const name = /^\/rest\/v1\/rpc\/(\w+)$/.exec(pathname)?.[1];
    const fault = name === undefined ? "pass" : choose(name, JSON.parse(body ?? "{}"));
    if (fault instanceof Response) return fault;
    if (fault === "hold") {
      await held.promise;
      return new Response(null, { status: 503 });
    }
    const headers = new Headers(request.headers);
    headers.delete("host");
    const reply = await fetch(origin + pathname + search, {
      method: request.method,
      headers,
      body,
      redirect: "manual",
      signal: closing.signal,
    });
    const answered = new Headers(reply.headers);
    for (const name of ["content-encoding", "content-length"]) answered.delete(name);
    if (fault === "lose") {
      await reply.arrayBuffer();
      links.get(info.remoteAddr.port)?.();
      return new Response(null, { status: 503 });
    }
    return new Response(reply.body, { status: reply.status, headers: answered });
  }

  const onError = () => new Response(null, { status: 502 });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, onError }, answer);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  async function link(client: Deno.TcpConn, limit: number) {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const { port } = inner.localAddr;
    const cut = () => {
      links.delete(port);
      close(client);
      close(inner);
    };
    links.set(port, cut);
    if (state === "away") return cut();
    await Promise.all([move(client, inner, Infinity).finally(cut), move(inner, client, limit).finally(cut)]);
  }

  /** Ends where the source ends, where either is closed, and after so many bytes. */
  async function move(from: Deno.TcpConn, to: Deno.TcpConn, limit: number) {
    const buffer = new Uint8Array(64 * 1024);
    let left = limit;
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        if (state === "silent") continue;
        let part = buffer.subarray(0, Math.min(count, left));
        left -= part.length;
        while (part.length > 0) part = part.subarray(await to.write(part));
        if (left > 0) continue;
        cuts++;
        return;
      }
    } catch {
      // The other half was closed, or its peer is gone.
    }
  }

  const accepting = (async () => {
    for await (const client of listener) {
      if (state === "away") {
        close(client);
        continue;
      }
      const linked = link(client, limitOf(connections++)).finally(() => moving.delete(linked));
      moving.add(linked);
    }
  })();

  function cutAll() {
    for (const cut of [...links.values()]) cut();
  }
  async function end() {
    held.resolve();
    // A target that never answers must not keep the proxy open.
    closing.abort();
    state = "away";
    cutAll();
    close(listener);
    await accepting;
    await Promise.all(moving);
    await server.shutdown();
  }
  return {
    url: `http://127.0.0.1:${listener.addr.port}${path === "/" ? "" : path}`,
    get cuts() {
      return cuts;
    },
    away() {
      state = "away";
      cutAll();
    },
    silent: () => void (state = "silent"),
    back() {
      // What a silent proxy has swallowed is gone, so its connections are of no use.
      if (state === "silent") cutAll();
      state = "open";
    },
    intercept(given = () => "pass") {
      choose = given;
      held.resolve();
      held = Promise.withResolvers();
    },
    cutAfter: (bytes) => void (limitOf = bytes),
    close: end,
    [Symbol.asyncDispose]: end,
  };
}

function close(resource: { close(): void }) {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
