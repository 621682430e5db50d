/**
 * The open connections of a server, and how long each may wait. `Deno.serve` has neither a bound nor a deadline, and its
 * process ends when a connection cannot be accepted for want of a descriptor. So connections are accepted one by one
 * and given to the same server that `Deno.serve` uses: bytes leave as they do there.
 */

/** What connections may cost. */
export interface ConnectionLimits {
  /** Connections that are open at once. */
  maxConnections: number;
  /** Milliseconds until a new connection has sent the head of its first request. */
  headMs: number;
  /** Milliseconds that a connection may wait for its next request. */
  idleMs: number;
  /** Milliseconds for which a connection stays open whose request was refused with a body that may still be coming. */
  refusedMs: number;
  /** Milliseconds that a request may take, its body and its answer included. */
  requestMs: number;
}

export const DEFAULT_LIMITS: ConnectionLimits = {
  maxConnections: 2_500,
  headMs: 10_000,
  // Longer than the 60 s for which nginx keeps a connection, so that it is nginx that closes it.
  idleMs: 75_000,
  // Not at once: a client that is still sending when its connection is closed may lose the answer.
  refusedMs: 1_000,
  requestMs: 3_660_000,
};

/** A shorter body has been taken out of the socket with its head, or nearly so. */
const LONG_BODY_BYTES = 64 * 1024;

/** Connections whose refused bodies may still be coming: one more, and the oldest is closed before its deadline. */
const MAX_REFUSED = 32;

/** How often the deadlines are looked at. */
const SWEEP_MS = 1_000;

/** A server that is out of descriptors still serves so many. */
const MIN_CONNECTIONS = 16;

interface Connection {
  /** Ends it at once. */
  cancel: () => void;
  /** When it began to wait for a request. */
  since: number;
  isNew: boolean;
  /** Whether what is left of a refused request's body may still be coming. */
  isRefused: boolean;
  /** When each of its running requests began, oldest first. */
  requests: Set<{ since: number }>;
  /** Lets its requests end, and takes no more. */
  shutdown?: () => Promise<void>;
}

interface HttpServer {
  finished: Promise<void>;
  shutdown(): Promise<void>;
}

