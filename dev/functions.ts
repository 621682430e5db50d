/** Hosts all functions in one process, as one worker. */

import { createVerifier } from "../supabase/functions/_shared/auth/verify.ts";
import { createDatabase } from "../supabase/functions/_shared/database/database.ts";
import { createGenerations } from "../supabase/functions/_shared/generation/generations.ts";
import { json } from "../supabase/functions/_shared/http/responses.ts";
import type { Environment } from "../supabase/functions/_shared/platform/configuration.ts";
import { createPlatform } from "../supabase/functions/_shared/platform/platform.ts";
import { createAddressCheck } from "../supabase/functions/_shared/provider/address.ts";
import { createChatCompletions } from "../supabase/functions/_shared/provider/chat_completions.ts";
import { createCancelHandler } from "../supabase/functions/cancel/handler.ts";
import { createHealthHandler } from "../supabase/functions/healthz/handler.ts";
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
  const database = createDatabase(platform);
  const verify = createVerifier(platform);
  const provider = createChatCompletions(
    platform.clock,
    platform.configuration,
  );
  const generations = createGenerations(platform, database, provider);
  const checkAddress = createAddressCheck(platform.configuration);
  const handlers: Record<string, (request: Request) => Promise<Response>> = {
    stream: createStreamHandler({
      platform,
      verify,
      checkAddress,
      database,
      generations,
    }),
    cancel: createCancelHandler({ platform, verify, database }),
    healthz: createHealthHandler({ platform, database }),
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
