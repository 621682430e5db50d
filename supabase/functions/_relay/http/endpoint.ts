/** Wraps a handler, so that the answers of all functions agree in headers, errors and log lines. */

import type { Platform } from "../platform/platform.ts";
import { type ErrorCode, RelayError, toRelayError } from "../protocol/errors.ts";
import { MAX_REFUSAL_LINES, REFUSAL_FLUSH_MS } from "../protocol/limits.ts";
import { createCors } from "./cors.ts";
import type { Refusals } from "./refusals.ts";
import { errorResponse } from "./responses.ts";

/** A client may send a method of any letters, as long as a head may be. */
const MAX_METHOD_CHARACTERS = 20;

/** What a handler gets together with its request. */
export interface RequestContext {
  requestId: string;
  /** When the request came, by the platform's clock. */
  startedAt: number;
  /** The decoded segments of the path after the function's name. */
  rest: string[];
  /** Added to every answer, also to an error's. */
  headers: Headers;
}

/** Answers a request; what it throws becomes an error's answer. */
export type Handler = (request: Request, context: RequestContext) => Promise<Response> | Response;

/**
 * Gives the function `name` its preflight, methods, errors, CORS and request ids; never rejects. The handler of a GET
 * answers HEAD too; the body is left out here.
 */
export function createEndpoint(
  { platform, refusals }: { platform: Platform; refusals: Refusals },
  name: string,
  methods: string[],
  handler: Handler,
): (request: Request) => Promise<Response> {
  const { clock, configuration } = platform;
  const allowed = [...methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : method), "OPTIONS"];
  const cors = createCors(configuration.allowedOrigins, allowed);
  const report = createReport(platform, name);

  async function answer(request: Request, context: RequestContext): Promise<Response> {
    if (request.method === "OPTIONS") {
      cors.preflight(context.headers, request.headers.get("access-control-request-headers"));
      return new Response(null, { status: 204 });
    }
    if (!allowed.includes(request.method)) {
      context.headers.set("allow", allowed.join(", "));
      throw new RelayError(
        "method_not_allowed",
        `Cannot answer: the method is ${request.method.slice(0, MAX_METHOD_CHARACTERS)}, not one of ${
          allowed.join(", ")
        }`,
      );
    }
    context.rest.push(...segmentsAfter(name, request.url));
    return await handler(request, context);
  }

  function complete(answered: Response, request: Request, { headers, requestId }: RequestContext): Response {
    const response = request.method === "HEAD" ? new Response(null, answered) : answered;
    for (const [key, value] of headers) response.headers.set(key, value);
    response.headers.set("x-request-id", requestId);
    cors.allow(response.headers, request.headers.get("origin"));
    return response;
  }

  return async (request) => {
    const context = { requestId: requestIdOf(request), startedAt: clock.now(), rest: [], headers: new Headers() };
    try {
      return complete(await answer(request, context), request, context);
    } catch (thrown) {
      const error = toRelayError(thrown);
      refusals.count(error.code);
      report(error, request, context);
      return complete(errorResponse(error), request, context);
    }
  };
}

/**
 * Logs refusals. The path of a line is the function's name alone: the rest holds ids, and a query may hold anything.
 * Anyone can cause any number of refusals, so many lines of one code are left out, and the next line says how many.
 */
function createReport({ clock, log }: Platform, path: string) {
  const windows = new Map<ErrorCode, { since: number; lines: number; skipped: number }>();

  /** How many lines of the code were left out before this one; null: it is left out, too. */
  function skippedBefore(code: ErrorCode): number | null {
    const now = clock.now();
    const window = windows.get(code);
    if (window === undefined || now - window.since >= REFUSAL_FLUSH_MS) {
      windows.set(code, { since: now, lines: 1, skipped: 0 });
      return window?.skipped ?? 0;
    }
    if (window.lines++ < MAX_REFUSAL_LINES) return 0;
    window.skipped++;
    return null;
  }

  return ({ code, status, cause }: RelayError, { method }: Request, { requestId, startedAt }: RequestContext) => {
    const skipped = skippedBefore(code);
    if (skipped === null) return;
    const unexpected = code === "internal";
    const level = unexpected ? "error" : status >= 500 ? "warn" : "info";
    log(level, unexpected ? "request_failed" : "request_refused", {
      request_id: requestId,
      method: method.slice(0, MAX_METHOD_CHARACTERS),
      path,
      code,
      status,
      latency_ms: clock.now() - startedAt,
      skipped: skipped || undefined,
      cause,
    });
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
  if (!URL.canParse(url)) {
    throw new RelayError(
      "invalid_request",
      "Cannot answer: the Host header and the path make no address",
      { issues: [{ path: "", message: "The Host header and the path must make a URL" }] },
    );
  }
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
