/** The FastAPI relay's paths: its clients need another base URL and nothing else. */

import { createEndpoint } from "../_relay/http/endpoint.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { parseFastapiRequest } from "../_relay/protocol/requests.ts";
import { createCancelHandler } from "../cancel/handler.ts";
import { createHealthHandler } from "../healthz/handler.ts";
import { createStreamHandler, type StreamDependencies } from "../stream/handler.ts";

/**
 * Below /streams: {stream_id}/cancel, and all paths of that relay: v1/stream, v1/streams/{stream_id}/cancel, healthz.
 * `healthz` is the handler of that function where one worker serves both, so that the database is asked once.
 */
export function createStreamsHandler(
  dependencies: StreamDependencies,
  healthz = createHealthHandler(dependencies),
): (request: Request) => Promise<Response> {
  const handlers = {
    stream: createStreamHandler(dependencies, parseFastapiRequest),
    cancel: createCancelHandler(dependencies),
    healthz,
    streams: createEndpoint(dependencies, "streams", ["GET", "POST"], () => {
      throw new RelayError("not_found", "Cannot find this path of the FastAPI relay");
    }),
  };
  return (request) => {
    // A request with an invalid Host header gets its refusal there.
    if (!URL.canParse(request.url)) return handlers.streams(request);
    const url = new URL(request.url);
    const { name, path } = find(url.pathname);
    url.pathname = path;
    return handlers[name](requestTo(url, request));
  };
}

/** The same request at another address, without its signal: Deno 2.9 would print a warning about an unused one. */
export function requestTo(url: URL, { method, headers, body }: Request): Request {
  return new Request(url, { method, headers, body });
}

function find(given: string): { name: "stream" | "cancel" | "healthz" | "streams"; path: string } {
  // A base URL may end with a slash, as may a path: that relay redirects to the one without.
  const pathname = given.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  const [, cancelled] = /\/streams\/([^/]+)\/cancel$/.exec(pathname) ?? [];
  if (cancelled !== undefined) return { name: "cancel", path: `/cancel/${cancelled}` };
  const [, streamed] = /\/streams\/v1\/stream(|\/.*)$/.exec(pathname) ?? [];
  if (streamed !== undefined) return { name: "stream", path: `/stream${streamed}` };
  if (pathname.endsWith("/streams/healthz")) return { name: "healthz", path: "/healthz" };
  return { name: "streams", path: pathname };
}
