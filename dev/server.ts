/** Listens on a port, and survives what strangers do to it. */

import { createLog, type Log } from "../supabase/functions/_relay/platform/log.ts";
import { errorResponse } from "../supabase/functions/_relay/http/responses.ts";
import { RelayError } from "../supabase/functions/_relay/protocol/errors.ts";
import { canServeConnections, type ConnectionLimits, createConnections, DEFAULT_LIMITS } from "./connections.ts";
import { atMost } from "./process.ts";

const SHUTDOWN_MS = 3000;

/** What a listener waits before it tries again: some descriptors may be free by then. */
const ACCEPT_PAUSE_MS = 100;

/** A listening server. */
export interface Server {
  url: string;
  /** Stops accepting and lets the running requests end, within a few seconds. */
  close(): Promise<void>;
}

/** Listens at once, or throws an error that names the port. */
export function listen(
  hostname: string,
  port: number,
  handler: (request: Request) => Promise<Response>,
  limits: Partial<ConnectionLimits> = {},
  log: Log = createLog(),
): Server {
  const onError = (cause: unknown) => {
    log("error", "request_failed", { cause });
    return errorResponse(new RelayError("internal", "The request failed"));
  };
  // A Deno of another version may not have it: then there is neither a bound nor a deadline.
  if (!canServeConnections) return listenWithoutLimits(hostname, port, handler, onError);
  const listener = bind(hostname, port);
  const connections = createConnections(handler, onError, { ...DEFAULT_LIMITS, ...limits });
  let closing = false;

  async function accept() {
    while (!closing) {
      try {
        await connections.add(await listener.accept());
      } catch (cause) {
        if (closing) return;
        const isOut = isOutOfDescriptors(cause);
        const limit = isOut ? await connections.shrink() : null;
        if (limit !== null) log("warn", "connections_limited", { connections: limit, cause });
        // What fails for one connection alone must not hold up the next.
        await new Promise((resolve) => setTimeout(resolve, isOut ? ACCEPT_PAUSE_MS : 0));
      }
    }
  }
  accept();

  return {
    url: urlOf(hostname, listener.addr.port),
    async close() {
      closing = true;
      listener.close();
      // A client that has stopped reading keeps its request open for ever.
      await atMost(SHUTDOWN_MS, connections.close());
    },
  };
}

function listenWithoutLimits(
  hostname: string,
  port: number,
  handler: (request: Request) => Promise<Response>,
  onError: (cause: unknown) => Response,
): Server {
  const server = Deno.serve({ hostname, port, onListen() {}, onError }, (request) => handler(request));
  return { url: urlOf(hostname, server.addr.port), close: () => atMost(SHUTDOWN_MS, server.shutdown()) };
}

function urlOf(hostname: string, port: number): string {
  // A wildcard address is no address to call.
  return `http://${hostname === "0.0.0.0" ? "127.0.0.1" : hostname}:${port}`;
}

/**
 * Refuses the names that another may have led here: a page of theirs, whose name they let resolve to this machine (DNS
 * rebinding), would count as a page of this server. An address leads nowhere else than to itself.
 */
export function onlyFor(
  hostname: string,
  handler: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  return (request) => {
    const found = URL.canParse(request.url) ? new URL(request.url).hostname : "";
    if (found === hostname || ADDRESS_OR_LOCALHOST.test(found)) return handler(request);
    return Promise.resolve(errorResponse(new RelayError("forbidden", FOREIGN_HOST)));
  };
}

const ADDRESS_OR_LOCALHOST = /^(\[[0-9a-f:.]+\]|\d+\.\d+\.\d+\.\d+|(.+\.)?localhost)$/;
const FOREIGN_HOST = "Cannot answer: the Host header has a name, not localhost or an address";

function bind(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "it is in use, choose another one by --port (deno task dev) or PORT (deno task serve)"
      : (error as Error).message;
    const message = `Cannot listen on port ${port} of ${hostname}: ${reason}`;
    throw new Error(message, { cause: error });
  }
}

/** The limit of the process, or of the machine. */
function isOutOfDescriptors(error: unknown): boolean {
  return ["EMFILE", "ENFILE"].includes((error as { code?: string }).code ?? "");
}
