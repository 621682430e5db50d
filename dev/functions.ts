/** Hosts all functions in one process, as one worker. */

import { errorResponse } from "../supabase/functions/_relay/http/responses.ts";
import type { Environment } from "../supabase/functions/_relay/platform/configuration.ts";
import type { Log } from "../supabase/functions/_relay/platform/log.ts";
import { createPlatform } from "../supabase/functions/_relay/platform/platform.ts";
import { RelayError } from "../supabase/functions/_relay/protocol/errors.ts";
import { createCancelHandler } from "../supabase/functions/cancel/handler.ts";
import { createHealthHandler } from "../supabase/functions/healthz/handler.ts";
import { createMetricsHandler } from "../supabase/functions/metrics/handler.ts";
import { createStreamDependencies } from "../supabase/functions/stream/dependencies.ts";
import { createStreamHandler } from "../supabase/functions/stream/handler.ts";
import { createStreamsHandler, requestTo } from "../supabase/functions/streams/handler.ts";

/** The functions of one worker. */
export interface Functions {
  /** The worker's log: it counts errors for /metrics. */
  log: Log;
  /** Answers /functions/v1/<name>/… and /<name>/…, and the paths of the FastAPI relay. */
  fetch(request: Request): Promise<Response>;
  /** Stops what runs, stores what there is; settles when nothing is left to do. */
  close(): Promise<void>;
}

/** Throws a RangeError that names a variable that cannot be used; `names` gives the names of all variables. */
export function createFunctions(environment: Environment, names?: () => string[]): Functions {
  const platform = createPlatform(environment, names);
  const dependencies = createStreamDependencies(platform);
  const healthz = createHealthHandler(dependencies);
  const handlers: Record<string, (request: Request) => Promise<Response>> = {
    stream: createStreamHandler(dependencies),
    streams: createStreamsHandler(dependencies, healthz),
    cancel: createCancelHandler(dependencies),
    healthz,
    metrics: createMetricsHandler(dependencies),
  };
  return {
    log: platform.log,
    fetch(request) {
      // Its address is made of the Host header, which may say anything: the function refuses it.
      if (!URL.canParse(request.url)) return handlers.streams(request);
      const { name, forwarded } = route(request);
      return Object.hasOwn(handlers, name) ? handlers[name](forwarded) : Promise.resolve(errorResponse(NOT_FOUND));
    },
    async close() {
      platform.shutdown.begin("close");
      await platform.keepAlive.settled();
    },
  };
}

const NOT_FOUND = new RelayError("not_found", "Cannot find a function of this name");

/** What the FastAPI relay served below /v1, the function `streams` serves. */
function route(request: Request): { name: string; forwarded: Request } {
  const url = new URL(request.url);
  const path = url.pathname.replace(/\/{2,}/g, "/").replace(/^\/functions\/v1(?=\/)/, "");
  // A function finds its name wherever it is mounted, and another request costs 15 KB.
  if (!path.startsWith("/v1/")) return { name: path.split("/")[1], forwarded: request };
  url.pathname = `/streams${path}`;
  return { name: "streams", forwarded: requestTo(url, request) };
}
