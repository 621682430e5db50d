/** Listens on a port. */

import { atMost } from "./process.ts";

const SHUTDOWN_MS = 3000;

/** A listening server. */
export interface Server {
  url: string;
  /** Stops accepting and lets the running requests end, within a few seconds. */
  close(): Promise<void>;
}

/** Listens at once, or throws an error that names the port. */
export function listen(hostname: string, port: number, handler: (request: Request) => Promise<Response>): Server {
  const server = serve(hostname, port, handler);
  // A wildcard address is no address to call.
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
  return {
    url: `http://${host}:${server.addr.port}`,
    // A client that has stopped reading keeps its request open for ever.
    close: () => atMost(SHUTDOWN_MS, server.shutdown()),
  };
}

function serve(
  hostname: string,
  port: number,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen() {}, onError }, (request) => handler(request));
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "it is in use, choose another one"
      : (error as Error).message;
    const message = `Cannot listen on port ${port} of ${hostname}: ${reason}`;
    throw new Error(message, { cause: error });
  }
}

function onError(error: unknown): Response {
  console.error("A request failed:", error);
  const body = { error: { code: "internal", message: "The request failed" } };
  return Response.json(body, { status: 500 });
}
