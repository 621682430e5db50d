/** Wraps a handler, so that every answer of every function is alike in its headers, errors and log lines. */

import type { Platform } from "../platform/platform.ts";
import { RelayError, toRelayError } from "../protocol/errors.ts";
import { createCors } from "./cors.ts";
import type { Refusals } from "./refusals.ts";
import { errorResponse } from "./responses.ts";

/** What a handler knows about its request beside the request. */
export interface RequestContext {
  requestId: string;
  /** When the request came, by the platform's clock. */
  startedAt: number;
  /** The decoded segments of the path after the function's name. */
  rest: string[];
  /** Put on whatever answer leaves, an error's too. */
  headers: Headers;
}

/** Answers a request; what it throws becomes an error's answer. */
export type Handler = (request: Request, context: RequestContext) => Promise<Response> | Response;

/** Gives the function `name` its preflight, methods, errors, CORS and request ids; never rejects. */
export function createEndpoint(
  { platform, refusals }: { platform: Platform; refusals: Refusals },
  name: string,
  methods: string[],
  handler: Handler,
): (request: Request) => Promise<Response> {
  const { clock, log, configuration } = platform;
  const allowed = [...methods, "OPTIONS"];
  const cors = createCors(configuration.allowedOrigins, allowed);

  /** The path of a log line is the function's name alone: the rest holds ids, and a query may hold anything. */
  function report(error: RelayError, request: Request, context: RequestContext): void {
    const unexpected = error.code === "internal";
    refusals.count(error.code);
    const level = unexpected ? "error" : error.status >= 500 ? "warn" : "info";
    log(level, unexpected ? "request_failed" : "request_refused", {
      request_id: context.requestId,
      method: request.method,
      path: name,
      code: error.code,
      status: error.status,
      latency_ms: clock.now() - context.startedAt,
      cause: error.cause,
    });
  }

  async function answer(request: Request, context: RequestContext): Promise<Response> {
    if (request.method === "OPTIONS") {
      cors.preflight(context.headers);
      return new Response(null, { status: 204 });
    }
    if (!methods.includes(request.method)) {
      context.headers.set("allow", allowed.join(", "));
      throw new RelayError(
        "method_not_allowed",
        `Cannot answer: the method is ${request.method}, not one of ${allowed.join(", ")}`,
      );
    }
    context.rest.push(...segmentsAfter(name, request.url));
    return await handler(request, context);
  }

  return async (request) => {
    const context: RequestContext = {
      requestId: requestIdOf(request),
      startedAt: clock.now(),
      rest: [],
      headers: new Headers(),
    };
    const complete = (response: Response) => {
      for (const [key, value] of context.headers) {
        response.headers.set(key, value);
      }
      response.headers.set("x-request-id", context.requestId);
      cors.allow(response.headers, request.headers.get("origin"));
      return response;
    };
    try {
      return complete(await answer(request, context));
    } catch (thrown) {
      const error = toRelayError(thrown);
      report(error, request, context);
      return complete(errorResponse(error));
    }
  };
}

/** An id from outside goes into log lines and a header, so it must be short and plain. */
function requestIdOf(request: Request): string {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[A-Za-z0-9._:-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}

/**
 * The gateway takes `/functions/v1` away, a standalone host may not, and a proxy may add what it likes: what counts is
 * the first segment that is the name.
 */
function segmentsAfter(name: string, url: string): string[] {
  const segments = new URL(url).pathname.split("/");
  const index = segments.indexOf(name);
  if (index === -1) return [];
  return segments.slice(index + 1).filter((part) => part !== "").map(decode);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new RelayError(
      "invalid_request",
      "Cannot read the path: its percent encoding is not valid",
      { cause, issues: [{ path: "", message: "The path is not valid percent encoding" }] },
    );
  }
}