type Serve = (
  connection: Deno.TcpConn,
  signal: Pick<AbortSignal, "addEventListener">,
  handler: (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => HttpServer;

/** Deno gives it no public name; 2.1.4 and 2.9.6 have it. */
const serve: Serve | undefined = Reflect.get(Deno, Reflect.get(Deno, "internal"))?.serveHttpOnConnection;

/** Whether this Deno can be given a connection. */
export const canServeConnections = serve !== undefined;

/** The connections of one server. */
export interface Connections {
  /** Serves it. At the bound the one that has waited longest for a request gives way, else it is closed at once. */
  add(connection: Deno.TcpConn): Promise<void>;
  /** Frees descriptors when there are none left, and lowers the bound for good; the new one, or null. */
  shrink(): Promise<number | null>;
  /** Lets the running requests end. */
  close(): Promise<void>;
}

/**
 * Ends a server at once. What a listener of an AbortSignal throws cannot be caught and ends the process, and Deno's own
 * throws for a server that has just ended by itself.
 */
function createCancel() {
  const listeners: (() => void)[] = [];
  const signal = { addEventListener: (_type: string, listener: () => void) => void listeners.push(listener) };
  const cancel = () => {
    try {
      for (const listener of listeners) listener();
    } catch {
      // It has ended.
    }
  };
  return { signal: signal as Pick<AbortSignal, "addEventListener">, cancel };
}

export function createConnections(
  handler: (request: Request) => Promise<Response>,
  onError: (error: unknown) => Response,
  limits: ConnectionLimits,
): Connections {
  let { maxConnections } = limits;
  const finished = new Map<Connection, Promise<void>>();
  /** Those without a request; the one that has waited longest is first. */
  const waiting = new Set<Connection>();
  const refused = new Set<Connection>();

  function wait(connection: Connection) {
    connection.since = performance.now();
    waiting.add(connection);
    if (!connection.isRefused) return;
    refused.add(connection);
    if (refused.size > MAX_REFUSED) end(refused.values().next().value!);
  }

  /** It counts until its descriptor is free. */
  function end(connection: Connection): Promise<void> {
    waiting.delete(connection);
    refused.delete(connection);
    connection.cancel();
    return finished.get(connection)!;
  }

  function answer(connection: Connection, request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const running = { since: performance.now() };
    connection.isNew = connection.isRefused = false;
    connection.requests.add(running);
    waiting.delete(connection);
    const done = () => {
      connection.requests.delete(running);
      if (connection.requests.size === 0 && finished.has(connection)) wait(connection);
    };
    info.completed.then(done, done);
    return mayBeComing(request) ? refuse(connection, handler(request)) : handler(request);
  }

  /** Deno 2.9 reads on what comes after a refusal, up to its length and as fast as it can. */
  async function refuse(connection: Connection, answered: Promise<Response>): Promise<Response> {
    const response = await answered;
    if (response.status >= 400) {
      connection.isRefused = true;
      response.headers.set("connection", "close");
    }
    return response;
  }

  function sweep() {
    const now = performance.now();
    for (const connection of waiting) {
      const age = now - connection.since;
      if (age < Math.min(limits.headMs, limits.idleMs, limits.refusedMs)) break;
      const { isNew, isRefused } = connection;
      if (age >= (isNew ? limits.headMs : isRefused ? limits.refusedMs : limits.idleMs)) end(connection);
    }
    for (const connection of finished.keys()) {
      const [oldest] = connection.requests;
      if (oldest !== undefined && now - oldest.since >= limits.requestMs) end(connection);
    }
  }

  const sweeping = setInterval(sweep, Math.min(SWEEP_MS, limits.headMs, limits.refusedMs));
  Deno.unrefTimer(sweeping);

  /** Ends those that have waited longest. */
  async function evict(count: number): Promise<void> {
    const ended = [];
    for (const connection of waiting) {
      if (ended.length >= count) break;
      ended.push(end(connection));
    }
    await Promise.all(ended);
  }

  return {
    async add(tcp) {
      if (finished.size >= maxConnections) await evict(1);
      if (finished.size >= maxConnections) return close(tcp);
      const { signal, cancel } = createCancel();
      const connection: Connection = { cancel, since: 0, isNew: true, isRefused: false, requests: new Set() };
      let server: HttpServer;
      try {
        // As Deno.serve does: a token must not wait for the answer to the one before.
        tcp.setNoDelay();
        server = serve!(tcp, signal, (request, info) => answer(connection, request, info), onError, () => {});
      } catch {
        // Its client has gone already.
        return close(tcp);
      }
      connection.shutdown = server.shutdown;
      const gone = () => {
        waiting.delete(connection);
        refused.delete(connection);
        finished.delete(connection);
      };
      // It rejects for a request that is no HTTP.
      finished.set(connection, server.finished.then(gone, gone));
      wait(connection);
    },
    async shrink() {
      const lower = Math.max(MIN_CONNECTIONS, Math.floor(finished.size * 3 / 4));
      await evict(finished.size - lower);
      if (lower >= maxConnections) return null;
      return maxConnections = lower;
    },
    async close() {
      clearInterval(sweeping);
      for (const connection of waiting) end(connection);
      await Promise.all([...finished].flatMap(([connection, gone]) => [connection.shutdown?.(), gone]));
    },
  };
}

/** A long body, or one of unknown length. */
function mayBeComing({ headers }: Request): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length")) > LONG_BODY_BYTES;
}

function close(tcp: Deno.TcpConn) {
  try {
    tcp.close();
  } catch {
    // It has been closed already.
  }
}
