/** Hosts all functions in one process, as one worker. */

import { json } from "../supabase/functions/_shared/http/responses.ts";
import type { Environment } from "../supabase/functions/_shared/platform/configuration.ts";
import { createPlatform } from "../supabase/functions/_shared/platform/platform.ts";
import { createCancelHandler } from "../supabase/functions/cancel/handler.ts";
import { createHealthHandler } from "../supabase/functions/healthz/handler.ts";
import { createStreamDependencies } from "../supabase/functions/stream/dependencies.ts";
import { createStreamHandler } from "../supabase/functions/stream/handler.ts";

/** The functions of one worker. */
export interface Functions {
  /** Answers /functions/v1/<name>/… and /<name>/…. */
  fetch(request: Request): Promise<Response>;
  /** Stops what runs, stores what there is; settles when nothing is left to do. */
  close(): Promise<void>;
}

/** Throws a RangeError that names a variable that cannot be used. */
export function createFunctions(environment: Environment): Functions {
  const platform = createPlatform(environment);
  const dependencies = createStreamDependencies(platform);
  const handlers: Record<string, (request: Request) => Promise<Response>> = {
    stream: createStreamHandler(dependencies),
    cancel: createCancelHandler(dependencies),
    healthz: createHealthHandler(dependencies),
  };
  return {
    fetch(request) {
      const name =
        new URL(request.url).pathname.replace(/^\/functions\/v1(?=\/)/, "")
          .split("/")[1];
      const notFound = {
        error: {
          code: "not_found",
          message: "Cannot find a function of this name",
        },
      };
      return Object.hasOwn(handlers, name)
        ? handlers[name](request)
        : Promise.resolve(json(notFound, 404));
    },
    async close() {
      platform.shutdown.begin("close");
      await platform.keepAlive.settled();
    },
  };
}
