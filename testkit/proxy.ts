/** Stands between a worker and its Supabase, and breaks what a test wants broken. */

/**
 * What becomes of one request. `lose`: it is executed, then the connection ends without an answer. `hold`: it is
 * not executed, nor answered until faults are chosen anew. A Response is sent in place of Supabase's.
 */
export type Fault = "pass" | "lose" | "hold" | Response;

/** A running proxy. */
export interface FaultProxy {
  /** The worker's SUPABASE_URL. */
  url: string;
  /** The names of the SQL functions that were called, in order. */
  calls: string[];
  /** Ends all connections and takes no new one, until `back`. */
  away(): void;
  back(): void;
  /** Chooses the fault of each call of a SQL function from here on; without an argument all pass. */
  intercept(choose?: (name: string, args: RpcArguments) => Fault): void;
  close(): Promise<void>;
}

/** The arguments of a SQL function, by name. */
// deno-lint-ignore no-explicit-any
export type RpcArguments = Record<string, any>;

/**
 * Two layers: one moves bytes and can end a connection at any moment, which the server behind it, the one that reads
 * the requests, cannot.
 */
export function startFaultProxy(target: string): FaultProxy {
  const calls: string[] = [];
  const cuts = new Map<number, () => void>();
  let isAway = false;
  let held = Promise.withResolvers<void>();
  let choose: (name: string, args: RpcArguments) => Fault = () => "pass";

  async function answer(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? null : await request.text();
    const name = /^\/rest\/v1\/rpc\/(\w+)$/.exec(pathname)?.[1];
    let fault: Fault = "pass";
    if (name !== undefined) {
      calls.push(name);
      fault = choose(name, JSON.parse(body ?? "{}"));
    }
    if (fault instanceof Response) return fault;
    if (fault === "hold") {
      await held.promise;
      return new Response(null, { status: 503 });
    }
    const headers = new Headers(request.headers);
    headers.delete("host");
    const { method } = request;
    const reply = await fetch(target + pathname + search, { method, headers, body });
    const content = await reply.arrayBuffer();
    if (fault === "lose") cuts.get(info.remoteAddr.port)?.();
    const answered = new Headers(reply.headers);
    for (const name of ["content-encoding", "content-length"]) {
      answered.delete(name);
    }
    return new Response(content, { status: reply.status, headers: answered });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  async function link(client: Deno.TcpConn) {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const port = inner.localAddr.port;
    const cut = () => {
      cuts.delete(port);
      close(client);
      close(inner);
    };
    cuts.set(port, cut);
    if (isAway) return cut();
    const moves = [client.readable.pipeTo(inner.writable), inner.readable.pipeTo(client.writable)];
    // However one of them ends, the connection has.
    await Promise.race(moves).catch(() => {});
    cut();
    await Promise.allSettled(moves);
  }

  const links = new Set<Promise<void>>();
  const accepting = (async () => {
    for await (const client of listener) {
      if (isAway) {
        close(client);
        continue;
      }
      const linked = link(client).finally(() => links.delete(linked));
      links.add(linked);
    }
  })();

  const away = () => {
    isAway = true;
    for (const cut of [...cuts.values()]) cut();
  };
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    calls,
    away,
    back: () => void (isAway = false),
    intercept(given = () => "pass") {
      choose = given;
      held.resolve();
      held = Promise.withResolvers();
    },
    async close() {
      held.resolve();
      away();
      close(listener);
      await accepting;
      await Promise.all(links);
      await server.shutdown();
    },
  };
}

function close(resource: { close(): void }) {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
